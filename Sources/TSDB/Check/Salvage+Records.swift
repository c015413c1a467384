import LMDB
import Model

extension Salvage {
    mutating func readGroups() throws(StoreError) {
        let damage = DamageList()
        groups = try Snapshot.groups(in: source.transaction, tolerating: damage)
        lose(damage)
    }

    /// The groups that are known, and those that samples were found of.
    mutating func writeGroups() throws(StoreError) {
        try write(groups.map { (Key.group($0.key), $0.value.encoded()) })
        report.count("groups", groups.count)
    }

    private mutating func use(group: UInt16) {
        guard !HeadScan.isFrame(group), groups[group] == nil else { return }
        // Its interval is not known any more; it only makes times a little longer on disk when it is wrong.
        groups[group] = GroupDefinition(intervalMilliseconds: 10_000, source: "salvaged")
        lose("group \(group)", "its record is lost; its samples go to a group of source `salvaged`")
    }

    mutating func copySmallRecords() throws(StoreError) {
        let kinds: [(Key.Kind, String, ([UInt8]) throws(CodecError) -> Void)] = [
            (.metadata, "metadata", { payload throws(CodecError) in _ = try Record.metadata(payload, name: "") }),
            (.retentionClass, "retention classes", { payload throws(CodecError) in _ = try RetentionClass(payload) }),
            (
                .event, "events",
                { payload throws(CodecError) in _ = try Record.event(payload, time: Timestamp(milliseconds: 0)) }
            ),
        ]
        for (kind, name, decode) in kinds {
            var records: [(key: [UInt8], payload: [UInt8])] = []
            var errors: [StoreError] = []
            let path = inspection.store.path
            try source.transaction.scan(from: [kind.rawValue]) { key, value throws(StoreError) in
                guard key.isKey(kind) else { return .stop }
                do throws(CodecError) {
                    guard let payload = Checksum.payload(of: value, key: key) else {
                        throw .malformed(position: 0, reason: "wrong checksum")
                    }
                    try decode(payload)
                    records.append((key.array(), payload))
                } catch {
                    errors.append(StoreError(error, path: path, record: RecordKind.title(of: key)))
                }
                return .next
            }
            for error in errors { lose(error) }
            try write(records)
            report.count(name, records.count)
        }
    }

    /// Rows that can be read on top of each other, from key row to key row.
    mutating func copyRows() throws(StoreError) {
        var first: [UInt16: Int64] = [:]
        try source.transaction.scan(from: [Key.Kind.headRow.rawValue]) { key, _ throws(StoreError) in
            guard let row = key.headRowKey() else { return key.isKey(.headRow) ? .next : .stop }
            if first[row.group] == nil { first[row.group] = row.time }
            return .next
        }
        for group in first.keys.sorted() { use(group: group) }
        var decoders: [UInt16: HeadRowDecoder] = [:]
        var frames = FrameRows()
        var records: [(key: [UInt8], payload: [UInt8])] = []
        var used: [Int64: Int] = [:]
        let damage = DamageList()
        try HeadScan.rows(entries: first, through: .max, tolerating: damage, in: source.transaction) {
            group, time, payload throws(CodecError) in
            if HeadScan.isFrame(group) {
                try frames.add(group, time, payload)
            } else {
                var decoder = decoders.removeValue(forKey: group) ?? HeadRowDecoder()
                try decoder.decode(payload)
                let day = Block.spanStart(time, length: Block.daySeconds)
                used[day] = max(used[day] ?? 0, decoder.ids.reduce(0) { max($0, Int($1) + 1) })
                decoders[group] = decoder
            }
            records.append((Key.headRow(time: time, group: group), payload))
        }
        lose(damage)
        for (day, count) in used { use(ids: count, at: day * 1000 + 1) }
        try write(records)
        report.count("rows", records.count)
    }

    mutating func copyLateBatches() throws(StoreError) {
        let damage = DamageList()
        var batches: [(sequence: UInt64, batch: LateBatch)] = []
        try source.forEachLateBatch(tolerating: damage) { sequence, batch throws(StoreError) in
            batches.append((sequence, batch))
        }
        lose(damage)
        for (_, batch) in batches {
            use(group: batch.group)
            use(ids: batch.series.map { Int($0.id) + 1 }.max() ?? 0, at: batch.day * 1000 + 1)
        }
        try write(batches.map { (Key.lateBatch($0.sequence), $0.batch.encoded()) })
        report.count("late batches", batches.count)
    }

    // MARK: - Blocks

    mutating func copyBlocks() throws(StoreError) {
        var names: [(group: UInt16, tier: UInt8, start: Int64)] = []
        try source.transaction.scan(from: [Key.Kind.block.rawValue]) { key, _ throws(StoreError) in
            guard let name = key.blockKey() else { return key.isKey(.block) ? .next : .stop }
            if let last = names.last, last == (name.group, name.tier, name.start) { return .next }
            names.append((name.group, name.tier, name.start))
            return .next
        }
        for name in names {
            let title = RecordKind.title(
                of: Key.block(group: name.group, tier: name.tier, start: name.start, stripe: 0))
            use(group: name.group)
            do throws(StoreError) {
                if name.tier == 0 {
                    try copyRawBlock(name.group, name.start, title)
                } else {
                    try copyWindows(name.group, name.tier, name.start, title)
                }
                report.count("blocks", 1)
            } catch {
                guard case .damaged = error else { throw error }
                let seconds = TierLayer(rawValue: name.tier)?.spanSeconds ?? Block.rawSpanSeconds
                let range = TimeRange(
                    minMilliseconds: name.start * 1000 + 1, maxMilliseconds: (name.start + seconds) * 1000)
                lose(error, costs: CheckReport.samples(in: range, of: name.tier == 0 ? "all of its samples" : "all"))
            }
        }
    }

    /// As it is where all of it decodes, else made anew of the series that do, and of what finer blocks have of the
    /// others: a block of windows hides those, so it has to have all that is left.
    private mutating func copyWindows(
        _ group: UInt16, _ tier: UInt8, _ start: Int64, _ title: String
    ) throws(StoreError) {
        let key = { Key.block(group: group, tier: tier, start: start, stripe: $0) }
        guard let layer = TierLayer(rawValue: tier) else { return try write(readAll(title, key: key), key: key) }
        let reference = TierReference(group: group, layer: layer, start: start)
        let damage = DamageList(writing: ())
        let whole = try damage.tolerating { () throws(StoreError) in
            let ids = try source.ids(in: reference)
            for id in ids { _ = try source.windows(of: id, in: reference) }
            return (ids, try readAll(title, key: key))
        }
        if let (ids, bytes) = whole {
            use(ids: ids.max().map { Int($0) + 1 } ?? 0, at: start * 1000 + 1, span: layer.registrySpan)
            return try write(bytes, key: key)
        }
        try remakeWindows(reference, key)
    }

    private mutating func remakeWindows(
        _ reference: TierReference, _ key: (UInt16) -> [UInt8]
    ) throws(StoreError) {
        let damage = DamageList(writing: ())
        let kept = try source.coverage(ofGroup: reference.group)
        var writer = TierBlockWriter(reference.layer, start: reference.start)
        var last: UInt32?
        if reference.layer.registrySpan == .thirtyDays {
            let labels = try self.labels(ofThirtyDays: reference.start)
            var ids = try source.ids(in: reference, or: kept, tolerating: damage)
            if !damage.isEmpty { ids = labels.indices.filter { !labels[$0].isEmpty }.map { UInt32($0) } }
            for id in ids {
                let name =
                    Int(id) < labels.count ? labels[Int(id)] : RegistryReader.lostSeries(Int(id), in: reference.start)
                let windows = try source.longWindows(of: id, name, in: reference, or: kept, tolerating: damage)
                writer.add(id, windows)
                if windows.count > 0 { last = id }
            }
        } else {
            for id in try dayIDs(reference, kept, damage) {
                let found = try source.windows(of: id, in: reference, or: kept, tolerating: damage)
                guard let windows = found, windows.count > 0 else { continue }
                writer.add(id, windows)
                last = id
            }
        }
        lose(damage)
        guard let last else { return }
        use(ids: Int(last) + 1, at: reference.start * 1000 + 1, span: reference.layer.registrySpan)
        try write(writer.finish(), key: key)
    }

    /// The ids of a block of one day's; where its own cannot be read, those that its group has in finer blocks.
    private func dayIDs(
        _ reference: TierReference, _ kept: TierCoverage, _ damage: DamageList
    ) throws(StoreError) -> [UInt32] {
        var ids = Set(try source.ids(in: reference, or: kept, tolerating: damage))
        if damage.isEmpty { return ids.sorted() }
        let (group, end) = (reference.group, reference.endSeconds)
        ids.formUnion(try source.rawIDs(group: group, after: reference.start, through: end, tolerating: damage))
        if reference.layer == .hourSlice {
            for minutes in try source.tierReferences(.minuteBlock, group: group, after: reference.start, through: end) {
                ids.formUnion(try source.ids(in: minutes, or: kept, tolerating: damage))
            }
        }
        return ids.sorted()
    }

    /// Names of thirty days by id, as far as they can be read; what is lost of them is told with the registry.
    private func labels(ofThirtyDays start: Int64) throws(StoreError) -> [Labels] {
        let damage = DamageList()
        var registry = try RegistryReader(
            start: start, stripeBytes: stripeBytes, span: .thirtyDays, tolerating: damage, in: source.transaction)
        return try registry.allLabels(tolerating: damage, in: source.transaction)
    }

    /// As it is where all of it decodes, else made anew of the series that do.
    private mutating func copyRawBlock(_ group: UInt16, _ start: Int64, _ title: String) throws(StoreError) {
        let reference = Snapshot.BlockReference(group: group, start: start)
        let key = { Key.block(group: group, tier: 0, start: start, stripe: $0) }
        let damage = DamageList()
        let columns = try source.columns(of: reference, tolerating: damage)
        source.forget(reference)
        use(ids: columns.keys.max().map { Int($0) + 1 } ?? 0, at: start * 1000 + 1)
        if damage.isEmpty { return try write(readAll(title, key: key), key: key) }
        lose(damage)
        if columns.isEmpty { return }
        let (times, series) = BlockAssembly.assemble(columns)
        var writer = BlockWriter()
        let interval = groups[group]?.intervalMilliseconds ?? 10_000
        try write(writer.encode(times: times, interval: interval, series: series), key: key)
    }

    mutating func copyFrameBlocks() throws(StoreError) {
        var names: [(tier: UInt8, start: Int64)] = []
        try source.transaction.scan(from: [Key.Kind.frameBlock.rawValue]) { key, _ throws(StoreError) in
            guard let name = key.frameBlockKey() else { return key.isKey(.frameBlock) ? .next : .stop }
            if let last = names.last, last == (name.tier, name.start) { return .next }
            names.append((name.tier, name.start))
            return .next
        }
        for name in names {
            let key = { Key.frameBlock(tier: name.tier, start: name.start, stripe: $0) }
            let reference = FrameBlockReference(tier: name.tier, start: name.start)
            let damage = DamageList()
            let frames = try source.frames(of: reference, tolerating: damage)
            lose(damage)
            if damage.isEmpty {
                try write(readAll(RecordKind.title(of: key(0)), key: key), key: key)
            } else if !frames.isEmpty {
                try write(FrameBlock.encode(frames), key: key)
            } else {
                continue
            }
            report.count("process blocks", 1)
        }
    }

    // MARK: - Registries

    /// Every registry that is there or that samples need, made anew with the same ids.
    mutating func copyRegistries() throws(StoreError) {
        var names = Set(idsUsed.keys)
        try source.transaction.scan(from: [Key.Kind.registry.rawValue]) { key, _ throws(StoreError) in
            guard let name = key.registryKey() else { return key.isKey(.registry) ? .next : .stop }
            names.insert(StoreCheck.RegistryName(span: name.span, start: name.start))
            return .next
        }
        for name in names.sorted(by: { ($0.span, $0.start) < ($1.span, $1.start) }) {
            guard let span = RegistrySpan(rawValue: name.span) else {
                lose("registry of \(name.start)", "span \(name.span) is not known")
                continue
            }
            let labels = try self.labels(of: name, span)
            if labels.isEmpty { continue }
            let bytes = RegistryWriter.encode(labels)
            try write(bytes) { Key.registry(span: span, start: name.start, stripe: $0) }
            report.count("registries", 1)
        }
    }

    /// The labels by id; those that are lost replaced.
    private mutating func labels(
        of name: StoreCheck.RegistryName, _ span: RegistrySpan
    ) throws(StoreError) -> [Labels] {
        let damage = DamageList()
        var registry = try RegistryReader(
            start: name.start, stripeBytes: stripeBytes, span: span, tolerating: damage, in: source.transaction)
        var labels = try registry.allLabels(tolerating: damage, in: source.transaction)
        for id in labels.count..<max(labels.count, idsUsed[name] ?? 0) {
            labels.append(RegistryReader.lostSeries(id, in: name.start))
        }
        var seen: Set<Labels> = []
        var nameless = 0
        // An empty name is that of a series that is gone, of which no sample is left.
        for id in labels.indices where !labels[id].isEmpty {
            let lost = RegistryReader.lostSeries(id, in: name.start)
            // One name twice would be one series with the samples of two.
            if !seen.insert(labels[id]).inserted { labels[id] = lost }
            if labels[id] == lost { nameless += 1 }
        }
        lose(damage)
        report.namelessSeries += nameless
        if nameless > 0 {
            lose(
                "registry of \(UTCText.format(seconds: name.start))", "\(nameless) series have lost their names",
                costs: "they are called lost_series in the new store")
        }
        return labels
    }
}
