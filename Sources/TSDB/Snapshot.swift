import LMDB
package import Model

/// One consistent view of a store: one LMDB read transaction, and what was decoded of it so far.
/// Belongs to one thread at a time.
package final class Snapshot {
    let store: Store
    let transaction: ReadTransaction
    private let stripeBytes: Int
    private var registries: [Int64: RegistryReader] = [:]
    private var blocks: [BlockReference: OpenBlock] = [:]
    private let workspace = BlockReader.Workspace()
    private let view: ReadView?
    private var knownGroups: [UInt16: GroupDefinition]?
    /// What was damaged and is missing from what this snapshot answered so far.
    package let damage = DamageList()
    /// Whether a search goes on.
    var stopCheck = StopCheck()

    /// A reader in a place of its own: it is large, and what it has decoded is to stay with it.
    private final class OpenBlock {
        var reader: BlockReader
        init(_ reader: BlockReader) { self.reader = reader }
    }
    private var knownClasses: [UInt8: RetentionClass]?
    /// Blocks of windows that were opened; see Tiers/Snapshot+Tiers.swift.
    var tierBlocks: [TierReference: TierBlockReader] = [:]

    /// A raw block of one group.
    struct BlockReference: Hashable {
        var group: UInt16
        /// Start of its span in seconds.
        var start: Int64

        var minMilliseconds: Int64 { start * 1000 + 1 }
        var maxMilliseconds: Int64 { (start + Block.rawSpanSeconds) * 1000 }
    }

    init(_ store: Store) throws(StoreError) {
        self.store = store
        transaction = try store.beginRead()
        view = transaction.view
        stripeBytes = store.superblock.stripeBytes
    }

    /// A view of records that were found without LMDB.
    init(_ store: Store, of records: RecordMap) {
        self.store = store
        transaction = ReadTransaction(records, path: store.path)
        view = nil
        stripeBytes = store.superblock.stripeBytes
    }

    deinit {
        if let view, !blocks.isEmpty { store.decoded.keep(blocks.mapValues(\.reader), of: view) }
    }

    /// Grows with every commit of any process; two snapshots with the same number show the same data.
    package var commitNumber: Int { transaction.commitNumber }

    /// Forgets what was decoded to answer faster, for a reader that goes through the whole store. Not while a selection
    /// is being read.
    package func forgetDecoded() {
        registries.removeAll()
        blocks.removeAll()
    }

    // MARK: - What is there

    /// TYPE, HELP and UNIT of a metric; nil where nothing told them.
    package func metadata(of metric: String) throws(StoreError) -> MetricFamily? {
        if let family = FrameSeries.families.first(where: { $0.name == metric }) { return family }
        let key = Key.metadata(metric)
        // A longer name than a key may have is the name of no metric here.
        guard key.count <= Key.bytesMax else { return nil }
        let found = try tolerating { () throws(StoreError) in
            try transaction.payload(of: key, record: "metadata of \(metric)")
        }
        guard let payload = found ?? nil else { return nil }
        do throws(CodecError) {
            return try Record.metadata(payload, name: metric)
        } catch {
            try damage.tolerate(StoreError(error, path: store.path, record: "metadata of \(metric)"))
            return nil
        }
    }

    /// The events of `range` in order of time.
    package func events(in range: TimeRange) throws(StoreError) -> [Event] {
        var events: [Event] = []
        let path = store.path
        try transaction.scan(from: Key.event(time: range.min.milliseconds, sequence: 0)) {
            key, value throws(StoreError) in
            guard let event = key.eventKey(), event.time <= range.max.milliseconds else { return .stop }
            do throws(CodecError) {
                guard let payload = Checksum.payload(of: value, key: key) else {
                    throw .malformed(position: 0, reason: "wrong checksum")
                }
                events.append(try Record.event(payload, time: Timestamp(milliseconds: event.time)))
            } catch {
                let record = "event at \(UTCText.format(Timestamp(milliseconds: event.time)))"
                try damage.tolerate(StoreError(error, path: path, record: record))
            }
            return .next
        }
        return events
    }

    /// Time of the newest sample; nil in an empty store.
    package func newestSampleTime() throws(StoreError) -> Timestamp? {
        let row = try transaction.lastKey(before: [Key.Kind.headRow.rawValue + 1]) { $0.headRowKey() }
        var newest = row?.time
        try forEachLateBatch(tolerating: damage) { _, batch throws(StoreError) in
            newest = max(newest ?? .min, batch.maxTime)
        }
        // What was sealed is older than the head, but for a head that holds only what came late.
        for reference in try newestBlocks() where reference.maxMilliseconds > newest ?? .min {
            let times = try tolerating { () throws(StoreError) in try blockTimes(reference) } ?? []
            if let last = times.compactMap(\.last).max() { newest = max(newest ?? last, last) }
        }
        // Series of processes are made of frames.
        if let frame = try lastFrameTime() { newest = max(newest ?? frame, frame) }
        // Samples may be forgotten while their windows are kept.
        if let time = try newestWindowTime(after: newest) { newest = time }
        return newest.map { Timestamp(milliseconds: $0) }
    }

    /// Time of the oldest sample, be it one that windows or frames know of; nil in an empty store.
    package func oldestSampleTime() throws(StoreError) -> Timestamp? {
        var oldest: Int64?
        try transaction.scan(from: Key.headRow(time: .min, group: 0)) { key, _ throws(StoreError) in
            oldest = key.headRowKey()?.time
            return .stop
        }
        try forEachLateBatch(tolerating: damage) { _, batch throws(StoreError) in
            oldest = min(oldest ?? .max, batch.minTime)
        }
        let blocks = try blockReferences(in: .all)
        for block in blocks where block.start == blocks.first?.start {
            let times = try tolerating { () throws(StoreError) in try blockTimes(block) } ?? []
            if let time = times.compactMap(\.first).min() { oldest = min(oldest ?? time, time) }
        }
        if let time = try oldestWindowTime() { oldest = min(oldest ?? time, time) }
        if let time = try oldestFrameTime() { oldest = min(oldest ?? time, time) }
        return oldest.map { Timestamp(milliseconds: $0) }
    }

    // MARK: - Parts for selections

    func groups() throws(StoreError) -> [UInt16: GroupDefinition] {
        if let knownGroups { return knownGroups }
        let groups = try Snapshot.groups(in: transaction, tolerating: damage)
        knownGroups = groups
        return groups
    }

    /// The retention classes that have a record.
    func retentionClasses() throws(StoreError) -> [UInt8: RetentionClass] {
        if let knownClasses { return knownClasses }
        let classes = try RetentionClass.all(in: transaction, tolerating: damage)
        knownClasses = classes
        return classes
    }

    /// What `body` makes; nil where it meets damage, which is kept in ``damage``.
    /// - Parameter series: whether a series' samples are what is lost then.
    func tolerating<Value>(
        _ range: TimeRange? = nil, series: Bool = false, _ body: () throws(StoreError) -> Value
    ) throws(StoreError) -> Value? {
        try damage.tolerating(range, series: series, body)
    }

    /// - Parameter damage: a group whose record is damaged is one all the same, of the source `damaged`: its samples
    ///   can be read without it.
    static func groups(
        in transaction: borrowing ReadTransaction, tolerating damage: DamageList? = nil
    ) throws(StoreError) -> [UInt16: GroupDefinition] {
        var groups: [UInt16: GroupDefinition] = [:]
        let path = transaction.path
        try transaction.scan(from: Key.group(0)) { key, value throws(StoreError) in
            guard let number = key.groupKey() else { return .stop }
            do throws(CodecError) {
                guard let payload = Checksum.payload(of: value, key: key) else {
                    throw .malformed(position: 0, reason: "wrong checksum")
                }
                groups[number] = try GroupDefinition.decode(payload)
            } catch {
                let error = StoreError(error, path: path, record: "group \(number)")
                guard let damage else { throw error }
                try damage.tolerate(error)
                groups[number] = GroupDefinition(intervalMilliseconds: 10_000, source: "damaged")
            }
            return .next
        }
        return groups
    }

    /// Starts of the days in `range` that have a registry, in seconds, ascending.
    func registryDays(in range: TimeRange) throws(StoreError) -> [Int64] {
        try registryStarts(.day, in: range)
    }

    /// Runs `body` on the registry of a day, which is opened at first use.
    func withRegistry<Value>(
        _ day: Int64, _ body: (inout RegistryReader) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        var registry: RegistryReader
        if let known = registries.removeValue(forKey: day) {
            registry = known
        } else {
            registry = try RegistryReader(start: day, stripeBytes: stripeBytes, stop: stopCheck, in: transaction)
        }
        registry.stop = stopCheck
        let value = try body(&registry)
        registries[day] = registry
        return value
    }

    /// As ``withRegistry(_:_:)``; a registry that is damaged is passed over, and named in ``damage``.
    func toleratingRegistry(
        _ day: Int64, _ body: (inout RegistryReader) throws(StoreError) -> Void
    ) throws(StoreError) {
        do throws(StoreError) {
            try withRegistry(day, body)
        } catch {
            try damage.tolerate(error, range: TimeRange(day: day))
        }
    }

    /// The raw blocks that overlap `range`, by start; of one start those of imports first, then by group.
    ///
    /// A series is in a block of an import and in one of the agent only where the agent has recorded it after the
    /// import (invariant 2 of ``Importer``), so what is read last is what was written last.
    func blockReferences(in range: TimeRange) throws(StoreError) -> [BlockReference] {
        var found: [BlockReference] = []
        let firstStart = Block.spanStart(range.min.milliseconds)
        let lastStart = range.max.milliseconds / 1000
        let groups = try groups()
        let order = groups.sorted { ($0.value.isOfAgent ? 1 : 0, $0.key) < ($1.value.isOfAgent ? 1 : 0, $1.key) }
        for group in order.map(\.key) {
            let first = Key.block(group: group, tier: 0, start: firstStart, stripe: 0)
            try transaction.scan(from: first) { key, _ throws(StoreError) in
                guard let name = key.blockKey(), name.group == group, name.tier == 0, name.start <= lastStart else {
                    return .stop
                }
                found.append(BlockReference(group: group, start: name.start))
                return .seek(Key.block(group: group, tier: 0, start: name.start + 1, stripe: 0))
            }
        }
        // Stable: what was found first of one start stays first.
        return found.enumerated().sorted { ($0.element.start, $0.offset) < ($1.element.start, $1.offset) }
            .map(\.element)
    }

    /// Runs `body` on a block, which is opened at first use.
    func withBlock<Value>(
        _ reference: BlockReference, _ body: (inout BlockReader) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        if let known = blocks[reference] { return try body(&known.reader) }
        if let view, var reader = store.decoded.reader(of: reference, in: view) {
            reader.workspace = workspace
            let block = OpenBlock(reader)
            blocks[reference] = block
            return try body(&block.reader)
        }
        let block = OpenBlock(
            try BlockReader(
                stripeBytes: stripeBytes,
                record: "raw block of group \(reference.group) from \(UTCText.format(seconds: reference.start))",
                workspace: workspace,
                key: { Key.block(group: reference.group, tier: 0, start: reference.start, stripe: $0) },
                in: transaction))
        blocks[reference] = block
        return try body(&block.reader)
    }

    /// Forgets what was decoded of a block, for those who walk over all of them.
    func forget(_ reference: BlockReference) { blocks[reference] = nil }

    /// The time columns of a block.
    func blockTimes(_ reference: BlockReference) throws(StoreError) -> [[Int64]] {
        try withBlock(reference) { block throws(StoreError) in try block.allTimes(in: transaction) }
    }
}
