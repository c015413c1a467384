import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

/// A folder and its recorder's clock: what most tests of the store begin with.
struct WrittenStore: ~Copyable {
    let folder = TemporaryFolder()
    var recorder: Recorder
    var naive = NaiveStore()

    static let group = GroupDefinition(intervalMilliseconds: 5000)

    init() throws { recorder = try Recorder(path: folder.path, host: testHost) }

    var store: Store { recorder.store }

    mutating func append(
        _ time: Int64, _ samples: [(Labels, Double)], group: GroupDefinition = WrittenStore.group
    ) throws {
        var row = Scrape.Row(group: group, samples: [])
        for (labels, value) in samples {
            row.samples.append((recorder.reference(for: labels), value))
            naive.add(labels, time, value)
        }
        try recorder.append(Scrape(time: Timestamp(milliseconds: time), rows: [row]))
    }

    func expectEqualsModel(_ comment: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        expectSame(
            try answer(store.snapshot(), [], .all), naive.select([], .all), comment, sourceLocation: sourceLocation)
    }

    /// A small store with a record of every kind: sealed blocks of two groups and of frames, a merged registry and a
    /// tail, rows, a late batch, metadata and events.
    static func ofEveryKind() throws -> WrittenStore {
        var written = try WrittenStore()
        let labels = (0..<3).map { Labels(name: "m", ["i": "\($0)"]) }
        written.recorder.describe(MetricFamily(name: "m", kind: .gauge, unit: "bytes", help: "What m is."))
        let other = GroupDefinition(intervalMilliseconds: 10_000)
        try written.store.adopt(
            RetentionPolicy(
                keep: TierKeep(raw: 1000, minute: 2000, hour: 3000),
                exceptions: [RetentionPolicy.Exception(matchers: [Matcher("i", equals: "1")], keep: .standard)]))
        for tick in 1..<7 as Range<Int64> {
            try written.append(tick * 5000, labels.prefix(2).map { ($0, 0.5 * Double(tick * tick)) })
            try written.appendFrame(tick * 5000 + 1)
        }
        try written.append(10_000, [(labels[2], .nan)], group: other)
        try written.append(20_000, [(labels[2], 1e300)], group: other)
        try written.recorder.sealEverything()
        for tick in 7..<10 as Range<Int64> {
            try written.append(tick * 5000, labels.prefix(2).map { ($0, 0.5 * Double(tick)) })
        }
        try written.append(60_000, [(Labels(name: "n", ["i": "ü"]), 7)])
        try written.append(12_345, [(labels[0], 99), (labels[1], .staleMarker)])
        try written.appendFrame(60_001)
        try written.recorder.append(
            Scrape(
                time: Timestamp(milliseconds: 60_002),
                events: [Event(time: Timestamp(milliseconds: 60_002), kind: .mark, text: "deploy", labels: labels[0])]))
        return written
    }

    mutating func appendFrame(_ time: Int64) throws {
        let process = ProcessRecord(
            pid: 7, startTicks: 3, name: "sh", username: "root", cpuTicks: UInt64(time / 1000), cpuTicksSinceLast: 5,
            residentBytes: 4096, readBytes: nil, writeBytes: 0, threads: 1)
        let frame = ProcessFrame(
            time: Timestamp(milliseconds: time), elapsedMilliseconds: 5000, memoryTotalBytes: 1 << 30,
            ticksPerSecond: 100, processes: [process])
        try recorder.append(Scrape(time: frame.time, frame: frame))
    }
}

/// One record as it lies in the file.
struct StoredRecord {
    var key: [UInt8]
    var value: [UInt8]

    /// What stands before the checksum.
    var payload: [UInt8] { Array(value.dropLast(Checksum.byteCount)) }
}

extension Store {
    /// The environment that is open, for tests that write what no store would.
    var environment: Environment {
        _read {
            let open = try! opened()
            yield open.environment
        }
    }

    /// Removes what is older than one time, whatever its tier.
    func retain(_ keep: Int64, now: Timestamp, isDryRun: Bool = false) throws(StoreError) -> RetentionReport {
        try retain(RetentionPolicy(keep: TierKeep(all: keep)), now: now, isDryRun: isDryRun)
    }

    func records() throws -> [StoredRecord] {
        let snapshot = try snapshot()
        var records: [StoredRecord] = []
        try snapshot.transaction.scan(from: Key.superblock) { key, value throws(StoreError) in
            records.append(StoredRecord(key: key.array(), value: value.array()))
            return .next
        }
        return records
    }

    /// Writes a value as it is, whatever its checksum.
    func overwrite(_ key: [UInt8], value: [UInt8]) throws {
        try environment.write(wrap: { $0 }) { transaction throws(StorageError) in try transaction.put(key, value) }
    }

    /// Writes a payload with the checksum that it should have.
    func overwrite(_ key: [UInt8], payload: [UInt8]) throws {
        var value = payload
        Checksum.seal(&value, key: key)
        try overwrite(key, value: value)
    }

    func remove(_ key: [UInt8]) throws {
        _ = try environment.write(wrap: { $0 }) { transaction throws(StorageError) in try transaction.delete(key) }
    }
}

/// Calls `body` with `bytes` cut at each length, with each bit flipped, and with `garbage` random changes and strings.
func forEachDamage(
    of bytes: [UInt8], garbage: Int, _ random: inout SeededGenerator, _ body: ([UInt8]) throws -> Void
) rethrows {
    for count in 0..<bytes.count { try body(Array(bytes.prefix(count))) }
    for bit in 0..<bytes.count * 8 {
        var damaged = bytes
        damaged[bit / 8] ^= 1 << UInt8(bit % 8)
        try body(damaged)
    }
    for round in 0..<garbage {
        var damaged = bytes
        for _ in 0..<Int.random(in: 1...8, using: &random) where !damaged.isEmpty {
            let place = Int.random(in: damaged.indices, using: &random)
            // Long varints and zeros are what counts trip over.
            let choices = [0, 0x7f, 0x80, 0xff, UInt8.random(in: 0...255, using: &random)]
            damaged[place] = choices.randomElement(using: &random) ?? 0
        }
        try body(damaged)
        if round % 4 == 0 {
            let count = Int.random(in: 0...bytes.count, using: &random)
            try body((0..<count).map { _ in .random(in: 0...255, using: &random) })
        }
    }
}

/// Runs `body`, which may throw what decoders and stores throw and nothing else.
func expectAnswerOrRefusal(sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void) {
    do {
        try body()
    } catch {
        #expect(error is CodecError || error is StoreError, "\(error)", sourceLocation: sourceLocation)
    }
}
