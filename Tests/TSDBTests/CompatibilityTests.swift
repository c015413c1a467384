import Glibc
import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

/// Store files of earlier formats keep opening and answer to the bit.
///
/// Each file holds the world below, sealed. `MON_WRITE_COMPATIBILITY=FILE` makes the file of the present format.
@Suite struct CompatibilityTests {
    private static let folder = SourceTree.root + "/Tests/TSDBTests/Compatibility/"

    @Test(arguments: [
        // Constants, integers, dictionaries and bit patterns; zero, packed, sparse and repeated residuals.
        "coders-1-to-4.mdb",
        // And Huffman codes, references, a table of parameters.
        "coders-1-to-5.mdb",
        // Registries of version 1; slices of windows of forms 1 and 2.
        "windows-1-to-2.mdb",
    ])
    func earlierStoreAnswers(name: String) throws {
        let folder = TemporaryFolder()
        try CompatibilityTests.check(CompatibilityTests.open(name, in: folder), name)
    }

    /// Windows of earlier forms are those of the samples, before and after they were folded anew.
    @Test func earlierWindowsAnswer() throws {
        let folder = TemporaryFolder()
        let store = try CompatibilityTests.open("windows-1-to-2.mdb", in: folder)
        try CompatibilityTests.checkWindows(store.snapshot(), isHour: false)
        // The next day's rows close the day.
        var recorder = try Recorder(path: folder.path, host: testHost)
        let series = recorder.reference(for: Labels(name: "m_later"))
        for hour in [26, 29] as [Int64] {
            let row = Scrape.Row(group: GroupDefinition(intervalMilliseconds: 5000), samples: [(series, 1)])
            try recorder.append(Scrape(time: Timestamp(milliseconds: hour * 3_600_000), rows: [row]))
        }
        try recorder.sealEverything()
        try CompatibilityTests.checkWindows(recorder.store.snapshot(), isHour: true)
    }

    private static func checkWindows(_ snapshot: Snapshot, isHour: Bool) throws {
        let selection = try snapshot.select([], in: TimeRange(minMilliseconds: -1000, maxMilliseconds: 86_400_000))
        #expect(selection.count >= names.count)
        for (index, labels) in selection.labels.enumerated() {
            guard let place = names.firstIndex(where: { Labels(name: $0) == labels }) else { continue }
            let samples = ticks().compactMap { tick in
                tick.values[place].map { (time: tick.time, value: $0) }
            }
            for tier in isHour ? [Tier.minute, .hour] : [.minute] {
                var found = WindowColumns()
                try selection.readWindows(
                    index, tier, after: Timestamp(milliseconds: -86_400_000),
                    through: Timestamp(milliseconds: 86_400_000), into: &found)
                NaiveWindows.expectSame(found, NaiveWindows.windows(samples, tier), "\(tier) of \(labels)")
            }
        }
    }

    static func open(_ name: String, in folder: TemporaryFolder) throws -> Store {
        try #require(mkdir(folder.path + "/tsdb", 0o700) == 0 && mkdir(folder.path + "/tsdb/1", 0o700) == 0)
        try copy(CompatibilityTests.folder + name, to: folder.path + "/tsdb/1/data.mdb")
        return try Store(at: folder.path, access: .write(testHost))
    }

    @Test func storeOfThePresentFormatAnswers() throws {
        let folder = TemporaryFolder()
        var recorder = try Recorder(path: folder.path, host: testHost)
        let references = CompatibilityTests.names.map { recorder.reference(for: Labels(name: $0)) }
        for (time, values) in CompatibilityTests.ticks() {
            var row = Scrape.Row(group: GroupDefinition(intervalMilliseconds: 5000), samples: [])
            for (place, value) in values.enumerated() {
                if let value { row.samples.append((references[place], value)) }
            }
            try recorder.append(Scrape(time: Timestamp(milliseconds: time), rows: [row]))
        }
        try recorder.sealEverything()
        try CompatibilityTests.check(recorder.store, "present")
        if let path = getenv("MON_WRITE_COMPATIBILITY") {
            try CompatibilityTests.copy(folder.path + "/tsdb/1/data.mdb", to: String(cString: path))
        }
    }

    private static func check(_ store: Store, _ name: String) throws {
        var expected: [Labels: [(Int64, UInt64)]] = [:]
        for (time, values) in ticks() {
            for (place, value) in values.enumerated() {
                if let value { expected[Labels(name: names[place]), default: []].append((time, value.bitPattern)) }
            }
        }
        let found = try answer(store.snapshot(), [], .all)
        #expect(found.map(\.0) == expected.keys.sorted())
        for (labels, points) in found {
            let wanted = expected[labels] ?? []
            let isSame = points.map(\.0) == wanted.map(\.0) && points.map(\.1) == wanted.map(\.1)
            #expect(isSame, "\(name): \(labels)")
        }
    }

    // MARK: - The world in the files

    private static let names = [
        "m_counter_total", "m_total_bytes", "m_used_bytes", "m_available_bytes", "m_usage_percent", "m_decimal",
        "m_special", "m_gappy", "m_zero",
    ]

    /// 2.5 hours: two blocks, of 360 and of 90 ticks.
    private static func ticks() -> [(time: Int64, values: [Double?])] {
        var state: UInt64 = 1
        func next() -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33)
        }
        let total = 25_276_502_016
        let special: [Double] = [.nan, .infinity, -.infinity, -0.0, .leastNonzeroMagnitude, 1e300, 0.1]
        var counter = 0
        var pages = 100_000
        return (0..<450).map { tick in
            counter += (next() & 63) * (next() & 63)
            pages += (next() & 63) * (next() & 1) - 16
            let decimal = Double(next() % 1000) / 10
            let used = pages * 4096
            let gappy = tick % 10 < 7 ? Double(tick * tick) / 4 : nil
            let values: [Double?] = [
                Double(counter), Double(total), Double(used), Double(total - used), Double(used) / Double(total) * 100,
                decimal, special[tick % 7], gappy, 0,
            ]
            return (Int64(tick * 20_000 + tick % 3), values)
        }
    }

    private static func copy(_ source: String, to target: String) throws {
        let input = Glibc.open(source, O_RDONLY)
        try #require(input >= 0, "cannot read \(source)")
        defer { close(input) }
        let output = Glibc.open(target, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        try #require(output >= 0, "cannot write \(target)")
        defer { close(output) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(input, $0.baseAddress, $0.count) }
            if count <= 0 { break }
            try #require(buffer.withUnsafeBytes { write(output, $0.baseAddress, count) } == count)
        }
    }
}
