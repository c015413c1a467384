import Model
import TSDB
import TestSupport
import Testing

@testable import Query

/// Every function from windows against the same one from the samples.
struct TierKernelTests {
    private struct Subject {
        var name: String
        var kernel: RangeKernel
        var tiers: TierAnswer

        init(_ name: String) throws {
            let function = try #require(FunctionRegistry.function(named: name))
            guard case .window(let kernel, let tiers, _) = function.kernel else {
                throw TestFailure(reason: "\(name) has no kernel over windows")
            }
            (self.name, self.kernel, self.tiers) = (name, kernel, tiers)
        }
    }

    private struct TestFailure: Error {
        var reason: String
    }

    /// One range: what windows answer and have to remark, and what the samples answer.
    private struct Comparison {
        var fromWindows: Double
        var fromSamples: Double
        var remarks: TierRemarks
        var isCut: Bool
        var hasWindows: Bool

        /// - Parameter seam: windows up to it, samples behind it.
        init(
            _ subject: Subject, _ samples: SampleColumn, _ tier: Tier, seam: Int64, end: Int64, range: Int64,
            parameter: Double
        ) throws {
            let grid = StepGrid(instant: end)
            let parameters = Parameters([[parameter]])
            var content = TierKernelTests.content(samples, tier, seam: seam)
            var windows = TierWindows(ends: grid, rangeMilliseconds: range, clock: grid)
            var joined = content.windows
            if seam != .max { joined.append(content.samples, after: seam, through: end) }
            windows.load(&joined)
            isCut = windows.isCut(0)
            hasWindows = windows.stepsWithWindows > 0
            remarks = TierRemarks()
            var row = [Double.absent]
            let model = Windows(ends: grid, rangeMilliseconds: range, clock: grid)
            try JoinedCall(model, subject.kernel, subject.tiers, parameters).fill(&row, 1, &content, &remarks)
            fromWindows = row[0]
            row = [.absent]
            var plain = model
            var copy = samples
            plain.load(&copy)
            try subject.kernel(&plain, parameters, &row)
            fromSamples = row[0]
        }

        var isSame: Bool { isSameAnswer(fromWindows, fromSamples) }

        func isNear(_ tolerance: Double, scale: Double) -> Bool {
            isSame || (fromWindows - fromSamples).magnitude <= tolerance * scale
        }
    }

    private static func content(_ samples: SampleColumn, _ tier: Tier, seam: Int64) -> SeriesContent {
        var content = SeriesContent()
        content.next = Rollup.windows(of: samples.through(seam), tier)
        content.windows.append(&content.next, tier)
        content.samples = samples.later(than: seam)
        content.seam = seam
        return content
    }

    /// Sum of all magnitudes: what a difference in the order of additions is measured against.
    private static func scale(_ samples: SampleColumn) -> Double {
        samples.values.reduce(1) { $1.isFinite ? $0 + $1.magnitude : $0 }
    }

    private static func hasOrderedFalls(_ samples: SampleColumn, _ tier: Tier) -> Bool {
        content(samples, tier, seam: .max).windows.hasOrderedFalls
    }

    private static func parameter(_ name: String, _ random: inout SeededGenerator) -> Double {
        if name == "predict_linear" { return 600 }
        return oneOf([0, 0.31, 0.5, 0.9, 1, 1.5, .nan], &random)
    }

    @Test(arguments: WindowReference.names)
    func alignedRangesAnswerAsSamplesDo(_ name: String) throws {
        let subject = try Subject(name)
        var answered = 0
        for seed in UInt64(0)..<25 {
            var random = SeededGenerator(seed: seed)
            for texture in RandomSeries.allCases {
                let tier = Bool.random(using: &random) ? Tier.minute : .hour
                let length = tier.windowMilliseconds
                let samples = texture.column(&random, window: length, windows: 40)
                // Windows everywhere, or samples behind a seam in the middle.
                let seam = Bool.random(using: &random) ? Int64.max : 20 * length
                for _ in 0..<12 {
                    let start = Int64.random(in: -2...19, using: &random) * length
                    var range = Int64.random(in: 1...25, using: &random) * length
                    // Behind the seam a range may end anywhere.
                    if start + range > seam { range -= Int64.random(in: 0..<length, using: &random) }
                    let found = try Comparison(
                        subject, samples, tier, seam: seam, end: start + range, range: range,
                        parameter: Self.parameter(name, &random))
                    answered += found.fromSamples.isPresent ? 1 : 0
                    let place = "\(name) of \(texture), seed \(seed), (\(start), \(start + range)], seam \(seam)"
                    check(subject, found, samples, tier, place)
                }
            }
        }
        #expect(answered > 500)
    }

    private func check(
        _ subject: Subject, _ found: Comparison, _ samples: SampleColumn, _ tier: Tier, _ place: String
    ) {
        let said: Comment = "\(place): \(found.fromWindows), not \(found.fromSamples)"
        let scale = Self.scale(samples)
        #expect(!found.isCut, "\(place) cuts a window")
        if !found.hasWindows { #expect(found.isSame && found.remarks.isEmpty, said) }
        switch subject.tiers.fidelity {
        case .exact:
            #expect(found.isSame && found.remarks.isEmpty, said)
        case .exactInOrder:
            let tolerance = Self.hasOrderedFalls(samples, tier) ? 1e-13 : 0
            #expect(found.isNear(tolerance, scale: scale) && found.remarks.isEmpty, said)
        case .rounded:
            // Infinities that cancel each other come in another order; sums of finite values do not.
            if found.fromSamples.isFinite { #expect(found.isNear(1e-14, scale: scale), said) }
            #expect(found.remarks.isEmpty || !found.fromSamples.isFinite, said)
        case .estimated:
            checkEstimate(subject, found, scale, said)
        }
    }

    /// An estimate keeps its word: within the bound if it names one, equal if it remarks nothing.
    private func checkEstimate(_ subject: Subject, _ found: Comparison, _ scale: Double, _ said: Comment) {
        let rounding = subject.name == "stdvar_over_time" ? 1e-12 * scale * scale : 1e-9 * scale
        if found.remarks.isEmpty {
            #expect(found.isSame || (found.fromWindows - found.fromSamples).magnitude <= rounding, said)
        } else if let bound = found.remarks.bound, bound.isFinite {
            #expect((found.fromWindows - found.fromSamples).magnitude <= bound + rounding, said)
        }
        #expect(found.fromSamples.isAbsent || found.fromWindows.isPresent, said)
    }

    @Test(arguments: WindowReference.names)
    func rangesThatCutWindowsSaySo(_ name: String) throws {
        let subject = try Subject(name)
        var remarked = 0
        for seed in UInt64(100)..<125 {
            var random = SeededGenerator(seed: seed)
            for texture in RandomSeries.allCases where texture != .special {
                let tier = Bool.random(using: &random) ? Tier.minute : .hour
                let length = tier.windowMilliseconds
                let samples = texture.column(&random, window: length, windows: 20)
                for _ in 0..<12 {
                    let end = Int64.random(in: 0...20 * length, using: &random)
                    let range = Int64.random(in: 1...3 * length, using: &random)
                    let found = try Comparison(
                        subject, samples, tier, seam: .max, end: end, range: range,
                        parameter: Self.parameter(name, &random))
                    remarked += found.remarks.isEmpty ? 0 : 1
                    let place = "\(name) of \(texture), seed \(seed), (\(end - range), \(end)]"
                    let said: Comment = "\(place): \(found.fromWindows), not \(found.fromSamples)"
                    if found.fromSamples.isPresent {
                        #expect(found.fromWindows.isPresent, said)
                        checkRemarks(subject, found, samples, tier, said)
                    } else if found.fromWindows.isPresent {
                        #expect(!found.remarks.isEmpty, said)
                    }
                }
            }
        }
        #expect(remarked > 50)
    }

    private func checkRemarks(
        _ subject: Subject, _ found: Comparison, _ samples: SampleColumn, _ tier: Tier, _ said: Comment
    ) {
        let scale = Self.scale(samples)
        if let bound = found.remarks.bound, bound.isFinite, !found.fromSamples.isNaN {
            let rounding = subject.name == "stdvar_over_time" ? 1e-12 * scale * scale : 1e-9 * scale
            #expect((found.fromWindows - found.fromSamples).magnitude <= bound + rounding, said)
        }
        guard found.remarks.isEmpty else { return }
        switch subject.tiers.fidelity {
        case .exact: #expect(found.isSame, said)
        case .exactInOrder, .rounded, .estimated:
            #expect(found.isNear(1e-9, scale: subject.name == "stdvar_over_time" ? scale * scale : scale), said)
        }
    }

    /// Steps one after the other are the ranges one by one.
    @Test(arguments: WindowReference.names)
    func slidingChangesNothing(_ name: String) throws {
        let subject = try Subject(name)
        for seed in UInt64(200)..<215 {
            var random = SeededGenerator(seed: seed)
            for texture in RandomSeries.allCases {
                let samples = texture.column(&random, window: 60_000, windows: 30)
                let grid = StepGrid(
                    start: Int64.random(in: -60_000...400_000, using: &random),
                    step: Int64.random(in: 1...150_000, using: &random), count: 14)
                let range = Int64.random(in: 1...500_000, using: &random)
                let seam = Int64.random(in: 0...1, using: &random) == 0 ? Int64.max : 900_000
                var content = Self.content(samples, .minute, seam: seam)
                let windowed = content.windowedSteps(grid, rangeMilliseconds: range)
                guard windowed > 0 else { continue }
                var row = [Double](repeating: .absent, count: grid.count)
                var remarks = TierRemarks()
                let model = Windows(ends: grid, rangeMilliseconds: range, clock: grid)
                try JoinedCall(
                    model, subject.kernel, subject.tiers, Parameters([[Double](repeating: 0.4, count: grid.count)])
                ).fill(&row, windowed, &content, &remarks)
                for step in 0..<grid.count {
                    let alone = try Comparison(
                        subject, samples, .minute, seam: seam, end: grid.time(step), range: range, parameter: 0.4)
                    let expected = step < windowed ? alone.fromWindows : alone.fromSamples
                    // Which zero comes first among equals is left to the sort.
                    #expect(
                        isSameAnswer(row[step], expected) || (row[step] == 0 && expected == 0),
                        "\(name) of \(texture), seed \(seed), step \(step): \(row[step]), not \(expected)")
                    #expect((grid.time(step) - range < seam) == (step < windowed))
                }
            }
        }
    }

    /// The comparison has to see a window that is wrong.
    @Test func canary() throws {
        let subject = try Subject("max_over_time")
        var random = SeededGenerator(seed: 5)
        var samples = RandomSeries.decimals.column(&random, window: 60_000, windows: 10)
        samples.values[samples.count / 2] = 1e6
        let right = try Comparison(
            subject, samples, .minute, seam: .max, end: 600_000, range: 600_000, parameter: 0)
        #expect(right.isSame && right.fromWindows == 1e6)
        let wrong = try Comparison(
            subject, samples, .minute, seam: 600_000, end: 300_000, range: 60_000, parameter: 0)
        #expect(wrong.fromWindows < 1e6)
        // A fall that is lost, or a sum in another order, is a difference in the last bits.
        #expect(!isSameAnswer(0.1 + (0.2 + 0.3), (0.1 + 0.2) + 0.3))
    }
}
