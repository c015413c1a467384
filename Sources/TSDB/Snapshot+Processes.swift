import LMDB
import Model

// The series of processes are made from frames when they are asked for; see Frames/FrameSeries.swift.

extension Snapshot {
    /// Adds the series that are made from process frames. A stored series with equal labels wins.
    func addProcessSeries(
        _ matchers: [Matcher], to found: inout FoundSeries, in range: TimeRange
    ) throws(StoreError) {
        guard var builder = FrameSeriesBuilder(matchers) else { return }
        for start in try frameBlockStarts(in: range) {
            try tolerating(TimeRange(span: start)) { () throws(StoreError) in
                let block = try frameBlock(start)
                do throws(CodecError) {
                    try builder.add(block, in: range)
                } catch {
                    throw StoreError(
                        error, path: store.path, record: "process block from \(UTCText.format(seconds: start))")
                }
            }
        }
        try forEachFrameRow(in: range) { frame in builder.add(frame) }
        for (labels, column) in builder.series() where !found.contains(labels) {
            found.recent[found.place(of: labels)] = column
        }
    }

    /// Calls `body` with the process frames of `range` that are not sealed yet, in order of time.
    private func forEachFrameRow(
        in range: TimeRange, _ body: (ProcessFrame) throws(StoreError) -> Void
    ) throws(StoreError) {
        let (min, max) = (range.min.milliseconds, range.max.milliseconds)
        let entries = try HeadScan.entries(
            from: min, through: max, groups: [HeadScan.frameGroup], tolerating: damage, in: transaction)
        var decoder = FrameRowDecoder()
        var frames: [ProcessFrame] = []
        try HeadScan.rows(entries: entries, through: max, tolerating: damage, in: transaction) {
            _, time, payload throws(CodecError) in
            let frame = try decoder.decode(FrameEnvelope.body(of: payload), time: Timestamp(milliseconds: time))
            if time >= min { frames.append(frame) }
        }
        for frame in frames { try body(frame) }
    }

    /// The process block of the span that starts at `start` seconds.
    func frameBlock(_ start: Int64) throws(StoreError) -> FrameBlockReader {
        let record = "process block from \(UTCText.format(seconds: start))"
        var source = StripedReader(stripeBytes: store.superblock.stripeBytes, record: record) {
            Key.frameBlock(tier: 0, start: start, stripe: $0)
        }
        var bytes: [UInt8] = []
        try source.read(0, .max, into: &bytes, isPartial: true, in: transaction)
        do throws(CodecError) {
            return try FrameBlockReader(bytes)
        } catch {
            throw StoreError(error, path: store.path, record: record)
        }
    }

    /// The frames of a sealed block in order of time.
    func frames(ofBlock start: Int64) throws(StoreError) -> [ProcessFrame] {
        let block = try frameBlock(start)
        do throws(CodecError) {
            return try block.frames()
        } catch {
            throw StoreError(error, path: store.path, record: "process block from \(UTCText.format(seconds: start))")
        }
    }

    /// Starts of the frame blocks that overlap `range`, in seconds, ascending.
    func frameBlockStarts(in range: TimeRange) throws(StoreError) -> [Int64] {
        var starts: [Int64] = []
        let first = Block.spanStart(range.min.milliseconds)
        let last = range.max.milliseconds / 1000
        try transaction.scan(from: Key.frameBlock(tier: 0, start: first, stripe: 0)) { key, _ throws(StoreError) in
            guard let name = key.frameBlockKey(), name.tier == 0, name.start <= last else { return .stop }
            starts.append(name.start)
            return .seek(Key.frameBlock(tier: 0, start: name.start + 1, stripe: 0))
        }
        return starts
    }
}
