import LMDB
import Model

extension StoreCheck {
    /// A block's name in its keys.
    private struct BlockName: Hashable {
        var group: UInt16
        var tier: UInt8
        var start: Int64
    }

    /// Every block's stripes are whole, every chunk decodes, every series has a name and samples in the block's span.
    mutating func checkBlocks() throws(StoreError) {
        var names: [BlockName] = []
        var report = self.report
        let stripeBytes = stripeBytes
        var stripe = 0
        var isShort = false
        try snapshot.transaction.scan(from: [Key.Kind.block.rawValue]) { key, value throws(StoreError) in
            guard let name = key.blockKey() else { return key.isKey(.block) ? .next : .stop }
            let one = BlockName(group: name.group, tier: name.tier, start: name.start)
            if names.last != one {
                names.append(one)
                (stripe, isShort) = (0, false)
            }
            if Int(name.stripe) != stripe || isShort {
                report.add(
                    RecordKind.title(of: key), "stripe \(stripe) is missing or short",
                    costs: "the chunks that touch it")
            }
            isShort = value.byteCount < stripeBytes
            stripe = Int(name.stripe) + 1
            return .next
        }
        self.report = report
        for name in names { try checkBlock(name) }
    }

    private mutating func checkBlock(_ name: BlockName) throws(StoreError) {
        let key = Key.block(group: name.group, tier: name.tier, start: name.start, stripe: 0)
        let title = RecordKind.title(of: key)
        expectGroup(name.group, of: title)
        guard RecordKind.all.contains(where: { $0.kind == .block && $0.tiers?.contains(name.tier) == true }) else {
            report.add(title, "tier \(name.tier) is not known; use a newer mon")
            return
        }
        if name.tier != Tier.raw.rawValue { return }
        let span = TimeRange(span: name.start)
        if Block.spanStart(span.min.milliseconds) != name.start { report.add(title, "its start is not that of a span") }
        let reference = Snapshot.BlockReference(group: name.group, start: name.start)
        do throws(StoreError) {
            let ids = try checkEntries(reference, title, span)
            expectIDs(ids, at: span.min.milliseconds, of: title)
        } catch {
            report.add(error, costs: CheckReport.samples(in: span, of: "all samples of group \(name.group)"))
        }
    }

    /// - Returns: the ids of the series.
    private mutating func checkEntries(
        _ reference: Snapshot.BlockReference, _ title: String, _ span: TimeRange
    ) throws(StoreError) -> [UInt32] {
        var report = self.report
        let snapshot = snapshot
        let ids = try snapshot.withBlock(reference) { block throws(StoreError) in
            var ids: [UInt32] = []
            var decoder = ChunkDecoder()
            var values: [Double] = []
            var column = SampleColumn()
            _ = try block.allTimes(in: snapshot.transaction)
            for segment in 0..<block.segmentCount {
                let entries: [BlockReader.Entry]
                do throws(StoreError) {
                    entries = try block.segment(segment, in: snapshot.transaction)
                } catch {
                    report.add(error, costs: CheckReport.samples(in: span, of: "up to 256 series,"))
                    continue
                }
                for entry in entries {
                    if let last = ids.last, last >= entry.id { report.add(title, "its ids do not ascend") }
                    ids.append(entry.id)
                    column.removeAll()
                    do throws(StoreError) {
                        try block.read(
                            entry, from: .min, through: .max, using: &decoder, &values, into: &column,
                            in: snapshot.transaction)
                    } catch {
                        report.add(error, costs: CheckReport.samples(in: span, of: "series \(entry.id)"))
                        continue
                    }
                    let (first, last) = (column.timestamps.first, column.timestamps.last)
                    report.count(samples: column.count, from: first, through: last)
                    if let first, let last, first < span.min.milliseconds || last > span.max.milliseconds {
                        report.add(title, "series \(entry.id) has samples outside the block's span")
                    }
                }
            }
            if ids.count != block.seriesCount {
                report.add(title, "it says that it has \(block.seriesCount) series, and has \(ids.count)")
            } else if try !block.endsBehindItsChunks(in: snapshot.transaction) {
                report.add(title, "it does not end with its last chunk")
            }
            return ids
        }
        self.report = report
        return ids
    }

    mutating func checkFrameBlocks() throws(StoreError) {
        var names: [(tier: UInt8, start: Int64)] = []
        try snapshot.transaction.scan(from: [Key.Kind.frameBlock.rawValue]) { key, _ throws(StoreError) in
            guard let name = key.frameBlockKey() else { return key.isKey(.frameBlock) ? .next : .stop }
            if names.last?.start != name.start || names.last?.tier != name.tier {
                names.append((name.tier, name.start))
            }
            return .next
        }
        for name in names {
            let title = RecordKind.title(of: Key.frameBlock(tier: name.tier, start: name.start, stripe: 0))
            guard RecordKind.all.contains(where: { $0.kind == .frameBlock && $0.tiers?.contains(name.tier) == true })
            else {
                report.add(title, "tier \(name.tier) is not known; use a newer mon")
                continue
            }
            let reference = FrameBlockReference(tier: name.tier, start: name.start)
            let damage = DamageList()
            let frames = try snapshot.frames(of: reference, tolerating: damage)
            report.frames += frames.count
            if frames.contains(where: { !reference.range.contains($0.time) }) {
                report.add(title, "it has frames outside its span")
            }
            if zip(frames, frames.dropFirst()).contains(where: { $0.time >= $1.time }) {
                report.add(title, "its frames are out of order")
            }
            report.add(damage)
        }
    }
}
