import Model

/// How well the clock is synchronised (adjtimex(2)), and what the time is.
struct ClockCollector: Collector {
    static let families: [MetricFamily] = [
        .gauge("clock_time_seconds", unit: "seconds", "Time of the sample, in seconds since 1970."),
        .gauge("clock_sync_status", "Whether the clock is synchronised with a reliable server: 1 or 0."),
        .gauge("clock_offset_seconds", unit: "seconds", "What the clock is still to be corrected by."),
        .gauge("clock_estimated_error_seconds", unit: "seconds", "Estimated error of the clock."),
        .gauge("clock_maximum_error_seconds", unit: "seconds", "Largest error that the clock can have."),
        .gauge("clock_frequency_adjustment_ratio", unit: "ratio", "What the clock's speed is multiplied with."),
        .gauge("clock_loop_time_constant", "Time constant of the clock's control loop."),
        .gauge("clock_tick_seconds", unit: "seconds", "Time that the clock takes a tick for."),
        .gauge("clock_status", "The clock's status bits (adjtimex(2))."),
        .gauge("clock_tai_offset_seconds", unit: "seconds", "International atomic time less this clock's."),
        .gauge("clock_pps_frequency_hertz", unit: "hertz", "Frequency of the pulse source against the clock."),
        .gauge("clock_pps_jitter_seconds", unit: "seconds", "Jitter of the pulse source."),
        .gauge("clock_pps_shift_seconds", unit: "seconds", "Length of a calibration by the pulse source."),
        .gauge("clock_pps_stability_hertz", unit: "hertz", "Wander of the pulse source's frequency."),
        .counter("clock_pps_jitter_total", "Pulses that came too early or too late."),
        .counter("clock_pps_calibration_total", "Calibrations by the pulse source."),
        .counter("clock_pps_error_total", "Calibrations that failed."),
        .counter("clock_pps_stability_exceeded_total", "Calibrations that were too unsteady."),
        .gauge(
            "clock_zone_offset_seconds", unit: "seconds", "Local time less UTC; the label is the zone's short name."),
        .gauge("clock_source_available_info", "Sources that the kernel can take time from; always 1."),
        .gauge("clock_source_current_info", "The source that the kernel takes time from; always 1."),
    ]

    private let sources: Attributes
    private let state: @Sendable () -> ClockState?
    private let zone: @Sendable (Timestamp) -> TimeZoneState

    init(_ surroundings: Surroundings) {
        sources = Attributes("\(surroundings.host.sysfs)/devices/system/clocksource/clocksource0")
        state = surroundings.calls.clockState
        zone = surroundings.calls.timeZone
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        scrape.emit("clock_time_seconds", scrape.time.seconds)
        if let state = state() { emit(state, into: &scrape) }
        let zone = zone(scrape.time)
        scrape.emit("clock_zone_offset_seconds", ["time_zone": zone.name], Double(zone.offsetSeconds))
        for source in (sources.text("available_clocksource") ?? "").split(separator: " ") {
            scrape.emit("clock_source_available_info", ["device": "0", "clocksource": String(source)], 1)
        }
        if let source = sources.text("current_clocksource") {
            scrape.emit("clock_source_current_info", ["device": "0", "clocksource": source], 1)
        }
    }

    /// Units as adjtimex(2) tells them: frequencies in parts per million and 16 fractional bits.
    private func emit(_ state: ClockState, into scrape: inout Scrape) {
        let fraction = state.countsNanoseconds ? 1e9 : 1e6
        let partsPerMillion = 1e6 * 65536
        scrape.emit("clock_sync_status", state.isSynchronised ? 1 : 0)
        scrape.emit("clock_offset_seconds", Double(state.offset) / fraction)
        scrape.emit("clock_estimated_error_seconds", Double(state.estimatedErrorMicroseconds) / 1e6)
        scrape.emit("clock_maximum_error_seconds", Double(state.maximumErrorMicroseconds) / 1e6)
        scrape.emit("clock_frequency_adjustment_ratio", 1 + Double(state.frequency) / partsPerMillion)
        scrape.emit("clock_loop_time_constant", Double(state.timeConstant))
        scrape.emit("clock_tick_seconds", Double(state.tickMicroseconds) / 1e6)
        scrape.emit("clock_status", Double(state.status))
        scrape.emit("clock_tai_offset_seconds", Double(state.taiOffsetSeconds))
        scrape.emit("clock_pps_frequency_hertz", Double(state.pulseFrequency) / partsPerMillion)
        scrape.emit("clock_pps_jitter_seconds", Double(state.pulseJitter) / fraction)
        scrape.emit("clock_pps_shift_seconds", Double(state.pulseShiftSeconds))
        scrape.emit("clock_pps_stability_hertz", Double(state.pulseStability) / partsPerMillion)
        scrape.emit("clock_pps_jitter_total", Double(state.pulseJitterCount))
        scrape.emit("clock_pps_calibration_total", Double(state.pulseCalibrationCount))
        scrape.emit("clock_pps_error_total", Double(state.pulseErrorCount))
        scrape.emit("clock_pps_stability_exceeded_total", Double(state.pulseUnstableCount))
    }
}
