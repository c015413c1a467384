import Model

/// Why a collector does not run.
package enum PauseReason: String, Hashable, Sendable {
    case configuration
    /// The agent's own limits.
    case limits
}

/// A collector in its place in the loop: when it is due, how it fares, which series it keeps alive.
///
/// Life: due at each multiple of its interval → runs → its series are live. A failure ends its series; three in a row
/// make it unhealthy, and it is then tried again after 2, 4, 8 … intervals (at most 5 minutes) until it succeeds.
/// A budgeted collector that took long rests until the pass is at most 1 % of the time; resting is not being due, so
/// its series stay.
struct CollectorSlot {
    let entry: CollectorEntry
    private(set) var intervalMilliseconds: Int64
    private var collector: any Collector
    /// What it was made from, of its own.
    private var options: SamplerOptions
    /// What it was before other options came, until its series of groups of their own have ended.
    private var replaced: (any Collector)?
    /// Why it does not run; nil where it does.
    private(set) var pause: PauseReason?
    /// What its passes took together.
    private(set) var spentNanoseconds: UInt64 = 0
    private var live = LiveSeries()
    private var health: CollectorHealth
    private var liveHealth = LiveSeries()
    private var lastDue: Timestamp?
    /// On the monotonic clock.
    private var restsUntil: UInt64 = 0
    /// Causes that were reported and are not over.
    private var reportedCauses: Set<CollectorError.Cause> = []
    /// When causes were reported last, on the monotonic clock: what comes and goes is not told each time.
    private var reportTimes: [CollectorError.Cause: UInt64] = [:]

    /// A cause that is over and comes back is told again after this time.
    static let reportPauseNanoseconds: UInt64 = 600_000_000_000

    /// Failures in a row after which a collector counts as unhealthy (product decision).
    static let failureCountMax = 3
    private static let backOffNanosecondsMax: UInt64 = 300_000_000_000
    /// A pass of a budgeted collector may take 1 % of one processor's time (half of the agent's outer bound).
    private static let restFactor: UInt64 = 99
    /// Below the 5 minutes of PromQL's lookback, so that a resting collector's series do not vanish.
    private static let restNanosecondsMax: UInt64 = 240_000_000_000

    init(_ entry: CollectorEntry, _ surroundings: Surroundings) {
        self.entry = entry
        intervalMilliseconds = CollectorSlot.interval(of: entry, surroundings)
        options = entry.ownOptions(surroundings.options)
        collector = CollectorSlot.make(entry, options, surroundings)
        health = CollectorHealth(collector: entry.name)
    }

    private static func make(
        _ entry: CollectorEntry, _ options: SamplerOptions, _ surroundings: Surroundings
    ) -> any Collector {
        entry.make(Surroundings(host: surroundings.host, options: options, calls: surroundings.calls))
    }

    private static func interval(of entry: CollectorEntry, _ surroundings: Surroundings) -> Int64 {
        max(surroundings.options.intervalMilliseconds[entry.name] ?? entry.intervalMilliseconds, 100)
    }

    /// Takes over other options. A collector of which none has changed goes on with what it kept from earlier passes.
    /// - Parameter isOff: whether the configuration switches it off.
    mutating func reconfigure(_ surroundings: Surroundings, isOff: Bool) {
        intervalMilliseconds = CollectorSlot.interval(of: entry, surroundings)
        if isOff {
            pause = .configuration
        } else if pause == .configuration {
            pause = nil
        }
        let own = entry.ownOptions(surroundings.options)
        if own == options { return }
        options = own
        if collector.adopt(own) { return }
        // One that has not run since has no series.
        if replaced == nil { replaced = collector }
        collector = CollectorSlot.make(entry, own, surroundings)
        restsUntil = 0
        reportedCauses = []
    }

    mutating func setSuspended(_ isSuspended: Bool) {
        switch pause {
        case nil: pause = isSuspended ? .limits : nil
        case .limits: pause = isSuspended ? .limits : nil
        case .configuration: break
        }
    }

    var isEnabled: Bool { pause == nil }

    var isHealthy: Bool { health.failuresInARow < CollectorSlot.failureCountMax }

    /// Whether a multiple of the interval lies after the last pass, up to `time`. After a clock that went back it is
    /// due at once.
    /// - Parameter throttle: how many times as long as that it waits.
    func isDue(at time: Timestamp, throttle: Int64) -> Bool {
        guard isEnabled, let lastDue else { return isEnabled }
        let length = intervalMilliseconds * throttle
        return time < lastDue || tickIndex(of: time, length) > tickIndex(of: lastDue, length)
    }

    private func tickIndex(of time: Timestamp, _ length: Int64) -> Int64 {
        let quotient = time.milliseconds / length
        return time.milliseconds % length < 0 ? quotient - 1 : quotient
    }

    /// Runs the collector, unless it rests, and appends its samples and those about itself.
    mutating func run(
        into scrape: inout Scrape, clock: @Sendable () -> UInt64, reports: inout [CollectorReport]
    ) {
        lastDue = scrape.time
        scrape.catalog.origin = entry.name
        replaced?.endForeign(into: &scrape)
        replaced = nil
        if scrape.monotonicNanoseconds >= restsUntil {
            let began = clock()
            let start = scrape.group.samples.count
            scrape.partialErrors.removeAll(keepingCapacity: true)
            scrape.lastingErrors.removeAll(keepingCapacity: true)
            do throws(CollectorError) {
                try collector.collect(into: &scrape)
                live.settle(&scrape.group, from: start)
                succeed(&scrape, &reports)
            } catch {
                scrape.group.samples.removeSubrange(start...)
                live.end(into: &scrape.group)
                collector.endForeign(into: &scrape)
                fail(error, at: scrape.monotonicNanoseconds, &reports)
            }
            report(&scrape, &reports)
            let took = clock() &- began
            spentNanoseconds &+= took
            // To the microsecond: what is below is noise that costs space.
            health.durationSeconds = Double(took / 1000) / 1e6
            rest(after: took, from: scrape.monotonicNanoseconds)
        }
        let start = scrape.group.samples.count
        health.emit(into: &scrape, isHealthy: isHealthy)
        liveHealth.settle(&scrape.group, from: start)
    }

    /// A look at a tick between those of the collector, where it takes such and does not rest. It changes nothing of
    /// its series or its health.
    mutating func runBetween(
        into scrape: inout Scrape, clock: @Sendable () -> UInt64, reports: inout [CollectorReport]
    ) {
        guard entry.looksBetween, isHealthy, scrape.monotonicNanoseconds >= restsUntil else { return }
        let began = clock()
        let start = scrape.group.samples.count
        do throws(CollectorError) {
            try collector.collectBetween(into: &scrape)
        } catch {
            count(error, at: scrape.monotonicNanoseconds, &reports)
        }
        assert(scrape.group.samples.count == start, "samples between two ticks")
        report(&scrape, &reports)
        let took = clock() &- began
        spentNanoseconds &+= took
        rest(after: took, from: scrape.monotonicNanoseconds)
    }

    /// Keeps a budgeted collector to its share of the time.
    private mutating func rest(after took: UInt64, from monotonicNanoseconds: UInt64) {
        guard entry.isBudgeted, isHealthy else { return }
        // The bound first, so that the product cannot overflow.
        let rest = min(took, CollectorSlot.restNanosecondsMax / CollectorSlot.restFactor) * CollectorSlot.restFactor
        if rest / 1_000_000 > UInt64(intervalMilliseconds) { restsUntil = monotonicNanoseconds &+ rest }
    }

    private func report(_ scrape: inout Scrape, _ reports: inout [CollectorReport]) {
        for remark in scrape.remarks {
            reports.append(CollectorReport(collector: entry.name, severity: .info, text: remark))
        }
        scrape.remarks.removeAll(keepingCapacity: true)
    }

    /// Moves over to another catalog.
    mutating func renew(_ renewal: inout CatalogRenewal) {
        live.renew(&renewal)
        liveHealth.renew(&renewal)
        replaced?.renew(&renewal)
        collector.renew(&renewal)
    }

    /// Ends all series of the collector, those about itself included.
    mutating func end(into scrape: inout Scrape) {
        live.end(into: &scrape.group)
        liveHealth.end(into: &scrape.group)
        replaced?.endForeign(into: &scrape)
        replaced = nil
        collector.endForeign(into: &scrape)
    }

    private mutating func succeed(_ scrape: inout Scrape, _ reports: inout [CollectorReport]) {
        health.lastSuccess = scrape.time
        if !isHealthy {
            reports.append(CollectorReport(collector: entry.name, severity: .info, text: "works again"))
        }
        health.failuresInARow = 0
        for error in scrape.partialErrors { count(error, at: scrape.monotonicNanoseconds, &reports) }
        // Causes that this pass did not meet are over and will be told again when they come back.
        if reportedCauses.count > scrape.partialErrors.count {
            reportedCauses.formIntersection((scrape.partialErrors + scrape.lastingErrors).map(\.cause))
        }
    }

    private mutating func fail(
        _ error: CollectorError, at monotonicNanoseconds: UInt64, _ reports: inout [CollectorReport]
    ) {
        count(error, at: monotonicNanoseconds, &reports)
        health.failuresInARow += 1
        let excess = health.failuresInARow - CollectorSlot.failureCountMax
        guard excess >= 0 else { return }
        let interval = UInt64(intervalMilliseconds) * 1_000_000
        // 2^8 intervals of 5 s are beyond the bound already.
        let wait = min(interval << UInt64(min(excess + 1, 8)), CollectorSlot.backOffNanosecondsMax)
        // A tenth of the interval less, so that the tick at which it is over does not just miss it.
        restsUntil = monotonicNanoseconds &+ wait &- interval / 10
        if excess == 0 {
            let text = "unhealthy after \(health.failuresInARow) failures: \(error)"
            reports.append(CollectorReport(collector: entry.name, severity: .error, text: text))
        }
    }

    private mutating func count(_ error: CollectorError, at now: UInt64, _ reports: inout [CollectorReport]) {
        health.count(error)
        guard reportedCauses.insert(error.cause).inserted else { return }
        reportTimes = reportTimes.filter { now &- $0.value < CollectorSlot.reportPauseNanoseconds }
        guard reportTimes[error.cause] == nil else { return }
        reportTimes[error.cause] = now
        let severity: CollectorReport.Severity
        switch error.reason {
        case .permission, .missing: severity = error.isAskedFor ? .error : .debug
        case .malformed, .timeout, .system: severity = .error
        }
        reports.append(CollectorReport(collector: entry.name, severity: severity, text: error.description))
    }
}
