import LMDB
import Model

// Process frames that are not later than the frame before them: the clock was stepped back. Each is a key row of a
// group number of its own (fffe), so it can be read alone, between the rows of the chain or far before them. Readers
// put both in order of time. They go into blocks with the rows of their span; where that has none, when late samples
// are merged.

extension HeadScan {
    /// The group number of process frames that came late.
    static let lateFrameGroup: UInt16 = 0xfffe
    static let frameGroups: Set<UInt16> = [frameGroup, lateFrameGroup]

    /// Whether rows of the group are process frames.
    static func isFrame(_ group: UInt16) -> Bool { group >= lateFrameGroup }
}

/// Decodes the rows of both kinds as they come, in order of their keys.
struct FrameRows {
    private var chain = FrameRowDecoder()
    private(set) var frames: [ProcessFrame] = []
    private var late: [ProcessFrame] = []

    mutating func add(_ group: UInt16, _ time: Int64, _ payload: [UInt8]) throws(CodecError) {
        let (body, moment) = (try FrameEnvelope.body(of: payload), Timestamp(milliseconds: time))
        if group == HeadScan.frameGroup {
            frames.append(try chain.decode(body, time: moment))
        } else {
            var decoder = FrameRowDecoder()
            late.append(try decoder.decode(body, time: moment))
        }
    }

    /// All of them in order of time.
    var merged: [ProcessFrame] { ProcessFrame.merged(frames, late) }
}

extension ProcessFrame {
    /// Frames in order of time; of two of one time the one of `later` stays.
    static func merged(_ frames: [ProcessFrame], _ later: [ProcessFrame]) -> [ProcessFrame] {
        guard let first = later.first else { return frames }
        if let last = frames.last, last.time >= first.time {
            let known = Set(later.map(\.time))
            return (frames.filter { !known.contains($0.time) } + later).sorted { $0.time < $1.time }
        }
        return frames + later
    }
}

extension Sealing {
    /// Seals the late frames of spans before those that still have rows.
    static func sealLateFrames(in store: Store) throws(StoreError) {
        let snapshot = try store.snapshot()
        let open = try snapshot.oldestHeadTime().map { Block.spanStart($0) } ?? .max
        var spans: Set<Int64> = []
        try snapshot.transaction.scan(from: Key.headRow(time: .min, group: 0)) { key, _ throws(StoreError) in
            guard let row = key.headRowKey() else { return .stop }
            let span = Block.spanStart(row.time)
            guard span < open else { return .stop }
            if row.group == HeadScan.lateFrameGroup { spans.insert(span) }
            return .next
        }
        for span in spans.sorted() {
            let range = TimeRange(span: span)
            try sealFrames(span: span, from: range.min.milliseconds, through: range.max.milliseconds, in: store)
        }
    }
}
