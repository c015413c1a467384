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

    private let state: @Sendable () -> ClockState?
    private let zone: @Sendable (Timestamp) -> TimeZoneState
    private var time = NamedSeries("clock_time_seconds")
    /// In the order of ``numbers(of:)``.
    private var series = families[1...17].map { NamedSeries($0.name) }
    private var zoneSeries: (name: String, series: NamedSeries)?
    private var available: ClockSources
    private var current: ClockSources

    init(_ surroundings: Surroundings) {
        state = surroundings.calls.clockState
        zone = surroundings.calls.timeZone
        available = ClockSources(surroundings.host, "available_clocksource", "clock_source_available_info")
        current = ClockSources(surroundings.host, "current_clocksource", "clock_source_current_info")
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        scrape.emit(&time, scrape.time.seconds)
        if let state = state() {
            let numbers = ClockCollector.numbers(of: state)
            for index in series.indices { scrape.emit(&series[index], numbers[index]) }
        }
        emit(zone(scrape.time), into: &scrape)
        available.emit(into: &scrape)
        current.emit(into: &scrape)
    }

    private mutating func emit(_ zone: TimeZoneState, into scrape: inout Scrape) {
        var known = zoneSeries ?? (zone.name, NamedSeries("clock_zone_offset_seconds", ["time_zone": zone.name]))
        if known.name != zone.name {
            known = (zone.name, NamedSeries("clock_zone_offset_seconds", ["time_zone": zone.name]))
        }
        scrape.emit(&known.series, Double(zone.offsetSeconds))
        zoneSeries = known
    }

    /// In the order of the families. Units as adjtimex(2) tells them: frequencies in parts per million and 16
    /// fractional bits.
    private static func numbers(of state: ClockState) -> InlineArray<17, Double> {
        let fraction = state.countsNanoseconds ? 1e9 : 1e6
        let partsPerMillion = 1e6 * 65536
        return [
            state.isSynchronised ? 1 : 0,
            Double(state.offset) / fraction,
            Double(state.estimatedErrorMicroseconds) / 1e6,
            Double(state.maximumErrorMicroseconds) / 1e6,
            1 + Double(state.frequency) / partsPerMillion,
            Double(state.timeConstant),
            Double(state.tickMicroseconds) / 1e6,
            Double(state.status),
            Double(state.taiOffsetSeconds),
            Double(state.pulseFrequency) / partsPerMillion,
            Double(state.pulseJitter) / fraction,
            Double(state.pulseShiftSeconds),
            Double(state.pulseStability) / partsPerMillion,
            Double(state.pulseJitterCount),
            Double(state.pulseCalibrationCount),
            Double(state.pulseErrorCount),
            Double(state.pulseUnstableCount),
        ]
    }
}

/// A file of the names of clock sources, with blanks between, and the series of them.
private struct ClockSources {
    private var file: KernelFile
    private let metric: String
    private var text: [UInt8] = []
    private var series: [NamedSeries] = []

    init(_ host: HostRoot, _ name: String, _ metric: String) {
        let folder = "\(host.sysfs)/devices/system/clocksource/clocksource0"
        file = KernelFile("\(folder)/\(name)", keepsOpen: host.isLive, endsAtShortRead: true, bytes: 512)
        self.metric = metric
    }

    mutating func emit(into scrape: inout Scrape) {
        // Whatever the refusal, it has not got them.
        guard (try? file.refreshIfPresent(at: scrape.monotonicNanoseconds)) == true else { return }
        var scanner = file.scanner
        let line = scanner.line()
        if !scanner.isEqual(line, text) {
            text = scanner.bytes(in: line)
            series = scanner.text(in: line).split { $0 == " " || $0 == "\t" }.map { source in
                NamedSeries(metric, ["device": "0", "clocksource": String(source)])
            }
        }
        for index in series.indices { scrape.emit(&series[index], 1.0) }
    }
}
