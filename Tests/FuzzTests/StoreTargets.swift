import Glibc
import LMDB
import Model
import TestSupport

@testable import TSDB

/// A store whose records are replaced by bytes from a fuzzer.
final class FuzzStore: Sendable {
    private let folder = TemporaryFolder()
    let store: Store

    /// One for the process. A fuzzer has it in memory, `MON_FUZZ_FOLDER`, because each run is a commit.
    static let shared = FuzzStore()

    private init() {
        let path = getenv("MON_FUZZ_FOLDER").map { String(cString: $0) } ?? folder.path
        do throws(StoreError) {
            store = try Store(at: path, access: .write(HostIdentity(name: "fuzz", machineID: "")))
        } catch {
            fatalError("\(error)")
        }
    }

    /// Has `bytes` be the only byte string of its kind, its checksums right.
    func put(_ kind: Key.Kind, _ bytes: [UInt8], key: (UInt16) -> [UInt8]) throws {
        try store.write { transaction throws(StoreError) in
            do throws(StorageError) {
                _ = try transaction.deleteRange(from: [kind.rawValue]) { $0.isKey(kind) }
                _ = try Stripes.write(bytes, stripeBytes: store.superblock.stripeBytes, key: key, in: transaction)
            } catch {
                throw StoreError(error)
            }
        }
    }

    func putRecord(_ key: [UInt8], payload: [UInt8]) throws {
        try store.write { transaction throws(StoreError) in try transaction.put(key, payload: payload) }
    }
}

extension FuzzTarget {
    /// A block of samples, its own bytes.
    static let block = FuzzTarget(name: "block", seeds: { blocks() }) { bytes in
        guard bytes.count < 200_000 else { return nil }
        return refusing {
            let world = FuzzStore.shared
            try world.put(.block, bytes) { Key.block(group: 1, tier: 0, start: 0, stripe: $0) }
            let snapshot = try world.store.snapshot()
            let reference = Snapshot.BlockReference(group: 1, start: 0)
            let entries = try snapshot.withBlock(reference) { block throws(StoreError) in
                try block.allEntries(in: snapshot.transaction)
            }
            guard entries.count < 2000, try snapshot.blockTimes(reference).reduce(0, { $0 + $1.count }) < 100_000 else {
                return nil
            }
            let columns = try snapshot.columns(of: reference)
            for (id, column) in columns {
                guard column.timestamps.count == column.values.count else { return "times without values" }
                guard zip(column.timestamps, column.timestamps.dropFirst()).allSatisfy({ $0 < $1 }) else {
                    return "times of series \(id) do not ascend"
                }
            }
            // What was read can be written, and is read as the same.
            let (times, series) = BlockAssembly.merge(columns, [:])
            var writer = BlockWriter()
            let again = writer.encode(times: times, interval: 1000, series: series)
            try world.put(.block, again) { Key.block(group: 1, tier: 0, start: 0, stripe: $0) }
            let back = try world.store.snapshot().columns(of: reference)
            for (id, column) in columns where column.count > 0 {
                guard back[id]?.timestamps == column.timestamps, sameBits(back[id]?.values ?? [], column.values) else {
                    return "series \(id) does not come back"
                }
            }
            return nil
        }
    }

    private static func blocks() -> [[UInt8]] {
        var seeds: [[UInt8]] = []
        for seriesCount in [0, 1, 3, 300] {
            var columns: [UInt32: SampleColumn] = [:]
            for place in 0..<seriesCount {
                var column = SampleColumn()
                for tick in 0..<(seriesCount > 100 ? 3 : 60) as Range<Int> where (tick * 7 + place) % 11 != 0 {
                    // One in seven has times of its own.
                    let jitter = place % 7 == 6 ? tick * tick % 13 + 1 : 0
                    column.append(Int64(tick * 5000 + jitter), Double(tick * place) / 4)
                }
                columns[UInt32(place * 2)] = column
            }
            let (times, series) = BlockAssembly.merge(columns, [:])
            var writer = BlockWriter()
            seeds.append(writer.encode(times: times, interval: 5000, series: series))
        }
        return seeds
    }

    /// The sorted part of a registry with its length before it, then tail records, each with its length.
    static let registry = FuzzTarget(name: "registry", seeds: { registries() }) { bytes in
        guard bytes.count < 200_000 else { return nil }
        return refusing {
            let world = FuzzStore.shared
            var reader = ByteReader(bytes)
            try world.put(.registry, Array(try reader.field())) { Key.registry(span: .day, start: 0, stripe: $0) }
            for tail in 0..<4 as Range<UInt16> where !reader.isAtEnd {
                try world.putRecord(
                    Key.registry(span: .day, start: 0, stripe: Key.firstTailStripe + tail),
                    payload: Array(try reader.field()))
            }
            let snapshot = try world.store.snapshot()
            return try snapshot.withRegistry(0) { registry throws(StoreError) in
                let all = try registry.ids(matching: [], in: snapshot.transaction)
                guard all.count == registry.count else { return "\(all.count) ids of \(registry.count)" }
                for matchers in FuzzTarget.matchers {
                    let ids = try registry.ids(matching: matchers, in: snapshot.transaction)
                    for id in ids.prefix(50) where Int(id) < registry.count {
                        _ = try registry.labels(of: id, in: snapshot.transaction)
                    }
                }
                _ = try registry.labelNames(in: snapshot.transaction)
                _ = try registry.labelValues(of: "i", in: snapshot.transaction)
                _ = try registry.allLabels(in: snapshot.transaction)
                return nil
            }
        }
    }

    private static let matchers: [[Matcher]] = [
        [Matcher("i", equals: "3")], [Matcher("__name__", equals: "m1"), Matcher("absent", equals: "")],
        (try? Matcher("i", .matches, "1.*|2")).map { [$0] } ?? [],
        (try? Matcher("j", .notEqual, "1")).map { [$0] } ?? [],
    ]

    private static func registries() -> [[UInt8]] {
        [0, 1, 5, 70].map { count in
            let series = (0..<count + 3).map { Labels(name: "m\($0 % 3)", ["i": "\($0)", "j": "\($0 % 2)"]) }
            var writer = ByteWriter()
            writer.field(RegistryWriter.encode(Array(series.prefix(count))))
            writer.field(RegistryWriter.encodeTail(firstID: count, series[count..<count + 2]))
            writer.field(RegistryWriter.encodeTail(firstID: count + 2, series[(count + 2)...]))
            return writer.bytes
        }
    }

    /// The small records: the first byte says which, then its payload.
    static let records = FuzzTarget(name: "records", seeds: { smallRecords() }) { bytes in
        guard let kind = bytes.first else { return nil }
        let payload = Array(bytes.dropFirst())
        return refusing {
            switch kind % 4 {
            case 0:
                let read = try Superblock.decode(payload, path: "fuzz")
                return (try? Superblock.decode(read.encoded(), path: "fuzz")) == read ? nil : "superblock"
            case 1:
                let read = try GroupDefinition.decode(payload)
                return (try? GroupDefinition.decode(read.encoded())) == read ? nil : "group"
            case 2:
                let read = try Record.metadata(payload, name: "m")
                return (try? Record.metadata(Record.metadata(read), name: "m")) == read ? nil : "metadata"
            default:
                let time = Timestamp(milliseconds: 0)
                let read = try Record.event(payload, time: time)
                return (try? Record.event(Record.event(read), time: time)) == read ? nil : "event"
            }
        }
    }

    private static func smallRecords() -> [[UInt8]] {
        [
            [0] + Superblock(stripeBytes: 4080, hostName: "host", machineID: "0123").encoded(),
            [1] + GroupDefinition(intervalMilliseconds: 5000).encoded(),
            [2] + Record.metadata(MetricFamily(name: "m", kind: .counter, unit: "bytes", help: "What m counts.")),
            [3]
                + Record.event(
                    Event(
                        time: Timestamp(milliseconds: 0), kind: .mark, text: "deploy",
                        labels: Labels(name: "m", ["i": "1"]))),
        ]
    }
}
