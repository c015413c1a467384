import LMDB
import Model

// The series of processes are made from frames when they are asked for; see Frames/FrameSeries.swift.

extension Snapshot {
    /// Adds the series that are made from process frames. A stored series with equal labels wins.
    func addProcessSeries(
        _ matchers: [Matcher], to found: inout FoundSeries, in range: TimeRange
    ) throws(StoreError) {
        guard var builder = FrameSeriesBuilder(matchers) else { return }
        var rows = try frameRows(in: range)[...]
        for reference in try frameBlocks(in: range) {
            // Two hours of frames take a millisecond or two.
            try stopCheck.pass(2048)
            try tolerating(TimeRange(span: reference.start)) { () throws(StoreError) in
                let block = try frameBlock(reference.start, tier: reference.tier)
                guard let first = block.times.first, let last = block.times.last else { return }
                // Late ones come before the block, or between its frames.
                while let row = rows.first, row.time.milliseconds < first { builder.add(rows.removeFirst()) }
                let between = rows.prefix { $0.time.milliseconds <= last }
                rows.removeFirst(between.count)
                do throws(CodecError) {
                    if between.isEmpty { return try builder.add(block, in: range) }
                    for frame in ProcessFrame.merged(try block.frames(), Array(between))
                    where range.contains(frame.time) {
                        builder.add(frame)
                    }
                } catch {
                    throw StoreError(
                        error, path: store.path,
                        record: "process block from \(UTCText.format(seconds: reference.start))")
                }
            }
        }
        for row in rows { builder.add(row) }
        for (labels, column) in builder.series() where !found.contains(labels) {
            let place = found.place(of: labels)
            found.recent[place] = column
            found.isMade[place] = true
        }
    }

    /// The process frames of `range` that are not sealed yet, in order of time.
    func frameRows(in range: TimeRange) throws(StoreError) -> [ProcessFrame] {
        let (min, max) = (range.min.milliseconds, range.max.milliseconds)
        let entries = try HeadScan.entries(
            from: min, through: max, groups: HeadScan.frameGroups, tolerating: damage, in: transaction)
        var rows = FrameRows()
        try HeadScan.rows(entries: entries, through: max, tolerating: damage, in: transaction) {
            group, time, payload throws(CodecError) in
            try rows.add(group, time, payload)
        }
        return rows.merged.filter { $0.time.milliseconds >= min }
    }

    /// The process block of the span that starts at `start` seconds.
    func frameBlock(_ start: Int64, tier: UInt8 = 0) throws(StoreError) -> FrameBlockReader {
        let record = "process block from \(UTCText.format(seconds: start))"
        var source = StripedReader(stripeBytes: store.superblock.stripeBytes, record: record) {
            Key.frameBlock(tier: tier, start: start, stripe: $0)
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
    func frames(ofBlock start: Int64, tier: UInt8 = 0) throws(StoreError) -> [ProcessFrame] {
        let block = try frameBlock(start, tier: tier)
        do throws(CodecError) {
            return try block.frames()
        } catch {
            throw StoreError(error, path: store.path, record: "process block from \(UTCText.format(seconds: start))")
        }
    }

    /// The frames of a sealed block in order of time.
    func frames(of reference: FrameBlockReference) throws(StoreError) -> [ProcessFrame] {
        try frames(ofBlock: reference.start, tier: reference.tier)
    }

    /// Time of the oldest frame in a block; nil where there is none.
    func oldestFrameTime() throws(StoreError) -> Int64? {
        let blocks = try frameBlocks(in: .all)
        var oldest: Int64?
        for block in blocks where block.start == blocks[0].start {
            let times = try tolerating { () throws(StoreError) in try frameBlock(block.start, tier: block.tier).times }
            if let time = times?.first { oldest = min(oldest ?? time, time) }
        }
        return oldest
    }

    /// Starts of the blocks of all frames (tier 0) that overlap `range`, in seconds, ascending.
    func frameBlockStarts(in range: TimeRange) throws(StoreError) -> [Int64] {
        try frameBlocks(in: range).filter { $0.tier == 0 }.map(\.start)
    }

    /// The frame blocks of all tiers that overlap `range`, in order of time.
    func frameBlocks(in range: TimeRange) throws(StoreError) -> [FrameBlockReference] {
        var found: [FrameBlockReference] = []
        let last = range.max.milliseconds / 1000
        for tier in 0...2 as ClosedRange<UInt8> {
            let length = FrameBlockReference(tier: tier, start: 0).spanSeconds
            let first = Block.spanStart(range.min.milliseconds, length: length)
            try transaction.scan(from: Key.frameBlock(tier: tier, start: first, stripe: 0)) {
                key, _ throws(StoreError) in
                guard let name = key.frameBlockKey(), name.tier == tier, name.start <= last else { return .stop }
                found.append(FrameBlockReference(tier: tier, start: name.start))
                return .seek(Key.frameBlock(tier: tier, start: name.start + 1, stripe: 0))
            }
        }
        // Thinner ones are older, and none overlap but where a part of a day was thinned.
        return found.sorted { ($0.start, -Int($0.tier)) < ($1.start, -Int($1.tier)) }
    }
}
