import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct RegistryTests {
    /// Puts a registry's bytes into a store and reads it there.
    private struct Holder {
        let folder = TemporaryFolder()
        let store: Store

        init() throws { store = try Store(at: folder.path, access: .write(testHost)) }

        func put(_ bytes: [UInt8]) throws {
            try store.environment.write(wrap: { $0 }) { transaction throws(StorageError) in
                _ = try transaction.deleteRange(from: [1]) { $0.isKey(.registry) }
                _ = try Stripes.write(
                    bytes, stripeBytes: store.superblock.stripeBytes,
                    key: { Key.registry(span: .day, start: 0, stripe: $0) }, in: transaction)
            }
        }

        func putTail(_ number: UInt16, firstID: Int, _ series: ArraySlice<Labels>) throws {
            try store.overwrite(
                Key.registry(span: .day, start: 0, stripe: Key.firstTailStripe + number),
                payload: RegistryWriter.encodeTail(firstID: firstID, series))
        }

        func read<Value>(_ body: (inout RegistryReader, Snapshot) throws -> Value) throws -> Value {
            let snapshot = try store.snapshot()
            var reader = try RegistryReader(
                start: 0, stripeBytes: store.superblock.stripeBytes, in: snapshot.transaction)
            return try body(&reader, snapshot)
        }
    }

    /// The first version, which is no longer written: the same two series.
    @Test func readsTheFirstVersion() throws {
        let header: [UInt8] = [0x4d, 0x52, 1, 0, 2, 3, 30, 4, 6]
        let fences: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        // __name__, shares 0, "up", two series, two bytes of postings: the run 0...1.
        let name: [UInt8] = [9] + Array("__name__".utf8) + [0, 2, 0x75, 0x70, 2, 2]
        let job: [UInt8] = [4, 0x6a, 0x6f, 0x62, 0, 1, 0x61, 1, 1] + [0, 1, 1, 0x62, 1, 1]
        let postings: [UInt8] = [1, 0, 0, 2]
        let entries: [UInt8] = [2, 0, 1, 2, 0, 2]
        let holder = try Holder()
        try holder.put(header + fences + name + job + postings + entries)
        let all = try holder.read { try $0.allLabels(in: $1.transaction) }
        #expect(all == [Labels(name: "up", ["job": "a"]), Labels(name: "up", ["job": "ab"])])
        let both = try holder.read { try $0.ids(matching: [Matcher("__name__", equals: "up")], in: $1.transaction) }
        #expect(both == [0, 1])
        let second = try holder.read { try $0.ids(matching: [Matcher("job", equals: "ab")], in: $1.transaction) }
        #expect(second == [1])
    }

    /// The exact bytes of a registry of two series and of a tail: a change here is another format.
    @Test func writesTheDrawnBytes() {
        let series = [Labels(name: "up", ["job": "a"]), Labels(name: "up", ["job": "ab"])]
        let header: [UInt8] = [0x4d, 0x52, 2, 0, 2, 3, 29, 0, 6]
        let fences: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        // A name follows, "up", two series one behind the other, the first of them 0.
        let name: [UInt8] = [1, 8] + Array("__name__".utf8) + [2, 0x75, 0x70, 5, 0]
        // One series each, the second's id one higher; one byte shared.
        let job: [UInt8] = [1, 3, 0x6a, 0x6f, 0x62, 1, 0x61, 3, 0] + [2, 1, 0x62, 3, 2]
        // Two labels of ranks 0 and 1; then only the second one is another, one higher.
        let entries: [UInt8] = [0, 2, 0, 1, 2, 2]
        let expected = header + fences + name + job + entries
        #expect(RegistryWriter.encode(series) == expected)
        #expect(
            RegistryWriter.encodeTail(firstID: 5, series[1...])
                == [1, 5, 1, UInt8(series[1].bytes.count)] + series[1].bytes)
    }

    private func randomSeries(_ count: Int, _ random: inout SeededGenerator) -> [Labels] {
        // Prefixes of each other, several alphabets, control characters and quotes, in names and values.
        let names = ["a", "ab", "abc", "ü", "üb", "日本", "a\u{1}", "a\u{2}", "\u{1F600}", "b", "le", "x"]
        let values = ["1", "10", "100", "1\u{1}", "\u{1}w", "w", "ü", "üü", "日", "日本", "\"", "\\", "\n", "z"]
        var seen: Set<Labels> = []
        var series: [Labels] = []
        while series.count < count {
            var labels: [Label] = []
            if Int.random(in: 0..<10, using: &random) != 0 {
                labels.append(Label("__name__", "m\(Int.random(in: 0..<20, using: &random))"))
            }
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let value =
                    Bool.random(using: &random)
                    ? values.randomElement(using: &random) ?? "" : "\(Int.random(in: 0..<200, using: &random))"
                labels.append(Label(names.randomElement(using: &random) ?? "", value))
            }
            let one = Labels(labels)
            // No labels at all stand for a series that was deleted.
            if !one.isEmpty, seen.insert(one).inserted { series.append(one) }
        }
        return series
    }

    private func randomMatchers(_ series: [Labels], _ random: inout SeededGenerator) throws -> [Matcher] {
        let patterns = [".*", ".+", "", "1.*", "m[0-9]", "ü+", "(10|100|w)", "|z", "日.", "(?s).*w", "nothing"]
        return try (0..<Int.random(in: 1...3, using: &random)).map { _ in
            let some = series.randomElement(using: &random).flatMap { Array($0).randomElement(using: &random) }
            let label = some ?? Label("a", "1")
            let name = Int.random(in: 0..<12, using: &random) == 0 ? "absent" : label.name
            let value = Int.random(in: 0..<8, using: &random) == 0 ? "" : label.value
            switch Int.random(in: 0..<4, using: &random) {
            case 0: return Matcher(name, equals: value)
            case 1: return try Matcher(name, .notEqual, value)
            case 2: return try Matcher(name, .matches, patterns.randomElement(using: &random) ?? "")
            default: return try Matcher(name, .doesNotMatch, patterns.randomElement(using: &random) ?? "")
            }
        }
    }

    private func check(
        _ holder: Holder, _ series: [Labels], _ random: inout SeededGenerator, _ comment: String
    ) throws {
        try holder.read { reader, snapshot in
            #expect(reader.count == series.count, "\(comment)")
            #expect(try reader.allLabels(in: snapshot.transaction) == series, "\(comment)")
            #expect(try reader.ids(matching: [], in: snapshot.transaction) == Array(0..<UInt32(series.count)))
            for _ in 0..<40 {
                let matchers = try randomMatchers(series, &random)
                let wanted = series.indices.filter { id in matchers.allSatisfy { $0.matches(series[id]) } }
                #expect(
                    try reader.ids(matching: matchers, in: snapshot.transaction) == wanted.map(UInt32.init),
                    "\(comment) \(matchers)")
            }
            let labels = series.flatMap { Array($0) }
            let names = try reader.labelNames(in: snapshot.transaction)
            #expect(names == Set(labels.map { Array($0.name.utf8) }), "\(comment)")
            for name in ["a", "ab", "__name__", "absent"] {
                let values = try reader.labelValues(of: name, in: snapshot.transaction)
                #expect(values == Set(labels.filter { $0.name == name }.map { Array($0.value.utf8) }), "\(comment)")
            }
        }
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>) func agreesWithANaiveFilter(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let series = randomSeries(700, &random)
        let holder = try Holder()
        // All in tails, then part of it merged, then all.
        var first = 0
        var number: UInt16 = 0
        while first < series.count {
            let end = min(series.count, first + Int.random(in: 1...150, using: &random))
            try holder.putTail(number, firstID: first, series[first..<end])
            (first, number) = (end, number + 1)
        }
        try check(holder, series, &random, "seed \(seed), tails")
        try holder.put(RegistryWriter.encode(Array(series[..<500])))
        try holder.putTail(0, firstID: 500, series[500...])
        try check(holder, series, &random, "seed \(seed), half merged")
        try holder.put(RegistryWriter.encode(series))
        try check(holder, series, &random, "seed \(seed), merged")
    }

    /// Many series in one store, selected through the store itself, before and after the merge at a seal.
    @Test func aStoreFindsItsSeriesBeforeAndAfterTheMerge() throws {
        var random = SeededGenerator(seed: 9)
        let series = randomSeries(2000, &random)
        var written = try WrittenStore()
        try written.append(0, series.prefix(1200).map { ($0, 1) })
        try written.append(5000, series.map { ($0, 2) })
        let matchers = try (0..<15).map { _ in try randomMatchers(series, &random) }
        for isSealed in [false, true] {
            if isSealed { try written.recorder.sealEverything() }
            let snapshot = try written.store.snapshot()
            for some in matchers {
                let wanted = series.filter { one in some.allSatisfy { $0.matches(one) } }.sorted()
                #expect(try snapshot.select(some, in: .all).labels == wanted, "\(some), sealed: \(isSealed)")
            }
        }
    }

    /// 31 to 33, 63 to 65 entries: around the ends of pages, of pairs as of series.
    @Test(arguments: [0, 1, 31, 32, 33, 63, 64, 65, 96]) func pagesEndWhereTheyShould(count: Int) throws {
        var random = SeededGenerator(seed: UInt64(count))
        let holder = try Holder()
        let onePairEach = (0..<count).map { Labels([Label("k", "v\($0)")]) }
        try holder.put(RegistryWriter.encode(onePairEach))
        try check(holder, onePairEach, &random, "\(count) pairs of one name")
        let otherNames = (0..<count).map { Labels([Label("n\($0)", "v")]) }
        try holder.put(RegistryWriter.encode(otherNames))
        try check(holder, otherNames, &random, "\(count) names")
    }

    /// The bytes of one pair's name and value, run together, are those of the other.
    @Test func pairsThatLookAlikeAreKeptApart() throws {
        let series = [Labels([Label("a", "\u{1}w")]), Labels([Label("a\u{2}", "w")])]
        let holder = try Holder()
        try holder.put(RegistryWriter.encode(series))
        let back = try holder.read { try $0.allLabels(in: $1.transaction) }
        #expect(back == series)
    }

    @Test func hostileBytesThrowOrAnswer() throws {
        var random = SeededGenerator(seed: 5)
        let holder = try Holder()
        let series = (0..<5).map { Labels(name: "m\($0 % 2)", ["i": "\($0)"]) }
        let matchers = [try Matcher("i", .notEqual, "3"), try Matcher("__name__", .matches, "m.")]
        let key = Key.registry(span: .day, start: 0, stripe: 0)
        try forEachDamage(of: RegistryWriter.encode(series), garbage: 300, &random) { bytes in
            try holder.store.overwrite(key, payload: bytes)
            expectAnswerOrRefusal {
                try holder.read { reader, snapshot in
                    _ = try reader.ids(matching: [], in: snapshot.transaction)
                    _ = try reader.ids(matching: matchers, in: snapshot.transaction)
                    _ = try reader.labelNames(in: snapshot.transaction)
                    _ = try reader.allLabels(in: snapshot.transaction)
                }
            }
        }
    }

    /// Counts that no bytes stand behind are refused before memory is taken for them.
    @Test func absurdCountsAreRefused() throws {
        let holder = try Holder()
        for (series, pairs, bytes) in [(1 << 32 - 1, 0, 0), (1 << 31, 0, 1 << 31), (0, 1 << 31, 1 << 32 - 1)] {
            var writer = ByteWriter(RegistryWriter.magic + [1, 0])
            for count in [series, pairs, bytes, 0, bytes] { writer.varint(count) }
            try holder.put(writer.bytes + [UInt8](repeating: 0, count: 100))
            let error = #expect(throws: StoreError.self) {
                let count = try holder.read { (reader: inout RegistryReader, _: Snapshot) throws in reader.count }
                _ = count
            }
            #expect(error != nil)
        }
    }

    /// A run of postings as long as numbers go, behind a first id, so that their sum is none.
    @Test func aRunOfAbsurdLengthIsRefused() throws {
        var postings = ByteWriter([0, 1])
        postings.varint(Int.max - 2)
        var pairs = ByteWriter([2, UInt8(ascii: "a"), 0, 1, UInt8(ascii: "v"), 2])
        pairs.varint(postings.count)
        let series: [UInt8] = [1, 0, 1, 0]
        var writer = ByteWriter(RegistryWriter.magic + [1, 0])
        for count in [2, 1, pairs.count, postings.count, series.count] { writer.varint(count) }
        writer.append([UInt8](repeating: 0, count: 12) + pairs.bytes + postings.bytes + series)
        let holder = try Holder()
        try holder.put(writer.bytes)
        let error = #expect(throws: StoreError.self) {
            _ = try holder.read { try $0.ids(matching: [Matcher("a", equals: "v")], in: $1.transaction) }
        }
        #expect(error?.description.contains("postings") == true)
    }
}
