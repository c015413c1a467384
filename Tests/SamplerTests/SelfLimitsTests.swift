import Testing

@testable import Sampler

@Suite struct SelfLimitsTests {
    private let costs: [(collector: String, nanoseconds: UInt64)] = [("cpu", 5), ("process", 900), ("services", 100)]

    private func limits(_ measure: LimitMeasure) -> SelfLimits {
        SelfLimits(SelfLimits.Bounds(cpuShare: 0.02, anonymousBytes: 1000, measure: measure))
    }

    private func usage(_ cpu: Double, recording: Double? = nil, _ bytes: Int = 100) -> SelfLimits.Usage {
        SelfLimits.Usage(cpuShare: cpu, recordingShare: recording ?? cpu, anonymousBytes: bytes)
    }

    @Test func loggingIsToldOnceUntilItIsOver() {
        var limits = limits(.log)
        #expect(limits.check(usage(0.01), costs: costs) == [])
        #expect(limits.check(usage(0.03), costs: costs) == [.exceeded(.cpu)])
        #expect(limits.check(usage(0.05), costs: costs) == [])
        #expect(limits.check(usage(0.05, 1001), costs: costs) == [.exceeded(.memory)])
        #expect(limits.check(usage(0.02, 1000), costs: costs) == [.kept(.cpu), .kept(.memory)])
        #expect(limits.check(usage(0.03), costs: costs) == [.exceeded(.cpu)])
        #expect(limits.figures.actions == [.log: 3])
        #expect(limits.figures.isExceeded == [.cpu: true, .memory: false])
    }

    @Test func throttlingIsTakenBackInSteps() {
        var limits = limits(.throttle)
        #expect(limits.check(usage(0.05), costs: costs) == [.exceeded(.cpu), .throttle(2)])
        #expect(limits.check(usage(0.03), costs: costs) == [.throttle(4)])
        // There is no more of it.
        #expect(limits.check(usage(0.03), costs: costs) == [])
        // At half the interval it would be over again: nothing is calm about that.
        #expect(limits.check(usage(0.015), costs: costs) == [.kept(.cpu)])
        for _ in 0..<10 { #expect(limits.check(usage(0.015), costs: costs) == []) }
        #expect(limits.check(usage(0.005), costs: costs) == [])
        #expect(limits.check(usage(0.005), costs: costs) == [])
        #expect(limits.check(usage(0.005), costs: costs) == [.throttle(2)])
        #expect(limits.check(usage(0.005), costs: costs) == [])
        #expect(limits.check(usage(0.005), costs: costs) == [])
        #expect(limits.check(usage(0.005), costs: costs) == [.throttle(1)])
        #expect(limits.figures.throttle == 1)
        #expect(limits.figures.actions == [.log: 1, .throttle: 2, .recover: 2])
    }

    @Test func queriesAreNoReasonToRecordLess() {
        for measure in [LimitMeasure.throttle, .disableCollectors] {
            var limits = limits(measure)
            #expect(limits.check(usage(0.5, recording: 0.001), costs: costs) == [.exceeded(.cpu)])
            #expect(limits.check(usage(0.5, recording: 0.001), costs: costs) == [])
        }
    }

    @Test func theCostliestCollectorRestsFirstAndComesBackLast() {
        var limits = limits(.disableCollectors)
        #expect(limits.check(usage(0.05), costs: costs) == [.exceeded(.cpu), .disable("process")])
        let rest = costs.filter { $0.collector != "process" }
        #expect(limits.check(usage(0.03), costs: rest) == [.disable("services")])
        #expect(limits.check(usage(0.01), costs: rest) == [.kept(.cpu)])
        #expect(limits.check(usage(0.01), costs: rest) == [])
        #expect(limits.check(usage(0.01), costs: rest) == [.enable("services")])
        for _ in 0..<2 { #expect(limits.check(usage(0.01), costs: rest) == []) }
        #expect(limits.check(usage(0.01), costs: rest) == [.enable("process")])
        // It was too early: the next time it waits twice as long.
        #expect(limits.check(usage(0.05), costs: costs) == [.exceeded(.cpu), .disable("process")])
        var checks = 0
        while !limits.check(usage(0.01), costs: rest).contains(.enable("process")) { checks += 1 }
        #expect(checks == 5)
    }

    /// What an action has done ends with it, also while the limit is exceeded.
    @Test func anotherActionTakesBackTheOneBefore() {
        var limits = limits(.disableCollectors)
        #expect(limits.check(usage(0.05), costs: costs) == [.exceeded(.cpu), .disable("process")])
        let rest = costs.filter { $0.collector != "process" }
        #expect(limits.check(usage(0.05), costs: rest) == [.disable("services")])
        limits.bounds.measure = .log
        #expect(limits.check(usage(0.05), costs: rest) == [.enable("services"), .enable("process")])
        #expect(limits.check(usage(0.05), costs: costs) == [])
        limits.bounds.measure = .throttle
        #expect(limits.check(usage(0.05), costs: costs) == [.throttle(2)])
        limits.bounds.measure = .disableCollectors
        #expect(limits.check(usage(0.05), costs: costs) == [.throttle(1), .disable("process")])
        #expect(limits.figures.throttle == 1)
    }

    @Test func memoryIsMetByRestingToo() {
        var limits = limits(.disableCollectors)
        #expect(limits.check(usage(0.001, 2000), costs: costs) == [.exceeded(.memory), .disable("process")])
        #expect(limits.check(usage(0.001, 2000), costs: []) == [])
    }

    @Test func itEndsAfterThreeChecksInARow() {
        var limits = limits(.stop)
        #expect(limits.check(usage(0.03), costs: costs) == [.exceeded(.cpu)])
        #expect(limits.check(usage(0.03), costs: costs) == [])
        #expect(limits.check(usage(0.01), costs: costs) == [.kept(.cpu)])
        #expect(limits.check(usage(0.03), costs: costs) == [.exceeded(.cpu)])
        #expect(limits.check(usage(0.03), costs: costs) == [])
        #expect(limits.check(usage(0.03, 3000), costs: costs) == [.exceeded(.memory), .stop(.memory)])
    }

    @Test func withoutBoundsNothingIsExceeded() {
        var limits = SelfLimits(SelfLimits.Bounds(cpuShare: nil, anonymousBytes: nil, measure: .stop))
        for _ in 0..<5 { #expect(limits.check(usage(9, 1 << 40), costs: costs) == []) }
    }

    /// However the load goes, nothing swings: between taking a measure back and needing it again lie more and more
    /// checks.
    @Test func aLoadAtTheEdgeDoesNotSwing() {
        var limits = limits(.disableCollectors)
        var enabled = 0
        for _ in 0..<600 {
            // Too much with the collector, calm without.
            let isResting =
                limits.figures.actions[.disableCollectors, default: 0]
                > limits.figures.actions[.recover, default: 0]
            let decisions = limits.check(usage(isResting ? 0.01 : 0.03), costs: costs)
            enabled += decisions.filter { if case .enable = $0 { true } else { false } }.count
        }
        #expect(enabled < 15)
    }
}
