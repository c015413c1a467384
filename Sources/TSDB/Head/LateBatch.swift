// Samples that came later than a row of their group allows: a stepped clock, a second scrape in the same millisecond.
// They wait here, are read beside the head, and are merged into blocks when their span is sealed, or when many of them
// wait (LateMerging.swift).
//
//   key     11 sequence(u64): in order of arrival
//   value   version(1) day (zigzag s) group (varint) earliest, latest (zigzag ms)
//           number of series, then per series, in order of ids: id gap, number of samples,
//           integer column of times, length and bytes of the chunk of values

import LMDB
import Model

/// Late samples of one group on one day.
struct LateBatch {
    struct Series: Hashable {
        var id: UInt32
        var times: [Int64]
        var values: [Double]

        static func == (lhs: Series, rhs: Series) -> Bool {
            lhs.id == rhs.id && lhs.times == rhs.times
                && lhs.values.map(\.bitPattern) == rhs.values.map(\.bitPattern)
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(id)
            hasher.combine(times)
        }
    }

    /// Samples of a batch that others than the recorder write: one is decoded as a whole.
    static let samplesMax = 65_536

    var day: Int64 = 0
    var group: UInt16
    var series: [Series]

    /// One row's samples.
    init(group: UInt16, time: Int64, _ samples: [(reference: Int, value: Double)], id: (Int) -> UInt32) {
        self.group = group
        series = samples.map { Series(id: id($0.reference), times: [time], values: [$0.value]) }
        series.sort { $0.id < $1.id }
    }

    init(day: Int64, group: UInt16, series: [Series]) {
        self.day = day
        self.group = group
        self.series = series
    }

    var minTime: Int64 { series.compactMap(\.times.first).min() ?? 0 }
    var maxTime: Int64 { series.compactMap(\.times.last).max() ?? 0 }

    func encoded() -> [UInt8] {
        var writer = ByteWriter([1])
        writer.zigzag(day)
        writer.varint(UInt64(group))
        writer.zigzag(minTime)
        writer.zigzag(maxTime)
        writer.varint(series.count)
        var encoder = ChunkEncoder()
        var previous: Int64 = -1
        for one in series {
            writer.varint(UInt64(Int64(one.id) - previous - 1))
            previous = Int64(one.id)
            writer.varint(one.times.count)
            IntegerColumn.encode(one.times, into: &writer)
            var chunk = ByteWriter()
            _ = encoder.encode(one.values, into: &chunk)
            writer.field(chunk.bytes)
        }
        return writer.bytes
    }

    static func decode(_ payload: [UInt8]) throws(CodecError) -> LateBatch {
        // The chunk decoder's wide loads want 16 readable bytes behind each chunk.
        var reader = ByteReader(payload + [UInt8](repeating: 0, count: 16), from: 0, to: payload.count)
        let version = try reader.u8()
        guard version == 1 else { throw .unknownVersion(position: 0, number: version) }
        let day = try reader.zigzag()
        guard let group = UInt16(exactly: try reader.varint()) else {
            throw .malformed(position: reader.position, reason: "group")
        }
        _ = try reader.zigzag()
        _ = try reader.zigzag()
        var series: [Series] = []
        var decoder = ChunkDecoder()
        var next: UInt64 = 0
        // A column of a few bytes may stand for any number of samples, so their sum has a bound, too.
        var room = CodecLimits.columnValuesMax
        for _ in 0..<(try reader.count(atMost: reader.remaining, "series")) {
            let (id, overflow) = next.addingReportingOverflow(try reader.varint())
            guard !overflow, let small = UInt32(exactly: id) else {
                throw .malformed(position: reader.position, reason: "series id")
            }
            next = id + 1
            let count = try reader.count(atMost: room, "samples")
            room -= count
            let times = try IntegerColumn.decode(count: count, from: &reader)
            for place in times.indices.dropFirst() where times[place] <= times[place - 1] {
                throw .malformed(position: reader.position, reason: "times that do not ascend")
            }
            for end in [times.first, times.last] {
                guard let end, !Recorder.times.contains(end) else { continue }
                throw .malformed(position: reader.position, reason: "a time beyond all times")
            }
            let length = try reader.count(atMost: reader.remaining, "chunk length")
            let start = reader.position
            try reader.skip(length)
            var values: [Double] = []
            try decoder.decode(reader.bytes, from: start, to: start + length, count: count, into: &values)
            series.append(Series(id: small, times: times, values: values))
        }
        try reader.finish()
        return LateBatch(day: day, group: group, series: series)
    }

    /// Group and latest time of a batch, without decoding its samples.
    static func end(_ payload: [UInt8]) throws(CodecError) -> (group: UInt16, end: Int64) {
        var reader = ByteReader(payload)
        let version = try reader.u8()
        guard version == 1 else { throw .unknownVersion(position: 0, number: version) }
        _ = try reader.zigzag()
        guard let group = UInt16(exactly: try reader.varint()) else {
            throw .malformed(position: reader.position, reason: "group")
        }
        _ = try reader.zigzag()
        return (group, try reader.zigzag())
    }

    /// Writes batches behind those that are there.
    /// - Returns: their bytes.
    @discardableResult
    static func write(
        _ batches: [LateBatch], day: Int64, in transaction: borrowing WriteTransaction
    ) throws(StoreError) -> Int {
        if batches.isEmpty { return 0 }
        var bytes = 0
        var sequence: UInt64 = 0
        do throws(StorageError) {
            var cursor = try transaction.cursor()
            if try cursor.seekBefore([Key.Kind.lateBatch.rawValue + 1]), let last = cursor.key.lateBatchKey() {
                sequence = last + 1
            }
        } catch {
            throw StoreError(error)
        }
        for var batch in batches {
            batch.day = day
            let payload = batch.encoded()
            try transaction.put(Key.lateBatch(sequence), payload: payload)
            bytes += payload.count
            sequence += 1
        }
        return bytes
    }
}

extension WriteTransaction {
    /// Whether the batch of that number is still the one given: numbers are used again when the last batch is gone.
    func holds(_ batch: LateBatch, at sequence: UInt64) throws(StoreError) -> Bool {
        guard let payload = try payload(of: Key.lateBatch(sequence)) else { return false }
        do throws(CodecError) {
            let found = try LateBatch.decode(payload)
            return found.day == batch.day && found.group == batch.group && found.series == batch.series
        } catch {
            throw StoreError(error, path: path, record: "late batch \(sequence)")
        }
    }
}

extension Snapshot {
    /// How many late batches there are, and their bytes.
    func lateBatchSizes() throws(StoreError) -> (batches: Int, bytes: Int) {
        var sizes = (batches: 0, bytes: 0)
        try transaction.scan(from: Key.lateBatch(0)) { key, value throws(StoreError) in
            if key.lateBatchKey() == nil { return .stop }
            sizes.batches += 1
            sizes.bytes += value.byteCount
            return .next
        }
        return sizes
    }

    /// The latest time of each group's late batches.
    func lateBatchEnds() throws(StoreError) -> [UInt16: Int64] {
        var ends: [UInt16: Int64] = [:]
        try transaction.scan(from: Key.lateBatch(0)) { key, value throws(StoreError) in
            if key.lateBatchKey() == nil { return .stop }
            // A damaged batch is told by who reads it; recording goes on.
            if let payload = Checksum.payload(of: value, key: key), let batch = try? LateBatch.end(payload) {
                ends[batch.group] = max(ends[batch.group] ?? .min, batch.end)
            }
            return .next
        }
        return ends
    }

    /// The late batches in order of arrival.
    /// - Parameter damage: batches that are damaged are passed over and named there; without it they are thrown.
    func forEachLateBatch(
        tolerating damage: DamageList? = nil,
        _ body: (_ sequence: UInt64, _ batch: LateBatch) throws(StoreError) -> Void
    ) throws(StoreError) {
        let path = store.path
        try transaction.scan(from: Key.lateBatch(0)) { key, value throws(StoreError) in
            guard let sequence = key.lateBatchKey() else { return .stop }
            let batch: LateBatch
            do throws(CodecError) {
                guard let payload = Checksum.payload(of: value, key: key) else {
                    throw .malformed(position: 0, reason: "wrong checksum")
                }
                batch = try LateBatch.decode(payload)
            } catch {
                let error = StoreError(error, path: path, record: "late batch \(sequence)")
                guard let damage else { throw error }
                try damage.tolerate(error)
                return .next
            }
            try body(sequence, batch)
            return .next
        }
    }
}
