import LMDB
import Model

// Process frames age in three steps: all of them in blocks of 2 h, then one a minute in blocks of a day, then one an
// hour in blocks of 30 days. The frame that stays is the last of its window, as it was: who is present in it was
// present then. A process that lacks in it has ended, or was small; its series end there with a stale marker, as
// anywhere. The CPU ticks since the look before are those since the frame that stays before it, so that a percentage is
// the mean of the window.

/// A block of process frames.
struct FrameBlockReference: Hashable {
    /// 0 all frames, 1 one a minute, 2 one an hour.
    var tier: UInt8
    /// Start of its span in seconds.
    var start: Int64

    var spanSeconds: Int64 {
        switch tier {
        case 0: Block.rawSpanSeconds
        case 1: Block.daySeconds
        default: TierBlock.longSpanSeconds
        }
    }

    var endSeconds: Int64 { start + spanSeconds }

    var range: TimeRange { TimeRange(minMilliseconds: start * 1000 + 1, maxMilliseconds: endSeconds * 1000) }

    /// For messages.
    var title: String { "process block from \(UTCText.format(seconds: start))" }
}

enum FrameThinning {
    /// Thins what is too old for its step, a day or 30 days a transaction.
    static func run(_ cutoffs: Cutoffs, in store: Store, _ report: inout RetentionReport) throws(StoreError) {
        let cutoff = cutoffs[RetentionClass.frames]
        for (tier, end) in [(Tier.minute, cutoff.raw), (Tier.hour, cutoff.minute)] {
            if tier == .hour, !cutoffs.keep(RetentionClass.frames).joinsDays { continue }
            let wanted = FrameBlockReference(tier: tier.rawValue, start: 0)
            var starts: Set<Int64> = []
            for reference in try store.snapshot().frameBlocks(in: .all) where reference.tier == tier.rawValue - 1 {
                let start = Block.spanStart(reference.start * 1000 + 1, length: wanted.spanSeconds)
                let isTooOld = (start + wanted.spanSeconds) * 1000 <= end
                // What goes altogether need not be thinned first.
                if isTooOld, reference.endSeconds * 1000 > cutoff.hour { starts.insert(start) }
            }
            for start in starts.sorted() {
                report.thinnedProcessBlocks += try thin(
                    to: FrameBlockReference(tier: tier.rawValue, start: start), tier, cutoffs, in: store)
            }
        }
    }

    /// - Returns: how many blocks became the one.
    private static func thin(
        to wanted: FrameBlockReference, _ tier: Tier, _ cutoffs: Cutoffs, in store: Store
    ) throws(StoreError) -> Int {
        let snapshot = try store.snapshot()
        let generation = try snapshot.currentSuperblock().generation
        let blocks = try snapshot.frameBlocks(in: wanted.range).filter {
            $0.tier == wanted.tier - 1 && $0.start >= wanted.start && $0.endSeconds <= wanted.endSeconds
        }
        var thinner = FrameThinner(tier)
        // What is damaged is lost, and keeps nothing else from going.
        let damage = DamageList(writing: ())
        // There is one already where a part of the span was thinned before; it is earlier than what follows.
        var frames: [ProcessFrame] = []
        if try snapshot.frameBlocks(in: wanted.range).contains(wanted) {
            frames = try snapshot.frames(of: wanted, tolerating: damage)
        }
        for block in blocks {
            for frame in try snapshot.frames(of: block, tolerating: damage) { thinner.add(frame, to: &frames) }
        }
        thinner.finish(&frames)
        frames.sort { $0.time < $1.time }
        let bytes = FrameBlock.encode(frames)
        return try store.write { transaction throws(StoreError) in
            guard try transaction.superblock(of: store).generation == generation else { return 0 }
            try transaction.append(damage.events(at: wanted.endSeconds * 1000))
            try Stripes.replace(bytes, in: store, transaction) {
                Key.frameBlock(tier: wanted.tier, start: wanted.start, stripe: $0)
            }
            for block in blocks {
                try transaction.removeStripes(from: Key.frameBlock(tier: block.tier, start: block.start, stripe: 0))
            }
            var reached = TierCoverage()
            reached[tier == .minute ? .raw : .minute] = wanted.endSeconds * 1000
            try transaction.raise(
                reached, ofClass: RetentionClass.frames, cutoffs.classes[RetentionClass.frames], in: store)
            try transaction.raiseGeneration(of: store)
            return blocks.count
        }
    }
}

/// Picks the last frame of each window out of frames in order of time.
struct FrameThinner {
    private let tier: Tier
    private var last: ProcessFrame?
    private var elapsed: Int64 = 0
    private var ticks: [ProcessIdentity: UInt64] = [:]

    init(_ tier: Tier) { self.tier = tier }

    /// Adds a frame; where it begins a window, the last one of the window before goes to `frames`.
    mutating func add(_ frame: ProcessFrame, to frames: inout [ProcessFrame]) {
        if let last, tier.windowEnd(of: last.time.milliseconds) != tier.windowEnd(of: frame.time.milliseconds) {
            finish(&frames)
        }
        last = frame
        elapsed &+= frame.elapsedMilliseconds
        for process in frame.processes { ticks[ProcessIdentity(process), default: 0] &+= process.cpuTicksSinceLast }
    }

    /// Ends the window.
    mutating func finish(_ frames: inout [ProcessFrame]) {
        guard var frame = last else { return }
        frame.elapsedMilliseconds = elapsed
        for place in frame.processes.indices {
            let identity = ProcessIdentity(frame.processes[place])
            frame.processes[place].cpuTicksSinceLast = ticks[identity] ?? frame.processes[place].cpuTicksSinceLast
        }
        frames.append(frame)
        last = nil
        elapsed = 0
        ticks.removeAll(keepingCapacity: true)
    }
}
