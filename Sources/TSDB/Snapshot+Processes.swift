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
            try tolerating(reference.range) { () throws(StoreError) in
                let block = try frameBlock(reference, tolerating: damage)
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
                    throw StoreError(error, path: store.path, record: reference.title)
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

    /// A sealed block of process frames.
    /// - Parameter damage: takes the processes that a damaged stripe costs; nil where none may be lost.
    /// - Throws: where nothing of the block can be read, damage list or not.
    func frameBlock(
        _ reference: FrameBlockReference, tolerating damage: DamageList? = nil
    ) throws(StoreError) -> FrameBlockReader {
        var source = StripedReader(stripeBytes: store.superblock.stripeBytes, record: reference.title) {
            Key.frameBlock(tier: reference.tier, start: reference.start, stripe: $0)
        }
        var lost: [(place: Range<Int>, error: StoreError)] = []
        let bytes = try source.readAll(
            losing: { place, error throws(StoreError) in
                guard damage?.describe(error) != nil else { throw error }
                lost.append((place, error))
            }, in: transaction)
        do throws(CodecError) {
            let block = try FrameBlockReader(bytes, lost: lost.map(\.place))
            for (place, error) in lost {
                guard let damage, let (record, reason) = damage.describe(error) else { continue }
                let all = block.processes.count + block.processesLost
                damage.add(
                    record, "\(reason), which costs \(block.processesLost(to: place)) of its \(all) processes",
                    range: reference.range)
            }
            return block
        } catch {
            throw lost.first?.error ?? StoreError(error, path: store.path, record: reference.title)
        }
    }

    /// The frames of a sealed block in order of time.
    /// - Parameter damage: takes what is lost of them; nil where nothing may be.
    func frames(
        of reference: FrameBlockReference, tolerating damage: DamageList? = nil
    ) throws(StoreError) -> [ProcessFrame] {
        func read() throws(StoreError) -> [ProcessFrame] {
            let block = try frameBlock(reference, tolerating: damage)
            do throws(CodecError) {
                return try block.frames()
            } catch {
                throw StoreError(error, path: store.path, record: reference.title)
            }
        }
        guard let damage else { return try read() }
        return try damage.tolerating(reference.range, read) ?? []
    }

    /// Time of the oldest frame in a block; nil where there is none.
    func oldestFrameTime() throws(StoreError) -> Int64? {
        let blocks = try frameBlocks(in: .all)
        var oldest: Int64?
        for block in blocks where block.start == blocks[0].start {
            let times = try tolerating { () throws(StoreError) in try frameBlock(block, tolerating: damage).times }
            if let time = times?.first { oldest = min(oldest ?? time, time) }
        }
        return oldest
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
