import Sampler

/// Checks what the agent uses against its limits, and does what ``SelfLimits`` decides.
struct LimitWatch {
    private var limits: SelfLimits
    private var intervalNanoseconds: UInt64
    private let log: Log
    private var last: Reading?

    private struct Reading {
        var monotonicNanoseconds: UInt64
        var processNanoseconds: UInt64
        var threadNanoseconds: UInt64
        var costs: [String: UInt64]
    }

    init(_ options: DaemonOptions) {
        limits = SelfLimits(options.limits)
        intervalNanoseconds = UInt64(options.limitCheckMilliseconds) * 1_000_000
        log = options.log
    }

    /// Takes over other limits; what rests because of the old ones goes on resting until the new ones are kept or,
    /// where they have another action, to the next check.
    mutating func adopt(_ options: DaemonOptions) {
        limits.bounds = options.limits
        intervalNanoseconds = UInt64(options.limitCheckMilliseconds) * 1_000_000
    }

    var figures: LimitFigures { limits.figures }

    /// Checks where it is time to, and has the loop do what follows.
    /// - Returns: whether the agent is to end.
    mutating func check(_ loop: inout SamplingLoop, at monotonicNanoseconds: UInt64) -> Bool {
        guard let last else {
            self.last = reading(of: loop, at: monotonicNanoseconds)
            return false
        }
        let elapsed = monotonicNanoseconds - last.monotonicNanoseconds
        // A tick that comes a little early is the one that is meant.
        guard elapsed >= intervalNanoseconds - intervalNanoseconds / 50 else { return false }
        let now = reading(of: loop, at: monotonicNanoseconds)
        self.last = now
        guard let anonymous = ProcessMemory.anonymousBytes() else { return false }
        let usage = SelfLimits.Usage(
            cpuShare: Double(now.processNanoseconds - last.processNanoseconds) / Double(elapsed),
            recordingShare: Double(now.threadNanoseconds - last.threadNanoseconds) / Double(elapsed),
            anonymousBytes: anonymous)
        let costs = now.costs.sorted { $0.key < $1.key }.map { name, spent in
            (collector: name, nanoseconds: spent - min(spent, last.costs[name] ?? spent))
        }
        var isEnding = false
        for decision in limits.check(usage, costs: costs) {
            tell(decision, usage)
            switch decision {
            case .exceeded, .kept: break
            case .throttle(let factor): loop.throttle = factor
            case .disable(let collector): loop.setSuspended(collector, true)
            case .enable(let collector): loop.setSuspended(collector, false)
            case .stop: isEnding = true
            }
        }
        return isEnding
    }

    private func reading(of loop: borrowing SamplingLoop, at monotonicNanoseconds: UInt64) -> Reading {
        Reading(
            monotonicNanoseconds: monotonicNanoseconds,
            processNanoseconds: ClockReading.processCPUNanoseconds(),
            threadNanoseconds: ClockReading.threadCPUNanoseconds(),
            costs: Dictionary(loop.costs.map { ($0.collector, $0.nanoseconds) }, uniquingKeysWith: { $1 }))
    }

    private func tell(_ decision: SelfLimits.Decision, _ usage: SelfLimits.Usage) {
        switch decision {
        case .exceeded(let resource):
            log.warning(
                "the agent uses more than its limit",
                [
                    "resource": resource.rawValue, "used": used(resource, usage), "limit": limit(resource),
                    "recording": LimitWatch.percent(usage.recordingShare), "action": limits.bounds.measure.rawValue,
                ])
        case .kept(let resource):
            log.info(
                "the agent is within its limit again",
                ["resource": resource.rawValue, "used": used(resource, usage), "limit": limit(resource)])
        case .throttle(let factor):
            log.warning("intervals are changed because of the limits", ["factor": "\(factor)"])
        case .disable(let collector):
            log.warning("a collector rests because of the limits", ["collector": collector])
        case .enable(let collector): log.info("a collector goes on", ["collector": collector])
        case .stop(let resource):
            log.error(
                "the agent ends because of the limits",
                ["resource": resource.rawValue, "used": used(resource, usage), "limit": limit(resource)])
        }
    }

    private func used(_ resource: LimitedResource, _ usage: SelfLimits.Usage) -> String {
        switch resource {
        case .cpu: LimitWatch.percent(usage.cpuShare)
        case .memory: LimitWatch.mebibytes(usage.anonymousBytes)
        }
    }

    private func limit(_ resource: LimitedResource) -> String {
        switch resource {
        case .cpu: limits.bounds.cpuShare.map(LimitWatch.percent) ?? "none"
        case .memory: limits.bounds.anonymousBytes.map(LimitWatch.mebibytes) ?? "none"
        }
    }

    /// Of one core, with two decimals.
    private static func percent(_ share: Double) -> String {
        let hundredths = Int((share * 10_000).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)%"
    }

    private static func mebibytes(_ bytes: Int) -> String {
        let tenths = (bytes * 10 + (1 << 19)) >> 20
        return "\(tenths / 10).\(tenths % 10)MiB"
    }
}
