// The windows of a slice. Those of which the slice has all samples need not be in it: reading makes them anew. So a
// block of windows goes over whole where it is untouched, and is cut where samples of its span are forgotten.

import Model

extension SliceWriter {
    /// What is kept how long, and what is forgotten. A class says by its matchers which series are in it; with labels
    /// redacted they would tell what they are to hide, so any series may have been in any class then.
    func writeClasses() throws(StoreError) {
        for (number, var one) in try snapshot.retentionClasses() {
            if !request.redaction.isEmpty, !one.matchers.isEmpty {
                one.isActive = false
                one.matchers = []
            }
            try put(Key.retentionClass(number), one.encoded())
        }
    }

    /// A window that lies only partly in the range is left out, unless the slice has its samples.
    mutating func writeWindows() throws(StoreError) {
        let classes = try snapshot.retentionClasses()
        // Spans with samples that blocks of windows reach over, which would hide them: they get slices of their own.
        var covered: [UInt16: Set<Int64>] = [:]
        for (reference, definition) in try snapshot.tierReferences(in: request.range) {
            let bounds = TimeRange(
                minMilliseconds: reference.start * 1000 + 1, maxMilliseconds: reference.endSeconds * 1000)
            let isInside = request.range.min <= bounds.min && request.range.max >= bounds.max
            let group = reference.group
            func isWithin(_ span: Int64) -> Bool { span >= reference.start && span < reference.endSeconds }
            let changed = (remade[group] ?? []).filter(isWithin)
            let forgotten = classes[definition.retentionClass]?.forgotten.raw ?? .min
            let hasAllSamples = reference.start * 1000 >= forgotten
            if isWhole, isInside, changed.isEmpty {
                try copy(reference, countsWindows: !hasAllSamples)
            } else if !hasAllSamples {
                try writeCut(reference, late: changed.filter { $0 * 1000 < forgotten }.sorted())
                let own = (written[group] ?? []).filter { isWithin($0) && $0 * 1000 >= forgotten }
                covered[group, default: []].formUnion(own)
            }
        }
        for (group, spans) in covered.sorted(by: { $0.key < $1.key }) {
            for span in spans.sorted() { try writeSlice(group, span) }
        }
    }

    private mutating func copy(_ reference: TierReference, countsWindows: Bool) throws(StoreError) {
        try copyStripes(from: Key.tierBlock(reference, stripe: 0))
        for id in try snapshot.ids(in: reference) {
            try note(id, in: reference)
            if countsWindows { report.windows += try snapshot.windows(of: id, in: reference)?.count ?? 0 }
        }
    }

    /// The minutes of a span whose samples are in the slice.
    private mutating func writeSlice(_ group: UInt16, _ span: Int64) throws(StoreError) {
        let reference = TierReference(group: group, layer: .minuteSlice, start: span)
        var writer = TierBlockWriter(.minuteSlice, start: span)
        for (id, samples) in try columns(group, span).sorted(by: { $0.key < $1.key }) {
            writer.add(id, Rollup.windows(of: samples, .minute))
        }
        if !writer.isEmpty { try put(writer.finish()) { Key.tierBlock(reference, stripe: $0) } }
    }

    /// - Parameter spans: those of which late samples are in the slice and the others are forgotten.
    private mutating func writeCut(_ reference: TierReference, late spans: [Int64]) throws(StoreError) {
        let length = reference.layer.tier.windowMilliseconds
        let (min, max) = (request.range.min.milliseconds, request.range.max.milliseconds)
        var late: [(span: Int64, columns: [UInt32: SampleColumn])] = []
        for span in spans { late.append((span, try columns(reference.group, span))) }
        var writer = TierBlockWriter(reference.layer, start: reference.start)
        for id in try snapshot.ids(in: reference) where try isWanted(id, in: reference) {
            guard let stored = try snapshot.windows(of: id, in: reference) else { continue }
            var windows = WindowColumns()
            for place in 0..<stored.count where stored.ends[place] - length + 1 >= min && stored.ends[place] <= max {
                windows.append(stored, place..<place + 1)
            }
            for (span, columns) in late {
                guard let day = try dayID(of: id, in: reference, at: span), let samples = columns[day] else { continue }
                windows.mix(Rollup.windows(of: samples, reference.layer.tier))
            }
            if windows.count == 0 { continue }
            report.windows += windows.count
            writer.add(id, windows)
            try note(id, in: reference)
        }
        if !writer.isEmpty { try put(writer.finish()) { Key.tierBlock(reference, stripe: $0) } }
    }

    private mutating func note(_ id: UInt32, in reference: TierReference) throws(StoreError) {
        if reference.layer.registrySpan == .thirtyDays {
            try note(id, thirtyDays: reference.start, try longLabels(id, reference))
        } else {
            try note(id, Block.day(of: reference.start), 0)
        }
    }

    private mutating func longLabels(_ id: UInt32, _ reference: TierReference) throws(StoreError) -> Labels {
        if longLabels[reference.start] == nil {
            var registry = try snapshot.longRegistry(reference.start)
            longLabels[reference.start] = try registry.allLabels(in: snapshot.transaction)
        }
        guard let labels = longLabels[reference.start], Int(id) < labels.count else {
            throw .damaged(
                path: snapshot.store.path, record: reference.record, reason: "series \(id) of no registry")
        }
        return labels[Int(id)]
    }

    private mutating func isWanted(_ id: UInt32, in reference: TierReference) throws(StoreError) -> Bool {
        if reference.layer.registrySpan == .day {
            return try wantedIDs(Block.day(of: reference.start)).contains(id)
        }
        let labels = try longLabels(id, reference)
        let selectors = request.selectors
        return selectors.isEmpty || selectors.contains { matchers in matchers.allSatisfy { $0.matches(labels) } }
    }

    /// The id of a series of a block of windows in the registry of the day that a span is in.
    private mutating func dayID(
        of id: UInt32, in reference: TierReference, at span: Int64
    ) throws(StoreError) -> UInt32? {
        if reference.layer.registrySpan == .day { return id }
        return try snapshot.dayID(of: try longLabels(id, reference), Block.day(of: span))
    }
}
