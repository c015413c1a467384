// The hard cap on a store's size. What counts is the pages in use: those of the file less those on LMDB's free list.
// Free pages are used again, so a store at its cap goes on in the same file; the map, of which MDB_MAP_FULL speaks, is
// several times as large.
//
// At the cap the oldest blocks of the finest tier go: raw ones, and when there are none left those of 1-minute windows,
// then of 1-hour windows. All groups' blocks of one span go together, blocks of process frames with them, in
// transactions of about 64 keys (Retention.swift says why).

import LMDB
import Model
import Synchronization

/// How much of a store's file is in use.
package struct SpaceUse: Hashable, Sendable {
    package var pageBytes: Int
    /// Pages that hold something.
    package var usedPages: Int
    /// Pages of the file, used or free.
    package var filePages: Int
    /// Pages that the map has address space for.
    package var mapPages: Int
    /// The commit that it is counted at.
    var commitNumber: Int

    package var usedBytes: Int { usedPages * pageBytes }
    package var fileBytes: Int { filePages * pageBytes }
}

extension Store {
    /// Counts the pages in use; the count is kept until the next commit of any process.
    package func spaceUse() throws(StoreError) -> SpaceUse {
        let open = try opened()
        return try converting { () throws(StorageError) -> SpaceUse in
            let statistics = try open.environment.statistics()
            if let known = place.withLock({ $0.counted }), known.commitNumber == statistics.commitNumber,
                known.filePages == statistics.filePages
            {
                return known
            }
            let free = try open.environment.freePageCount()
            let use = SpaceUse(
                pageBytes: statistics.pageBytes,
                usedPages: max(0, statistics.filePages - free),
                filePages: statistics.filePages, mapPages: statistics.mapBytes / statistics.pageBytes,
                commitNumber: statistics.commitNumber)
            place.withLock { $0.counted = use }
            return use
        }
    }

    /// Whether more than `bytes` are in use. Costs no count as long as the whole file is smaller.
    func exceeds(_ bytes: Int) throws(StoreError) -> Bool {
        guard try fileBytes() > bytes else { return false }
        return try spaceUse().usedBytes > bytes
    }

    /// Pages that the map has room for behind the file.
    func pagesBehindFile() throws(StoreError) -> Int {
        let open = try opened()
        return try converting { () throws(StorageError) in try open.environment.statistics().pagesBehind }
    }

    /// Removes the oldest blocks of the finest tier until at most `bytes` are in use, or there are no blocks left.
    /// Safe beside a recorder in another process, as ``retain(_:now:isDryRun:)`` is.
    ///
    /// - Parameter isDryRun: only tells what would go.
    package func evict(downTo bytes: Int, isDryRun: Bool = false) throws(StoreError) -> RetentionReport {
        var report = RetentionReport()
        guard try exceeds(bytes) else { return report }
        var (use, lastEnd) = (try spaceUse(), nil as Int64?)
        let classes = try snapshot().retentionClasses()
        // What is to come of a span that is still open will be there.
        let newest = max(
            try snapshot().newestSampleTime()?.milliseconds ?? .min,
            classes.values.map(\.forgotten.raw).max() ?? .min)
        for tier in Tier.allCases where use.usedBytes > bytes {
            // The day that is being recorded has no hours yet. Slices become days, which are the spans then.
            if tier == .minute, !isDryRun, try !Folding.foldOpenDays(in: self) { break }
            for span in try EvictionSpan.all(in: self) where span.resolution == tier && use.usedBytes > bytes {
                let found =
                    isDryRun
                    ? try DoomedRange.blocks(of: span, try snapshot()) : try forget(span, through: newest, classes)
                guard let found else { break }
                for range in found {
                    range.count(&report)
                    // A stripe fills a page.
                    if isDryRun { use.usedPages -= range.keyCount } else { try delete(range) }
                }
                if !isDryRun { use = try spaceUse() }
                lastEnd = max(lastEnd ?? .min, span.end)
            }
        }
        if let lastEnd, !isDryRun {
            // Each is looked at again when it goes: others may name what is left.
            for span in [RegistrySpan.day, .thirtyDays] {
                report.registries += try delete(DoomedRange.registries(span, through: lastEnd, in: self))
            }
        }
        return report
    }

    /// Notes that a tier is gone through the end of the span, before it goes: who reads in between takes the next one.
    /// - Returns: what goes; nil where others wrote again and again.
    private func forget(
        _ span: EvictionSpan, through newest: Int64, _ classes: [UInt8: RetentionClass]
    ) throws(StoreError) -> [DoomedRange]? {
        for _ in 0..<Store.lookingsMax {
            // Late samples may have come for a day since: hours are made of them, too.
            if span.resolution == .minute, try !Folding.foldOpenDays(in: self) { return nil }
            let found: [DoomedRange]
            let generation: UInt64
            do {
                let snapshot = try snapshot()
                generation = try snapshot.currentSuperblock().generation
                // Those came after the fold.
                if span.resolution == .minute, try snapshot.hasMinuteSlices(through: span.end) { continue }
                found = try DoomedRange.blocks(of: span, snapshot)
            }
            // Folded since it was listed, or taken by others: nothing of it is gone.
            if found.isEmpty { return found }
            if try forget(span, through: newest, classes, at: generation) { return found }
        }
        return nil
    }

    private func forget(
        _ span: EvictionSpan, through newest: Int64, _ classes: [UInt8: RetentionClass], at generation: UInt64
    ) throws(StoreError) -> Bool {
        var reached = TierCoverage()
        reached[span.resolution] = min(span.end * 1000, newest)
        var forgotten: [UInt8: TierCoverage] = [RetentionClass.frames: reached]
        for group in try snapshot().groups().values { forgotten[group.retentionClass] = reached }
        var classes = classes
        for number in forgotten.keys where classes[number] == nil {
            classes[number] = RetentionClass(keep: .standard)
        }
        return try forget(forgotten, classes, at: generation)
    }
}

/// The blocks of one tier that begin at one time, of all groups.
struct EvictionSpan: Hashable {
    var tier: UInt8
    /// In seconds.
    var start: Int64

    /// The resolution of what is in it.
    var resolution: Tier { TierLayer(rawValue: tier)?.tier ?? .raw }

    /// In seconds.
    var end: Int64 { start + (TierLayer(rawValue: tier)?.spanSeconds ?? Block.rawSpanSeconds) }

    /// All that a store has, in the order in which they go. Cost: a step a block.
    static func all(in store: Store) throws(StoreError) -> [EvictionSpan] {
        let snapshot = try store.snapshot()
        var spans: Set<EvictionSpan> = []
        try snapshot.transaction.scan(from: [Key.Kind.block.rawValue]) { key, _ throws(StoreError) in
            guard let name = key.blockKey() else { return .stop }
            spans.insert(EvictionSpan(tier: name.tier, start: name.start))
            return .seek(Key.block(group: name.group, tier: name.tier, start: name.start + 1, stripe: 0))
        }
        try snapshot.transaction.scan(from: [Key.Kind.frameBlock.rawValue]) { key, _ throws(StoreError) in
            guard let name = key.frameBlockKey() else { return .stop }
            spans.insert(EvictionSpan(tier: name.tier, start: name.start))
            return .seek(Key.frameBlock(tier: name.tier, start: name.start + 1, stripe: 0))
        }
        return spans.sorted { ($0.resolution, $0.start, $0.tier) < ($1.resolution, $1.start, $1.tier) }
    }
}

extension Snapshot {
    /// Whether a group has slices of minutes that begin before `end` seconds.
    fileprivate func hasMinuteSlices(through end: Int64) throws(StoreError) -> Bool {
        for group in try groups().keys where try !tierReferences(.minuteSlice, group: group, through: end).isEmpty {
            return true
        }
        return false
    }
}

extension DoomedRange {
    var keyCount: Int { items.reduce(0) { $0 + $1.keys.count } }

    /// The blocks of samples and of processes of one span.
    fileprivate static func blocks(
        of span: EvictionSpan, _ snapshot: Snapshot
    ) throws(StoreError) -> [DoomedRange] {
        var blocks = DoomedRange(kind: span.resolution == .raw ? .block : .windowBlock)
        for group in try snapshot.groups().keys.sorted() {
            let first = Key.block(group: group, tier: span.tier, start: span.start, stripe: 0)
            try snapshot.transaction.scan(from: first) { key, value throws(StoreError) in
                guard let name = key.blockKey(), name.group == group, name.tier == span.tier, name.start == span.start
                else { return .stop }
                blocks.add(key, value, isNewItem: name.stripe == 0)
                return .next
            }
        }
        var frames = DoomedRange(kind: .frameBlock)
        let first = Key.frameBlock(tier: span.tier, start: span.start, stripe: 0)
        try snapshot.transaction.scan(from: first) { key, value throws(StoreError) in
            guard let name = key.frameBlockKey(), name.tier == span.tier, name.start == span.start else { return .stop }
            frames.add(key, value, isNewItem: name.stripe == 0)
            return .next
        }
        return [blocks, frames].filter { !$0.items.isEmpty }
    }

    /// The registries of the spans that begin before `end` seconds.
    fileprivate static func registries(
        _ span: RegistrySpan, through end: Int64, in store: Store
    ) throws(StoreError) -> DoomedRange {
        var range = DoomedRange(kind: .registry)
        var last: Int64?
        let first = Key.registry(span: span, start: .min, stripe: 0)
        try store.snapshot().transaction.scan(from: first) { key, value throws(StoreError) in
            guard let name = key.registryKey(), name.span == span.rawValue, name.start < end else { return .stop }
            range.add(key, value, isNewItem: name.start != last)
            range.items[range.items.count - 1].registry = (span, name.start)
            last = name.start
            return .next
        }
        return range
    }
}
