import CLanes
import Model
import TSDB
import TestSupport
import Testing

@testable import Query

/// Every kernel over windows against its plain form, to the bit, over random series and grids.
struct WindowKernelTests {
    /// What a random series is made of.
    enum Texture: CaseIterable {
        case counter, wholeGauge, decimals, huge, special, constant
    }

    @Test(arguments: WindowReference.names)
    func equalsReference(_ name: String) throws {
        let function = try #require(FunctionRegistry.function(named: name))
        guard case .window(let kernel, _, _) = function.kernel else {
            Issue.record("\(name) has no kernel over windows")
            return
        }
        for seed in UInt64(0)..<60 {
            var random = SeededGenerator(seed: seed)
            for texture in Texture.allCases {
                try check(name, kernel, texture, &random, seed)
            }
        }
    }

    private func check(
        _ name: String, _ kernel: RangeKernel, _ texture: Texture, _ random: inout SeededGenerator, _ seed: UInt64
    ) throws {
        let column = series(texture, &random)
        let range = Int64.random(in: 1...200_000, using: &random)
        let step = [0, 1000, 15_000, Int64.random(in: 1...90_000, using: &random)].randomElement(using: &random) ?? 0
        let ends = StepGrid(start: Int64.random(in: -50_000...100_000, using: &random), step: step, count: 45)
        let clock = StepGrid(start: ends.start + 7000, step: step, count: 45)
        let parameter = [0, 0.31, 0.5, 1, 1.5, -1, .nan].randomElement(using: &random) ?? 0
        var windows = Windows(ends: ends, rangeMilliseconds: range, clock: clock)
        // Processors without AVX2 find the same bits.
        if Bool.random(using: &random) { windows.instructions = mon_portable }
        var row = [Double](repeating: .absent, count: ends.count)
        if Bool.random(using: &random) {
            // Another series of the same times, of which something may be kept.
            var before = column
            before.values = before.values.map { $0.isNaN ? 1 : -$0 }
            windows.load(&before)
            try kernel(&windows, Parameters([[Double](repeating: 0.5, count: ends.count)]), &row)
            row.becomeAbsent(ends.count)
        }
        var samples = column
        windows.load(&samples)
        try kernel(&windows, Parameters([[Double](repeating: parameter, count: ends.count)]), &row)
        for index in 0..<ends.count {
            let end = ends.time(index)
            let points = zip(column.timestamps, column.values).filter {
                $0 > end - range && $0 <= end && !$1.isStaleMarker
            }
            let reference = WindowReference(
                points: points.map { (time: $0, value: $1) }, start: end - range, end: end, clock: clock.time(index),
                parameter: parameter)
            let expected = reference.value(of: name) ?? .absent
            let isSame =
                row[index].bitPattern == expected.bitPattern
                || (row[index].isNaN && expected.isNaN && row[index].isAbsent == expected.isAbsent)
            #expect(isSame, "\(name) of \(texture), seed \(seed), step \(index): \(row[index]), not \(expected)")
        }
    }

    private func series(_ texture: Texture, _ random: inout SeededGenerator) -> SampleColumn {
        var column = SampleColumn()
        var time = Int64.random(in: 0...20_000, using: &random)
        var counter = 0.0
        let constant = [0.0, -0.0, 0.1, 7, .infinity].randomElement(using: &random) ?? 0
        for _ in 0..<Int.random(in: 0...60, using: &random) {
            let value: Double
            switch texture {
            case .counter:
                counter += Double.random(in: 0...9, using: &random)
                if Int.random(in: 0..<8, using: &random) == 0 { counter = 0.3 }
                value = counter
            case .wholeGauge: value = Double(Int.random(in: -5...1000, using: &random))
            case .decimals: value = Double(Int.random(in: -900...900, using: &random)) / 100
            case .huge: value = Double.random(in: -1...1, using: &random) * Double.greatestFiniteMagnitude
            case .special:
                value = [.nan, .infinity, -.infinity, 0, 1, 2.5, .staleMarker].randomElement(using: &random) ?? 0
            case .constant: value = constant
            }
            column.append(time, value)
            time += Int64.random(in: 1...12_000, using: &random)
        }
        return column
    }
}
