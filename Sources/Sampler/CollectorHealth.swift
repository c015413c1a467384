import Model

/// What the agent tells of one collector: the series `agent_collector_*`.
///
/// They are appended at each tick at which the collector is due, also while it rests, so that they never look ended.
struct CollectorHealth {
    var failuresInARow = 0
    var lastSuccess: Timestamp?
    /// Of the latest pass.
    var durationSeconds: Double?
    private var status: NamedSeries
    private var lastSuccessSeries: NamedSeries
    private var duration: NamedSeries
    /// One a reason, all from the first tick on: a counter that appears with its first error has no increase.
    private var errors: [(reason: CollectorError.Reason, count: UInt64, series: NamedSeries)]

    init(collector: String) {
        status = NamedSeries("agent_collector_status", ["collector": collector])
        lastSuccessSeries = NamedSeries("agent_collector_last_success_timestamp", ["collector": collector])
        duration = NamedSeries("agent_collector_duration_seconds", ["collector": collector])
        errors = CollectorError.Reason.allCases.map { reason in
            let labels: KeyValuePairs = ["collector": collector, "reason": reason.rawValue]
            return (reason, 0, NamedSeries("agent_collector_errors_total", labels))
        }
    }

    mutating func count(_ error: CollectorError) {
        for index in errors.indices where errors[index].reason == error.reason { errors[index].count += 1 }
    }

    mutating func emit(into scrape: inout Scrape, isHealthy: Bool) {
        scrape.emit(&status, isHealthy ? 1.0 : 0.0)
        if let lastSuccess { scrape.emit(&lastSuccessSeries, lastSuccess.seconds) }
        if let durationSeconds { scrape.emit(&duration, durationSeconds) }
        for index in errors.indices {
            scrape.emit(&errors[index].series, Double(errors[index].count))
        }
    }
}

extension CollectorSlot {
    /// The families of the series about collectors.
    static let families: [MetricFamily] = [
        MetricFamily(
            name: "agent_collector_status", kind: .gauge,
            help: "Whether the collector works: 0 after three failures in a row, else 1."),
        MetricFamily(
            name: "agent_collector_last_success_timestamp", kind: .gauge,
            help: "When the collector last succeeded, in seconds since 1970."),
        MetricFamily(
            name: "agent_collector_duration_seconds", kind: .gauge, unit: "seconds",
            help: "How long the collector's latest pass took."),
        MetricFamily(
            name: "agent_collector_errors_total", kind: .counter,
            help: "Failures of the collector or of a part of it, by reason."),
    ]
}
