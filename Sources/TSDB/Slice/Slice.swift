// A slice: one file with a part of a store, or all of it, for somebody else. The same format: an LMDB file of the same
// records, whose superblock says *snapshot*. Everything in it is sealed: rows of the head and late batches are in its
// blocks. It is complete before it has a name, and never written again, so it is read without a lock file, from any
// folder and any medium.
//
// What lies wholly within the slice is taken over stripe by stripe; what does not is read, cut and encoded anew.

import Glibc
import LMDB
package import Model

/// What part of a store, and what of it is not told.
package struct SliceRequest: Sendable {
    package var range: TimeRange
    /// A series that satisfies all matchers of one of them is in it; without any, all are.
    package var selectors: [[Matcher]]
    package var redaction: Redaction

    package init(range: TimeRange = .all, selectors: [[Matcher]] = [], redaction: Redaction = Redaction([:])) {
        self.range = range
        self.selectors = selectors
        self.redaction = redaction
    }
}

/// What a slice holds.
package struct SliceReport: Hashable, Sendable {
    package var series = 0
    package var samples = 0
    /// Windows whose samples are not in it.
    package var windows = 0
    package var frames = 0
    package var bytes = 0

    /// Nothing in the store was asked for.
    package var isEmpty: Bool { samples == 0 && windows == 0 && frames == 0 }
}

extension Snapshot {
    /// Writes a slice to `path`, where nothing may be yet; one that is empty is not left there.
    ///
    /// Memory: one block's samples at a time.
    /// - Throws: ``StoreError/invalid(_:)`` where a redaction makes two series the same, or the path is taken; what
    ///   writing brings. Nothing is at `path` then.
    package func writeSlice(_ request: SliceRequest, to path: String) throws(StoreError) -> SliceReport {
        // access(2) reads the path during the call only.
        if unsafe access(path, F_OK) == 0 {
            throw .invalid("\(path) is there already; remove it, or choose another name")
        }
        let file = try UnfinishedFile(path, mode: 0o660)
        var writer = try SliceWriter(request, from: self, to: path, at: file.place)
        var report = try writer.write()
        report.bytes = try writer.finish()
        if !report.isEmpty { try file.finish(replacing: false) }
        return report
    }
}

struct SliceWriter: ~Copyable {
    let request: SliceRequest
    let snapshot: Snapshot
    private let file: Environment
    private let stripeBytes: Int
    var report = SliceReport()
    /// The labels of each day's series in the slice, by id; empty where one is not in it.
    private var names: [Int64: [Labels]] = [:]
    /// As ``names``, for registries of thirty days.
    private var longNames: [Int64: [Labels]] = [:]
    /// Ids that are in the slice, by day; found when the day is first asked for.
    private var wanted: [Int64: Set<UInt32>] = [:]
    private var originals: [Labels: Labels] = [:]
    /// The store's names of thirty days, by their start.
    var longLabels: [Int64: [Labels]] = [:]
    /// All late batches: what waits for its merge is a few MB at most.
    private var late: [LateBatch] = []
    /// Spans that have samples in the slice, by group.
    private(set) var written: [UInt16: Set<Int64>] = [:]
    /// Spans, by group, whose block in the slice is not the store's: rows and late samples are in it.
    private(set) var remade: [UInt16: Set<Int64>] = [:]

    /// - Parameter place: where the file is as long as it is not complete.
    init(_ request: SliceRequest, from snapshot: Snapshot, to path: String, at place: String) throws(StoreError) {
        var request = request
        request.redaction.host = snapshot.store.host
        let file = try converting { () throws(StorageError) in
            try Environment(path: path, at: place, access: .writeSnapshot, mapBytes: Store.mapBytes)
        }
        self.request = request
        self.snapshot = snapshot
        self.file = file
        stripeBytes = snapshot.store.superblock.stripeBytes
    }

    /// The whole store, and no label touched: blocks go over as they are.
    var isWhole: Bool { request.selectors.isEmpty && request.redaction.isEmpty }

    mutating func write() throws(StoreError) -> SliceReport {
        var superblock = try snapshot.currentSuperblock()
        superblock.state = .snapshot
        superblock.hostName = request.redaction.redact(superblock.hostName, of: Redaction.hostLabel)
        superblock.machineID = request.redaction.redact(superblock.machineID, of: Redaction.hostLabel)
        try put(Key.superblock, superblock.encoded())
        for (group, definition) in try snapshot.groups() { try put(Key.group(group), definition.encoded()) }
        try readLateBatches()
        try writeClasses()
        for (group, span) in try groupSpans() { try writeBlock(group, span) }
        try writeWindows()
        try writeFrames()
        try writeEvents()
        try writeNames()
        report.series = Set(names.values.joined()).union(longNames.values.joined()).subtracting([.empty]).count
        return report
    }

    /// Makes the file safe from a power cut.
    consuming func finish() throws(StoreError) -> Int {
        do throws(StorageError) {
            try file.sync()
            let statistics = try file.statistics()
            return statistics.filePages * statistics.pageBytes
        } catch {
            throw StoreError(error)
        }
    }

    func put(_ key: [UInt8], _ payload: [UInt8]) throws(StoreError) {
        try file.write(wrap: { StoreError($0) }) { transaction throws(StoreError) in
            try transaction.put(key, payload: payload)
        }
    }

    func put(_ bytes: [UInt8], key: (UInt16) -> [UInt8]) throws(StoreError) {
        guard Stripes.fit(bytes.count, stripeBytes: stripeBytes) else {
            throw .invalid("a block of \(bytes.count) bytes is more than stripe numbers address")
        }
        try file.write(wrap: { StoreError($0) }) { transaction throws(StoreError) in
            do throws(StorageError) {
                _ = try Stripes.write(bytes, stripeBytes: stripeBytes, key: key, in: transaction)
            } catch {
                throw StoreError(error)
            }
        }
    }

    /// Takes the stripes of a byte string over, from the first one's key on.
    func copyStripes(from first: [UInt8]) throws(StoreError) {
        var records: [(key: [UInt8], value: [UInt8])] = []
        try snapshot.transaction.scan(from: first) { key, value throws(StoreError) in
            guard key.isStripe(ofSameAs: first) else { return .stop }
            records.append((key.array(), value.array()))
            return .next
        }
        try file.write(wrap: { StoreError($0) }) { transaction throws(StoreError) in
            do throws(StorageError) {
                for record in records { try transaction.put(record.key, record.value) }
            } catch {
                throw StoreError(error)
            }
        }
    }

    // MARK: - Samples

    private mutating func readLateBatches() throws(StoreError) {
        var batches: [LateBatch] = []
        try snapshot.forEachLateBatch { _, batch throws(StoreError) in batches.append(batch) }
        late = batches
    }

    /// The groups and spans that have something in the range: blocks, rows or late samples.
    private func groupSpans() throws(StoreError) -> [(UInt16, Int64)] {
        var found: Set<[Int64]> = []
        let range = request.range
        for block in try snapshot.blockReferences(in: range) { found.insert([Int64(block.group), block.start]) }
        try snapshot.transaction.scan(from: Key.headRow(time: .min, group: 0)) { key, _ throws(StoreError) in
            guard let row = key.headRowKey() else { return .stop }
            if !HeadScan.isFrame(row.group), range.contains(Timestamp(milliseconds: row.time)) {
                found.insert([Int64(row.group), Block.spanStart(row.time)])
            }
            return .next
        }
        for batch in late { for span in batch.spans { found.insert([Int64(batch.group), span]) } }
        return found.sorted { ($0[0], $0[1]) < ($1[0], $1[1]) }.map { (UInt16($0[0]), $0[1]) }
    }

    private mutating func writeBlock(_ group: UInt16, _ span: Int64) throws(StoreError) {
        let reference = Snapshot.BlockReference(group: group, start: span)
        let bounds = TimeRange(span: span)
        let hasBlock = try snapshot.transaction.fingerprint(of: reference).stripes > 0
        let rows = try HeadRows(
            group: group, from: bounds.min.milliseconds, through: bounds.max.milliseconds, in: snapshot)
        let late = lateColumns(group, span)
        let day = Block.day(of: span)
        if rows != nil || !late.isEmpty { remade[group, default: []].insert(span) }
        let isInside = request.range.min <= bounds.min && request.range.max >= bounds.max
        if isWhole, isInside, hasBlock, rows == nil, late.isEmpty {
            try copyStripes(from: Key.block(group: group, tier: 0, start: span, stripe: 0))
            let counts = try snapshot.withBlock(reference) { block throws(StoreError) -> [(UInt32, Int)] in
                try block.allEntries(in: snapshot.transaction).map { ($0.id, block.sampleCount($0)) }
            }
            for (id, count) in counts { try note(id, day, count) }
            written[group, default: []].insert(span)
            return
        }
        let columns = try columns(group, span, hasBlock: hasBlock, rows, late)
        if columns.isEmpty { return }
        written[group, default: []].insert(span)
        for (id, column) in columns { try note(id, day, column.count) }
        let (times, series) = BlockAssembly.assemble(columns)
        var writer = BlockWriter()
        let interval = try snapshot.groups()[group]?.intervalMilliseconds ?? 1000
        let bytes = writer.encode(times: times, interval: interval, series: series)
        try put(bytes) { Key.block(group: group, tier: 0, start: span, stripe: $0) }
    }

    /// The samples of a span that the slice has: those of the block, of rows and of late batches.
    mutating func columns(_ group: UInt16, _ span: Int64) throws(StoreError) -> [UInt32: SampleColumn] {
        let bounds = TimeRange(span: span)
        let reference = Snapshot.BlockReference(group: group, start: span)
        return try columns(
            group, span, hasBlock: try snapshot.transaction.fingerprint(of: reference).stripes > 0,
            HeadRows(group: group, from: bounds.min.milliseconds, through: bounds.max.milliseconds, in: snapshot),
            lateColumns(group, span))
    }

    private mutating func columns(
        _ group: UInt16, _ span: Int64, hasBlock: Bool, _ rows: HeadRows?, _ late: [UInt32: SampleColumn]
    ) throws(StoreError) -> [UInt32: SampleColumn] {
        let day = Block.day(of: span)
        let reference = Snapshot.BlockReference(group: group, start: span)
        var columns = hasBlock ? try snapshot.columns(of: reference) : [:]
        for (id, column) in (rows?.columns() ?? [:]).sorted(by: { $0.key < $1.key }) {
            columns[id, default: SampleColumn()].timestamps += column.timestamps
            columns[id]?.values += column.values
        }
        for (id, column) in late {
            columns[id, default: SampleColumn()].timestamps += column.timestamps
            columns[id]?.values += column.values
        }
        let ids = try wantedIDs(day)
        for (id, column) in columns {
            var cut = SampleColumn()
            if ids.contains(id) {
                for place in column.timestamps.indices
                where request.range.contains(Timestamp(milliseconds: column.timestamps[place])) {
                    cut.append(column.timestamps[place], column.values[place])
                }
            }
            cut.normalize()
            columns[id] = cut.count == 0 ? nil : cut
        }
        return columns
    }

    private func lateColumns(_ group: UInt16, _ span: Int64) -> [UInt32: SampleColumn] {
        var columns: [UInt32: SampleColumn] = [:]
        for batch in late where batch.group == group {
            for one in batch.split(span: span).taken.series {
                columns[one.id, default: SampleColumn()].timestamps += one.times
                columns[one.id]?.values += one.values
            }
        }
        return columns
    }

    // MARK: - Names

    mutating func wantedIDs(_ day: Int64) throws(StoreError) -> Set<UInt32> {
        if let known = wanted[day] { return known }
        var ids: Set<UInt32> = []
        let selectors = request.selectors.isEmpty ? [[]] : request.selectors
        try snapshot.withRegistry(day) { registry throws(StoreError) in
            for matchers in selectors { ids.formUnion(try registry.ids(matching: matchers, in: snapshot.transaction)) }
        }
        wanted[day] = ids
        return ids
    }

    /// Enters a series that has samples in the slice.
    mutating func note(_ id: UInt32, _ day: Int64, _ samples: Int) throws(StoreError) {
        report.samples += samples
        if names[day]?.has(id) == true { return }
        let original = try snapshot.withRegistry(day) { registry throws(StoreError) in
            try registry.labels(of: id, in: snapshot.transaction)
        }
        names[day, default: []].enter(id, try told(original))
    }

    /// Enters a series of a registry of thirty days.
    mutating func note(_ id: UInt32, thirtyDays start: Int64, _ original: Labels) throws(StoreError) {
        if longNames[start]?.has(id) == true { return }
        longNames[start, default: []].enter(id, try told(original))
    }

    private mutating func told(_ original: Labels) throws(StoreError) -> Labels {
        let told = request.redaction.redact(original)
        if originals[told, default: original] != original || told.isEmpty {
            throw .invalid("without what is redacted \(original) and others are the same series; use hash for it")
        }
        originals[told] = original
        return told
    }

    private func writeNames() throws(StoreError) {
        for (span, byStart) in [(RegistrySpan.day, names), (.thirtyDays, longNames)] {
            for (start, labels) in byStart.sorted(by: { $0.key < $1.key }) {
                let bytes = RegistryWriter.encode(labels)
                guard Stripes.fit(bytes.count, stripeBytes: stripeBytes, limit: Key.firstTailStripe) else {
                    throw .invalid("a registry exceeds what stripe numbers address")
                }
                try put(bytes) { Key.registry(span: span, start: start, stripe: $0) }
            }
        }
        var metrics: Set<String> = []
        for labels in Array(names.values.joined()) + Array(longNames.values.joined()) {
            if let name = labels.metricName { metrics.insert(name) }
        }
        for metric in metrics.sorted() {
            if let family = try snapshot.metadata(of: metric) { try put(Key.metadata(metric), Record.metadata(family)) }
        }
    }

    // MARK: - Processes and events

    /// Frames are in it where all series are, or a selector asks for series of processes.
    private var hasFrames: Bool {
        request.selectors.isEmpty
            || request.selectors.contains { matchers in
                FrameSeries.families.contains { family in
                    matchers.allSatisfy { $0.name != Labels.metricNameLabel || $0.matches(family.name) }
                }
            }
    }

    private mutating func writeFrames() throws(StoreError) {
        guard hasFrames else { return }
        let range = request.range
        var rows: [Int64: [ProcessFrame]] = [:]
        for frame in try snapshot.frameRows(in: range) {
            rows[Block.spanStart(frame.time.milliseconds), default: []].append(frame)
        }
        for block in try snapshot.frameBlocks(in: range) {
            let late = block.tier == 0 ? rows.removeValue(forKey: block.start) ?? [] : []
            try write(ProcessFrame.merged(try snapshot.frames(of: block), late), as: block)
        }
        for (start, frames) in rows.sorted(by: { $0.key < $1.key }) {
            try write(frames, as: FrameBlockReference(tier: 0, start: start))
        }
    }

    /// Those of them that are in the range.
    private mutating func write(_ all: [ProcessFrame], as block: FrameBlockReference) throws(StoreError) {
        let frames = all.filter { request.range.contains($0.time) }.map { request.redaction.redact($0) }
        if frames.isEmpty { return }
        report.frames += frames.count
        try put(FrameBlock.encode(frames)) { Key.frameBlock(tier: block.tier, start: block.start, stripe: $0) }
    }

    private func writeEvents() throws(StoreError) {
        let events = try snapshot.events(in: request.range).map { request.redaction.redact($0) }
        try file.write(wrap: { StoreError($0) }) { transaction throws(StoreError) in try transaction.append(events) }
    }
}

extension [Labels] {
    fileprivate func has(_ id: UInt32) -> Bool { Int(id) < count && !self[Int(id)].isEmpty }

    /// Ids without a series between have no name.
    fileprivate mutating func enter(_ id: UInt32, _ labels: Labels) {
        while count <= Int(id) { append(.empty) }
        self[Int(id)] = labels
    }
}
