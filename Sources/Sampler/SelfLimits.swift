/// What the agent may use of the host, and what it does about using more.
///
/// Life: ``check(_:costs:)`` once a minute with what was used since; the caller does what it decides. A limit that is
/// kept for a while, with room to spare, has the latest measure taken back; one that is exceeded soon after that waits
/// twice as long before it is tried again, so that nothing swings.
///
/// Only what recording uses is met by recording less: where queries are what costs, that is told and nothing is done.
package struct SelfLimits: Sendable {
    /// What the agent may use, and what happens where it uses more.
    package struct Bounds: Hashable, Sendable {
        /// Share of one core, 0.02 for 2 %; nil for no bound.
        package var cpuShare: Double?
        /// Bytes of memory of its own (RssAnon); pages of the store's file are not the agent's. Nil for no bound.
        package var anonymousBytes: Int?
        package var measure: LimitMeasure

        package init(cpuShare: Double?, anonymousBytes: Int?, measure: LimitMeasure) {
            self.cpuShare = cpuShare
            self.anonymousBytes = anonymousBytes
            self.measure = measure
        }
    }

    /// What was used since the last check.
    package struct Usage: Hashable, Sendable {
        /// Of the whole process, as a share of one core.
        package var cpuShare: Double
        /// Of the thread that records, queries and requests left out.
        package var recordingShare: Double
        package var anonymousBytes: Int

        package init(cpuShare: Double, recordingShare: Double, anonymousBytes: Int) {
            self.cpuShare = cpuShare
            self.recordingShare = recordingShare
            self.anonymousBytes = anonymousBytes
        }
    }

    /// What the caller is to tell and to do.
    package enum Decision: Hashable, Sendable {
        /// A resource is over its limit now and was not at the last check.
        case exceeded(LimitedResource)
        /// A resource is within its limit again.
        case kept(LimitedResource)
        case throttle(Int64)
        case disable(String)
        case enable(String)
        case stop(LimitedResource)
    }

    package var bounds: Bounds
    package private(set) var figures = LimitFigures()
    /// Those that rest, the latest last.
    private var disabled: [String] = []
    private var exceededChecks = 0
    private var calmChecks = 0
    private var calmChecksNeeded = SelfLimits.calmChecksMin
    private var checksSinceRecovery = Int.max

    /// Of a limit: what is below it is calm.
    private static let calmShare = 0.7
    private static let calmChecksMin = 3
    private static let calmChecksMax = 60
    /// Exceeding it once may be a query.
    private static let checksBeforeStop = 3
    /// Four times 5 s still is three samples in the minute over which people take rates.
    private static let throttleMax: Int64 = 4

    package init(_ bounds: Bounds) { self.bounds = bounds }

    /// - Parameter costs: what each running collector has used since the last check, in nanoseconds.
    package mutating func check(_ usage: Usage, costs: [(collector: String, nanoseconds: UInt64)]) -> [Decision] {
        var decisions: [Decision] = []
        for resource in LimitedResource.allCases {
            let isExceeded = share(of: resource, usage) > 1
            if isExceeded, figures.isExceeded[resource] != true {
                decisions.append(.exceeded(resource))
                count(.log)
            } else if !isExceeded, figures.isExceeded[resource] == true {
                decisions.append(.kept(resource))
            }
            figures.isExceeded[resource] = isExceeded
        }
        takeBackOthers(&decisions)
        checksSinceRecovery = checksSinceRecovery == .max ? .max : checksSinceRecovery + 1
        if figures.isExceeded.values.contains(true) {
            calmChecks = 0
            exceededChecks += 1
            act(usage, costs, &decisions)
        } else {
            exceededChecks = 0
            recover(usage, &decisions)
        }
        return decisions
    }

    /// How much of its limit a resource takes.
    private func share(of resource: LimitedResource, _ usage: Usage) -> Double {
        switch resource {
        case .cpu: bounds.cpuShare.map { usage.cpuShare / $0 } ?? 0
        case .memory: bounds.anonymousBytes.map { Double(usage.anonymousBytes) / Double($0) } ?? 0
        }
    }

    private mutating func act(
        _ usage: Usage, _ costs: [(collector: String, nanoseconds: UInt64)], _ decisions: inout [Decision]
    ) {
        let isRecording = bounds.cpuShare.map { usage.recordingShare > $0 } ?? false
        let isMemory = figures.isExceeded[.memory] == true
        switch bounds.measure {
        case .log: break
        case .throttle:
            guard isRecording, figures.throttle < SelfLimits.throttleMax else { return }
            relapse()
            figures.throttle *= 2
            decisions.append(.throttle(figures.throttle))
            count(.throttle)
        case .disableCollectors:
            guard isRecording || isMemory else { return }
            guard let costliest = costs.max(by: { $0.nanoseconds < $1.nanoseconds }) else { return }
            relapse()
            disabled.append(costliest.collector)
            decisions.append(.disable(costliest.collector))
            count(.disableCollectors)
        case .stop:
            guard exceededChecks >= SelfLimits.checksBeforeStop else { return }
            decisions.append(.stop(isMemory ? .memory : .cpu))
            count(.stop)
        }
    }

    /// A measure that the configuration does not name any more is taken back, whatever is used.
    private mutating func takeBackOthers(_ decisions: inout [Decision]) {
        if bounds.measure != .disableCollectors {
            while let last = disabled.popLast() {
                decisions.append(.enable(last))
                count(.recover)
            }
        }
        if bounds.measure != .throttle, figures.throttle > 1 {
            figures.throttle = 1
            decisions.append(.throttle(1))
            count(.recover)
        }
    }

    /// What was taken back too early is tried later the next time.
    private mutating func relapse() {
        guard checksSinceRecovery <= calmChecksNeeded else { return }
        calmChecksNeeded = min(calmChecksNeeded * 2, SelfLimits.calmChecksMax)
        checksSinceRecovery = .max
    }

    private mutating func recover(_ usage: Usage, _ decisions: inout [Decision]) {
        guard figures.throttle > 1 || !disabled.isEmpty else {
            // Well for as long as the longest wait: what was learnt is out of date.
            if checksSinceRecovery > SelfLimits.calmChecksMax { calmChecksNeeded = SelfLimits.calmChecksMin }
            return
        }
        // A throttled agent uses less because it is throttled: taken back where half the interval would do.
        let growth = figures.throttle > 1 ? 2.0 : 1.0
        let cpu = bounds.cpuShare.map { usage.recordingShare * growth / $0 } ?? 0
        guard max(cpu, share(of: .memory, usage)) <= SelfLimits.calmShare else {
            calmChecks = 0
            return
        }
        calmChecks += 1
        guard calmChecks >= calmChecksNeeded else { return }
        calmChecks = 0
        checksSinceRecovery = 0
        count(.recover)
        if let last = disabled.popLast() {
            decisions.append(.enable(last))
        } else {
            figures.throttle /= 2
            decisions.append(.throttle(figures.throttle))
        }
    }

    private mutating func count(_ action: LimitAction) { figures.actions[action, default: 0] += 1 }
}

/// What is limited.
package enum LimitedResource: String, Hashable, Sendable, CaseIterable {
    case cpu, memory
}

/// What is done where a limit is exceeded.
package enum LimitMeasure: String, Hashable, Sendable, CaseIterable {
    /// Nothing but a line.
    case log
    /// Longer intervals, twice and then four times as long.
    case throttle
    /// The costliest collector rests, at each check one more.
    case disableCollectors = "disable_collectors"
    /// The agent ends, after three checks in a row.
    case stop
}

/// What is counted of it.
package enum LimitAction: String, Hashable, Sendable, CaseIterable {
    case log, throttle
    case disableCollectors = "disable_collectors"
    case stop, recover
}
