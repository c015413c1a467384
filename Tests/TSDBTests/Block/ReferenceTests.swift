import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct ReferenceTests {
    /// A block of columns of equal ticks, ids from 0 on; `presence` replaces that of some.
    private func block(_ columns: [[Double]], presence: [Int: Presence] = [:]) -> [UInt8] {
        let ticks = columns.map(\.count).max() ?? 0
        var series: [BlockSeries] = []
        for (index, values) in columns.enumerated() {
            let full = Presence(runs: [Presence.Run(gap: 0, length: ticks)])
            series.append(
                BlockSeries(
                    id: UInt32(index), timeColumn: 0, presence: presence[index] ?? full, values: values))
        }
        var writer = BlockWriter()
        return writer.encode(times: [(0..<Int64(ticks)).map { $0 * 5000 }], interval: 5000, series: series)
    }

    /// The bytes of `columns` are the same after a way through a store.
    private func expectComesBack(_ columns: [[Double]], _ comment: Comment = "") throws {
        let holder = try BlockHolder()
        try holder.put(block(columns))
        let back = try holder.columns()
        for (index, values) in columns.enumerated() {
            #expect(sameBits(back[UInt32(index)]?.values ?? [], values), comment)
        }
    }

    private func noise(_ count: Int, seed: UInt64) -> [Double] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in Double(Int.random(in: 1...100_000, using: &random)) }
    }

    // MARK: - Bytes

    /// Fixed bytes, so that the format cannot change unnoticed.
    @Test func writesTheDrawnBytes() throws {
        func check(_ relation: ColumnRelation, _ bytes: [UInt8]) throws {
            var writer = ByteWriter()
            relation.encode(distance: 300, parameter: 1, into: &writer)
            #expect(writer.bytes == bytes)
            var reader = ByteReader(bytes)
            let (read, distance) = try ColumnRelation.decode(from: &reader, parameters: [7, 1 << 40])
            #expect(read == relation && distance == 300)
        }
        let (units, tenths) = (Scale.units, Scale(decimals: 1))
        func affine(_ scale: Scale, _ source: Scale, _ multiplier: Int64, _ divisor: Int64) -> ColumnRelation {
            .affine(scale: scale, sourceScale: source, first: 40, multiplier: multiplier, divisor: divisor)
        }
        try check(.same, [5, 0, 0xac, 2])
        try check(affine(tenths, tenths, 1, 1), [5, 1, 0xac, 2, 1, 80])
        try check(affine(units, units, -1, 1), [5, 2, 0xac, 2, 0, 80])
        try check(affine(tenths, units, -1, 1), [5, 3, 0xac, 2, 1, 0, 80, 1, 1])
        try check(affine(units, units, 3, 512), [5, 3, 0xac, 2, 0, 0, 80, 6, 0x80, 4])
        try check(.percent(of: 1 << 40, isMultipliedFirst: false), [5, 4, 0xac, 2, 1])
        try check(.percent(of: 1 << 40, isMultipliedFirst: true), [5, 5, 0xac, 2, 1])
    }

    @Test func refusesWhatIsNoReference() {
        func check(_ bytes: [UInt8], _ expected: CodecError) {
            var reader = ByteReader(bytes)
            #expect(throws: expected) { try ColumnRelation.decode(from: &reader, parameters: []) }
        }
        check([4, 0, 1], .malformed(position: 0, reason: "no reference"))
        check([5, 6, 1], .malformed(position: 1, reason: "unknown form 6 of a reference"))
        check([5, 0, 0], .malformed(position: 0, reason: "reference to itself"))
        check([5, 0, 1, 0], .malformed(position: 3, reason: "1 bytes too many"))
        check([5, 1, 1, 23, 0], .malformed(position: 3, reason: "unknown scale 23"))
        check([5, 3, 1, 0, 0, 0, 2, 0], .malformed(position: 8, reason: "divisor of a reference"))
        check([5, 4, 1, 0], .malformed(position: 3, reason: "parameter of a block without any"))
        check([5, 0], .cutShort(position: 2))
    }

    // MARK: - Relations

    /// What follows from another column takes a few bytes, and comes back.
    @Test func relationsOfHostMetricsAreFound() throws {
        let used = noise(300, seed: 1).map { $0 * 4096 }
        let total = 25_276_502_016.0
        let hasTotal = [Double](repeating: total, count: 300)
        func check(_ column: [Double], beside others: [[Double]] = [], bytes: Int = 12, _ what: Comment) throws {
            let columns = [used] + others + [column]
            let grown = block(columns).count - block(Array(columns.dropLast())).count
            #expect(grown <= bytes, what)
            try expectComesBack(columns, what)
        }
        try check(used, "same")
        try check(used.map { total - $0 }, bytes: 18, "negated and constant")
        try check(used.map { $0 + 8192 }, bytes: 18, "shifted")
        try check(used.map { $0 / 1024 }, bytes: 18, "in KiB")
        try check(used.map { $0 / 512 + 3 }, bytes: 18, "in sectors")
        try check(used.map { $0 / 4096 / 100 }, bytes: 18, "with decimals")
        try check(used.map { $0 / total * 100 }, bytes: 22, "percent")
        try check(used.map { $0 * 100 / total }, bytes: 22, "percent, multiplied first")
        try check(used.map { $0 / total * 100 }, beside: [hasTotal], bytes: 22, "percent of a series")
        // Percents that barely move, or not at all.
        let still = [Double](repeating: 1_003_520, count: 300)
        let percents = used.map { $0 / total * 100 }
        try check(still.map { $0 / total * 100 }, beside: [hasTotal, percents, still], bytes: 8, "constant percent")
        // Ended series.
        let ended = used.dropLast() + [.staleMarker]
        try expectComesBack([Array(ended), ended.map { $0.isNaN ? $0 : total - $0 }, ended.map { $0 / total * 100 }])
        let endedTotal = ended.map { $0.isStaleMarker ? $0 : total - $0 }
        let grown = block([Array(ended), endedTotal]).count - block([Array(ended)]).count
        #expect(grown <= 18)
    }

    /// A total that no whole number is, a percentage off by one bit: nothing refers, all comes back.
    @Test func nearMissesAreNoRelations() throws {
        let used = noise(64, seed: 2)
        let exact = used.map { $0 / 1e9 * 100 }
        for place in [0, 31, 63] {
            var column = exact
            column[place] = column[place].nextUp
            try expectComesBack([used, column])
            column = used
            column[place] += 1
            try expectComesBack([used, column])
            column = used.map { 1e9 - $0 }
            column[place] = -0.0
            try expectComesBack([used, column])
        }
        try expectComesBack([used, used.map { $0 / 1_234_567.891 * 100 }])
    }

    /// Columns of every shape, each followed by some that are made of it, with and without irregular values.
    @Test(arguments: 1...6 as ClosedRange<UInt64>) func derivedColumnsComeBack(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for count in [1, 2, 7, 40, 300] {
            var columns: [[Double]] = []
            for shape in ColumnShape.allCases {
                let base = shape.column(count: count, using: &random)
                columns.append(base)
                for _ in 0..<3 {
                    let number = Double(Int.random(in: 1...1 << 40, using: &random))
                    let small = Double(Int.random(in: -9...9, using: &random))
                    let source = columns.randomElement(using: &random) ?? base
                    let made: [Double] =
                        switch Int.random(in: 0...6, using: &random) {
                        case 0: source
                        case 1: source.map { number - $0 }
                        case 2: source.map { $0 * small + number }
                        case 3: source.map { $0 / 10 }
                        case 4: source.map { $0 / number * 100 }
                        case 5: source.map { $0 * 100 / number }
                        default: source.map { $0.isNaN ? $0 : -$0 }
                        }
                    columns.append(made)
                }
            }
            try expectComesBack(columns, "seed \(seed), \(count) samples")
        }
    }

    /// A reference that leads to another segment of the directory.
    @Test func referencesReachAcrossSegments() throws {
        let first = noise(40, seed: 11)
        var columns = [first]
        for index in 1..<2 * Block.segmentEntries { columns.append([Double](repeating: Double(index), count: 40)) }
        let alone = block(columns).count
        columns.append(first.map { 2e6 - $0 })
        #expect(block(columns).count < alone + Block.fenceBytes + 24)
        try expectComesBack(columns)
    }

    /// Invariant 2: the same values at other ticks are no reference.
    @Test func seriesOfOtherTicksDoNotRefer() throws {
        let values = noise(40, seed: 3)
        let late = Presence(runs: [Presence.Run(gap: 1, length: 40)])
        let early = Presence(runs: [Presence.Run(gap: 0, length: 40)])
        let full = noise(41, seed: 4)
        func bytes(_ presence: [Int: Presence]) -> Int { block([full, values, values], presence: presence).count }
        let alone = block([full, values], presence: [1: early]).count
        #expect(bytes([1: early, 2: early]) < alone + 12)
        #expect(bytes([1: early, 2: late]) > alone + 40)
        let holder = try BlockHolder()
        try holder.put(block([full, values, values], presence: [1: early, 2: late]))
        let back = try holder.columns()
        #expect(sameBits(back[1]?.values ?? [], values) && sameBits(back[2]?.values ?? [], values))
        #expect(back[1]?.timestamps.first == 0 && back[2]?.timestamps.first == 5000)
    }

    // MARK: - Hostile bytes

    /// Invariants 1 and 2, in bytes that break them: the last chunk is a reference of three bytes, whose distance is
    /// changed.
    @Test func readersRefuseReferencesThatLeadNowhere() throws {
        let values = noise(40, seed: 5)
        let gap = [1: Presence(runs: [Presence.Run(gap: 1, length: 39)])]
        let holder = try BlockHolder()
        func check(_ bytes: [UInt8], distance: UInt8, _ reason: String?) throws {
            #expect(bytes.suffix(3).dropLast() == [5, 0])
            try holder.put(bytes.dropLast() + [distance])
            guard let reason else { return #expect(sameBits(try holder.columns()[2]?.values ?? [], values)) }
            let error = #expect(throws: StoreError.self) { _ = try holder.columns() }
            #expect(error?.description.contains(reason) == true, "\(error as Any)")
        }
        let chained = block([values, values, values])
        try check(chained, distance: 2, nil)
        try check(chained, distance: 1, "reference that leads to no column")
        try check(chained, distance: 0, "reference to itself")
        try check(chained, distance: 3, "reference to before the first series")
        let others = block([values, noise(39, seed: 6), values], presence: gap)
        try check(others, distance: 2, nil)
        try check(others, distance: 1, "reference to a series of other times")
    }

    @Test func damagedBlocksThrowOrAnswer() throws {
        var random = SeededGenerator(seed: 7)
        let used = noise(34, seed: 8)
        let bytes = block([used, used.map { 1e6 - $0 }, used, used.map { $0 / 1e6 * 100 }])
        let holder = try BlockHolder()
        let key = Key.block(group: 1, tier: 0, start: 0, stripe: 0)
        try forEachDamage(of: bytes, garbage: 300, &random) { bytes in
            try holder.store.overwrite(key, payload: bytes)
            expectAnswerOrRefusal { _ = try holder.columns() }
        }
    }
}
