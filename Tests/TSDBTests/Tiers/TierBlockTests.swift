import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct TierBlockTests {
    private struct Holder {
        let folder = TemporaryFolder()
        let store: Store
        let reference: TierReference

        init(_ layer: TierLayer = .minuteSlice, start: Int64 = 0) throws {
            store = try Store(at: folder.path, access: .write(testHost))
            reference = TierReference(group: 1, layer: layer, start: start)
        }

        func put(_ bytes: [UInt8]) throws {
            let (store, reference) = (store, reference)
            try store.environment.write(wrap: { StoreError($0) }) { transaction throws(StoreError) in
                try TierWrite(reference: reference, bytes: bytes).put(in: store, transaction)
            }
        }

        func series() throws -> [UInt32: WindowColumns] {
            let snapshot = try store.snapshot()
            var found: [UInt32: WindowColumns] = [:]
            for id in try snapshot.ids(in: reference) { found[id] = try snapshot.windows(of: id, in: reference) }
            return found
        }
    }

    private func block(_ layer: TierLayer, start: Int64, _ series: [UInt32: WindowColumns]) -> [UInt8] {
        var writer = TierBlockWriter(layer, start: start)
        for (id, windows) in series.sorted(by: { $0.key < $1.key }) { writer.add(id, windows) }
        return writer.finish()
    }

    /// The worked example of TierBlock.swift, byte for byte: a change here is another format.
    @Test func writesTheDrawnBytes() throws {
        let samples = (10...18).map { (time: Int64($0 - 9) * 20_000, value: Double($0)) }
        let windows = Rollup.windows(of: NaiveWindows.column(samples), .minute)
        let bytes = block(.minuteSlice, start: 0, [3: windows])
        #expect(bytes == TierBlockTests.golden)
        let holder = try Holder()
        try holder.put(TierBlockTests.golden)
        NaiveWindows.expectSame(
            try #require(try holder.series()[3]), NaiveWindows.windows(samples, .minute), "golden")
    }

    /// A block whose values are of a form that is no longer written.
    @Test func readsTheFirstForm() throws {
        let samples = (10...18).map { (time: Int64($0 - 9) * 20_000, value: Double($0)) }
        let holder = try Holder()
        // Integers of scale 1: last, first - last before, min, max, sum, corrections.
        let values: [UInt8] = [1, 0] + [17, 3, 5, 216, 24] + [1, 2, 2, 43] + [0, 0, 0, 0]
        try holder.put(TierBlockTests.head(groupByteCount: 54 / 2) + values)
        NaiveWindows.expectSame(
            try #require(try holder.series()[3]), NaiveWindows.windows(samples, .minute), "first form")
    }

    private static func head(groupByteCount: Int) -> [UInt8] {
        // Magic, version, tier; start, length of the span, series, bytes of shapes and directory.
        [0x4d, 0x54, 1, 1, 0, 0xa0, 0x38, 1, 1, 3]
            // One fence; no shared shape; id gap and bytes of the group.
            + [3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] + [0] + [0, 3, UInt8(groupByteCount * 2)]
            // A shape of its own: three windows one after the other, three samples each, 20 s in, none before the end.
            + [0, 10] + [3, 0, 3, 6, 3, 192, 184, 2, 0, 0]
    }

    /// Integers of scale 1, first by its distance: last, first - last before, shares of what is left of the sums.
    private static let golden: [UInt8] =
        head(groupByteCount: 27) + [3, 0, 1] + [17, 3, 5, 216, 24] + [1, 2, 2, 43]
        // A sample of three is left in each window: in 0...2, in the third of eighths; nothing behind.
        + [3, 3, 4]

    /// All kinds of series, lives of their own and shared ones, more than one segment of the directory.
    @Test(arguments: 1...6 as ClosedRange<UInt64>) func randomSeriesComeBack(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let layer = TierLayer.allCases[Int(seed) % 4]
        let start = ([0, -layer.spanSeconds, 20 * layer.spanSeconds] as [Int64])[Int(seed) % 3]
        let step = layer.tier.windowMilliseconds / 4
        var series: [UInt32: WindowColumns] = [:]
        for number in 0..<[3, 255, 256, 300, 40, 700][Int(seed) - 1] {
            let count = Int(layer.spanSeconds * 1000 / step) / (number % 5 + 1)
            let samples = NaiveWindows.samples(
                min(count, 400), from: start * 1000 + 1,
                step: number % 3 == 0 ? 1...step * 2 : step...step, awkward: number % 7 == 0, &random)
            let end = (start + layer.spanSeconds) * 1000
            let inside = samples.filter { $0.time <= end }
            series[UInt32(number * 3) + .random(in: 0...2, using: &random)] =
                Rollup.windows(of: NaiveWindows.column(inside), layer.tier)
        }
        let holder = try Holder(layer, start: start)
        try holder.put(block(layer, start: start, series))
        let back = try holder.series()
        #expect(back.count == series.count)
        for (id, windows) in series {
            let found = try #require(back[id])
            #expect(found.ends == windows.ends && found.counts == windows.counts, "seed \(seed), series \(id)")
            #expect(found.firstTimes == windows.firstTimes && found.lastTimes == windows.lastTimes, "seed \(seed)")
            #expect(found.isStale == windows.isStale && found.resetCounts == windows.resetCounts, "seed \(seed)")
            for column in [\WindowColumns.firsts, \.lasts, \.minima, \.maxima, \.sums, \.resetSums] {
                #expect(sameBits(found[keyPath: column], windows[keyPath: column]), "seed \(seed), series \(id)")
            }
        }
        let snapshot = try holder.store.snapshot()
        #expect(try snapshot.windows(of: 1_000_000, in: holder.reference) == nil)
    }

    /// Series that follow from one another take nearly nothing, and come back to the bit, resets and sums among it.
    @Test(arguments: 1...4 as ClosedRange<UInt64>) func seriesThatFollow(seed: UInt64) throws {
        let series = TierBlockTests.followers(seed)
        let bytes = block(.minuteBlock, start: 0, series)
        let alone = block(.minuteBlock, start: 0, [2: series[2] ?? WindowColumns()])
        #expect(bytes.count < alone.count * 3, "\(bytes.count) bytes beside \(alone.count), seed \(seed)")
        let holder = try Holder(.minuteBlock)
        try holder.put(bytes)
        let back = try holder.series()
        #expect(back.count == series.count)
        for (id, windows) in series {
            let found = try #require(back[id])
            #expect(found.resetCounts == windows.resetCounts, "seed \(seed), series \(id)")
            for column in [\WindowColumns.firsts, \.lasts, \.minima, \.maxima, \.sums, \.resetSums] {
                #expect(sameBits(found[keyPath: column], windows[keyPath: column]), "seed \(seed), series \(id)")
            }
        }
    }

    /// Total, used, the same again, free, kibibytes of free, and both kinds of percents.
    private static func followers(_ seed: UInt64) -> [UInt32: WindowColumns] {
        var random = SeededGenerator(seed: seed)
        let total = Double(25_276_502_016)
        var used = 1_000_000.0
        var samples = [[(time: Int64, value: Double)]](repeating: [], count: 7)
        for tick in 1...4000 as ClosedRange<Int64> {
            used += Double(Int.random(in: -400...420, using: &random))
            let bytes = used * 4096
            let values = [
                total, total, bytes, bytes, total - bytes, (total - bytes) / 1024, bytes / total * 100,
            ]
            for (place, value) in values.enumerated() { samples[place].append((tick * 20_000, value)) }
        }
        var series: [UInt32: WindowColumns] = [:]
        for (id, one) in samples.enumerated() {
            series[UInt32(id)] = Rollup.windows(of: NaiveWindows.column(one), .minute)
        }
        return series
    }

    @Test func hostileReferencesThrowOrAnswer() throws {
        var random = SeededGenerator(seed: 8)
        let holder = try Holder(.hourSlice)
        var series: [UInt32: WindowColumns] = [:]
        for (id, windows) in TierBlockTests.followers(5) {
            var hours = WindowColumns()
            Rollup.append(windows, .hour, to: &hours)
            series[id] = hours
        }
        let key = Key.tierBlock(holder.reference, stripe: 0)
        try forEachDamage(of: block(.hourSlice, start: 0, series), garbage: 500, &random) { bytes in
            try holder.store.overwrite(key, payload: bytes)
            expectAnswerOrRefusal { _ = try holder.series() }
        }
    }

    @Test func hostileBytesThrowOrAnswer() throws {
        var random = SeededGenerator(seed: 6)
        let holder = try Holder()
        var series: [UInt32: WindowColumns] = [:]
        for id in 0..<4 as Range<UInt32> {
            let samples = NaiveWindows.samples(40, from: 1, step: 20_000...20_000, awkward: id == 3, &random)
            series[id * 5] = Rollup.windows(of: NaiveWindows.column(samples), .minute)
        }
        let key = Key.tierBlock(holder.reference, stripe: 0)
        try forEachDamage(of: block(.minuteSlice, start: 0, series), garbage: 500, &random) { bytes in
            try holder.store.overwrite(key, payload: bytes)
            expectAnswerOrRefusal { _ = try holder.series() }
        }
    }

    /// A block that lies under another key than its own is refused.
    @Test func aBlockUnderAnotherKeyIsRefused() throws {
        let windows = Rollup.windows(of: NaiveWindows.column([(1000, 1)]), .minute)
        let bytes = block(.minuteSlice, start: 0, [1: windows])
        let others: [(TierLayer, Int64)] = [(.minuteBlock, 0), (.minuteSlice, 7200), (.hourSlice, 0)]
        for (layer, start) in others {
            let holder = try Holder(layer, start: start)
            try holder.put(bytes)
            #expect(throws: StoreError.self) { _ = try holder.series() }
        }
    }
}
