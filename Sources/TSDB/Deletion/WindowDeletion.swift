// What a deletion takes from the windows of the tiers, after the samples are gone.
//
// A window that lies wholly in the range goes. One that is only partly in it is made anew where the samples it was made
// of are still kept; where they are forgotten nobody can tell what part of it they were, so it stays as it is.

import LMDB
import Model

/// The ids of series by the registry that gave them.
struct RegistryIDs {
    var days: [Int64: Set<UInt32>] = [:]
    var thirtyDays: [Int64: Set<UInt32>] = [:]

    var isEmpty: Bool { days.isEmpty && thirtyDays.isEmpty }

    /// Those that a block of windows may have.
    func of(_ reference: TierReference) -> Set<UInt32> {
        if reference.layer.registrySpan == .thirtyDays { return thirtyDays[reference.start] ?? [] }
        return days[Block.day(of: reference.start)] ?? []
    }
}

/// A block of windows without what a deletion takes.
struct CutWindows {
    let reference: TierReference
    private let generation: UInt64
    /// Nil where no series is left.
    private let bytes: [UInt8]?
    /// Per id that loses windows, or has others now: how many went whose samples were forgotten before.
    private(set) var removed: [UInt32: Int] = [:]

    /// Nil where the block has nothing that is meant, or is not there any more.
    init?(
        _ reference: TierReference, without targets: DeletionTargets, in range: TimeRange,
        _ definition: GroupDefinition, _ snapshot: Snapshot
    ) throws(StoreError) {
        self.reference = reference
        generation = try snapshot.currentSuperblock().generation
        // A fold or retention beside it may have taken it since it was listed.
        guard try snapshot.hasBlock(reference) else { return nil }
        let known = try snapshot.ids(in: reference)
        let ids = try snapshot.ids(targets.ids.of(reference).intersection(known), in: reference, named: targets.labels)
        if ids.isEmpty { return nil }
        let forgotten = try snapshot.retentionClasses()[definition.retentionClass]?.forgotten ?? TierCoverage()
        var writer = TierBlockWriter(reference.layer, start: reference.start)
        var isChanged = false
        for id in known {
            guard var windows = try snapshot.windows(of: id, in: reference) else { continue }
            if ids.contains(id) {
                let cut = try CutWindows.cut(windows, of: id, reference, range, forgotten.raw, snapshot)
                if let cut {
                    isChanged = true
                    windows = cut.rest
                    removed[id] = cut.lost
                }
            }
            // A series without windows is none of the block.
            if windows.count == 0 { continue }
            writer.add(id, windows)
        }
        guard isChanged else { return nil }
        bytes = writer.isEmpty ? nil : writer.finish()
    }

    /// What is left of a series' windows, and how many went of which no samples are kept; nil where all stay.
    private static func cut(
        _ windows: WindowColumns, of id: UInt32, _ reference: TierReference, _ range: TimeRange, _ forgotten: Int64,
        _ snapshot: Snapshot
    ) throws(StoreError) -> (rest: WindowColumns, lost: Int)? {
        let length = reference.layer.tier.windowMilliseconds
        let (min, max) = (range.min.milliseconds, range.max.milliseconds)
        var rest = WindowColumns()
        var lost = 0
        var isChanged = false
        for place in 0..<windows.count {
            let end = windows.ends[place]
            let start = end - length
            if end < min || start >= max {
                rest.append(windows, place..<place + 1)
            } else if start >= forgotten {
                // Its samples are kept: what is left of them tells what is left of it.
                let isWhole = start + 1 >= min && end <= max
                let part = isWhole ? nil : try remade(id, reference, after: start, through: end, snapshot)
                if let part { rest.append(part, 0..<part.count) }
                isChanged = isChanged || part.map { !$0.isLike(windows, at: place) } ?? true
            } else if start + 1 >= min, end <= max {
                isChanged = true
                lost += 1
            } else {
                rest.append(windows, place..<place + 1)
            }
        }
        return isChanged ? (rest, lost) : nil
    }

    /// The window of (`start`, `end`] made of the samples of its raw block; nil where there are none.
    private static func remade(
        _ id: UInt32, _ reference: TierReference, after start: Int64, through end: Int64, _ snapshot: Snapshot
    ) throws(StoreError) -> WindowColumns? {
        let block = Snapshot.BlockReference(group: reference.group, start: Block.spanStart(end))
        guard try snapshot.transaction.fingerprint(of: block).stripes > 0 else { return nil }
        var dayID: UInt32? = id
        if reference.layer.registrySpan == .thirtyDays {
            var registry = try snapshot.longRegistry(reference.start)
            let labels = try registry.labels(of: id, in: snapshot.transaction)
            dayID = try snapshot.dayID(of: labels, Block.day(of: block.start))
        }
        guard let dayID else { return nil }
        return try snapshot.windows(
            of: dayID, inSamples: block, reference.layer.tier, after: start, through: end)
    }

    /// Writes what is left in the block's place and raises the store's generation, so that a fold begins anew.
    /// - Returns: false, with nothing changed, where others have written meanwhile.
    func put(in store: Store, _ transaction: borrowing WriteTransaction) throws(StoreError) -> Bool {
        guard try transaction.superblock(of: store).generation == generation else { return false }
        if let bytes {
            try TierWrite(reference: reference, bytes: bytes).put(in: store, transaction)
        } else {
            try transaction.removeStripes(from: Key.tierBlock(reference, stripe: 0))
        }
        try transaction.raiseGeneration(of: store)
        return true
    }
}

extension WindowColumns {
    /// Whether its one window is made of as many samples as one of the same series.
    fileprivate func isLike(_ other: WindowColumns, at place: Int) -> Bool {
        count == 1 && counts[0] == other.counts[place] && isStale[0] == other.isStale[place]
            && lastTimes[0] == other.lastTimes[place]
    }
}

extension Snapshot {
    /// The blocks of windows of all groups that touch the range.
    func tierReferences(in range: TimeRange) throws(StoreError) -> [(TierReference, GroupDefinition)] {
        var found: [(TierReference, GroupDefinition)] = []
        let (min, max) = (range.min.milliseconds, range.max.milliseconds)
        for (group, definition) in try groups().sorted(by: { $0.key < $1.key }) {
            for layer in TierLayer.allCases {
                for reference in try tierReferences(layer, group: group)
                where reference.endSeconds * 1000 >= min && reference.start * 1000 < max {
                    found.append((reference, definition))
                }
            }
        }
        return found
    }

    /// The id that a day's registry gives a series; nil where the day has not seen it.
    func dayID(of labels: Labels, _ day: Int64) throws(StoreError) -> UInt32? {
        let matchers = labels.map { Matcher($0.name, equals: $0.value) }
        return try withRegistry(day) { registry throws(StoreError) in
            for id in try registry.ids(matching: matchers, in: transaction)
            where try registry.labels(of: id, in: transaction) == labels { return id }
            return nil
        }
    }

    /// The ids that have windows in blocks whose names are in the registry of the span.
    func idsWithWindows(_ span: RegistrySpan, from start: Int64) throws(StoreError) -> Set<UInt32> {
        var ids: Set<UInt32> = []
        let end = start + (span == .day ? Block.daySeconds : TierBlock.longSpanSeconds)
        for group in try groups().keys {
            for layer in TierLayer.allCases where layer.registrySpan == span {
                for reference in try tierReferences(layer, group: group, after: start, through: end) {
                    ids.formUnion(try self.ids(in: reference))
                }
            }
        }
        return ids
    }
}
