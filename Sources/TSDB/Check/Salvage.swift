// What a damaged store still holds, copied into a new one. The file is read by its bytes (Inspection), lost pages and
// all; every record is decoded before it is believed. Ids keep their numbers, so a block whose registry is damaged
// keeps its samples: series without a name become {__name__="lost_series", id, day}.

import LMDB
import Model

/// What a salvage brought over, and what it did not.
package struct SalvageReport: Sendable {
    /// Things copied, by what they are: `("blocks", 12)`.
    package var copied: [(name: String, count: Int)] = []
    /// What is not in the new store, or not whole.
    package var losses: [CheckReport.Finding] = []
    /// Series that lost their names.
    package var namelessSeries = 0

    mutating func count(_ name: String, _ count: Int) {
        if let place = copied.firstIndex(where: { $0.name == name }) {
            copied[place].count += count
        } else if count > 0 {
            copied.append((name, count))
        }
    }
}

/// Copies what a damaged store still holds.
package struct Salvage {
    let inspection: Inspection
    let target: Store
    var report = SalvageReport()
    /// Ids that samples need names for: one above the highest, by registry.
    var idsUsed: [StoreCheck.RegistryName: Int] = [:]
    var groups: [UInt16: GroupDefinition] = [:]

    /// - Parameters:
    ///   - path: the data folder of the damaged store, which stays as it is.
    ///   - newPath: a folder that has no store yet.
    package static func run(
        from path: String, to newPath: String, progress: (String) -> Void = { _ in }
    ) throws(StoreError) -> SalvageReport {
        try run(to: newPath, progress) { () throws(StoreError) in try Inspection.ofStore(at: path, .recovered) }
    }

    /// As the other, of a file that `mon snapshot` made.
    package static func run(
        snapshotFile path: String, to newPath: String, progress: (String) -> Void = { _ in }
    ) throws(StoreError) -> SalvageReport {
        try run(to: newPath, progress) { () throws(StoreError) in try Inspection(snapshotFile: path, .recovered) }
    }

    private static func run(
        to newPath: String, _ progress: (String) -> Void, _ inspect: () throws(StoreError) -> Inspection
    ) throws(StoreError) -> SalvageReport {
        guard StoreFolder(path: newPath).generations().isEmpty else {
            throw .invalid("\(newPath) has a store already; choose a folder that has none")
        }
        progress("looking at the pages")
        let inspection = try inspect()
        let superblock = inspection.store.superblock
        if case .unknownFormat = inspection.superblockFault, let fault = inspection.superblockFault { throw fault }
        let host = HostIdentity(name: superblock.hostName, machineID: superblock.machineID)
        let target = try Store(at: newPath, access: .write(host))
        var salvage = Salvage(inspection: inspection, target: target)
        salvage.tellPageFaults()
        for (what, step) in steps {
            progress(what)
            try step(&salvage)
        }
        return salvage.report
    }

    /// THE list of what is copied. Registries come last: they must name whatever came before.
    private static let steps: [(String, @Sendable (inout Salvage) throws(StoreError) -> Void)] = [
        ("groups", { salvage throws(StoreError) in try salvage.readGroups() }),
        ("metadata and events", { salvage throws(StoreError) in try salvage.copySmallRecords() }),
        ("rows", { salvage throws(StoreError) in try salvage.copyRows() }),
        ("late batches", { salvage throws(StoreError) in try salvage.copyLateBatches() }),
        ("blocks", { salvage throws(StoreError) in try salvage.copyBlocks() }),
        ("process blocks", { salvage throws(StoreError) in try salvage.copyFrameBlocks() }),
        ("groups", { salvage throws(StoreError) in try salvage.writeGroups() }),
        ("registries", { salvage throws(StoreError) in try salvage.copyRegistries() }),
    ]

    private init(inspection: Inspection, target: Store) {
        self.inspection = inspection
        self.target = target
    }

    var source: Snapshot { inspection.snapshot }
    var stripeBytes: Int { inspection.store.superblock.stripeBytes }

    private mutating func tellPageFaults() {
        for fault in inspection.pageFaults { lose("page \(fault.page)", fault.reason) }
        for title in inspection.ambiguities {
            lose(title, "parts of several versions of it are there, and none tells which belong together")
        }
        if let fault = inspection.superblockFault { lose(fault) }
    }

    mutating func lose(_ record: String, _ reason: String, costs: String = "") {
        let finding = CheckReport.Finding(record: record, reason: reason, costs: costs)
        if !report.losses.contains(finding) { report.losses.append(finding) }
    }

    mutating func lose(_ error: StoreError, costs: String = "") {
        switch error {
        case .damaged(_, let record, let reason): lose(record, reason, costs: costs)
        case .unknownFormat(_, let record, let version): lose(record, "format \(version) is not known", costs: costs)
        default: lose("store", error.description, costs: costs)
        }
    }

    mutating func lose(_ damage: DamageList) {
        for loss in damage.losses {
            let what = loss.series > 0 ? "\(loss.series) series," : "samples"
            lose(loss.record, loss.reason, costs: loss.range.map { CheckReport.samples(in: $0, of: what) } ?? "")
        }
    }

    /// Has the registry of a time name the ids below `count`.
    mutating func use(ids count: Int, at milliseconds: Int64, span: RegistrySpan = .day) {
        let name = StoreCheck.RegistryName(
            span: span.rawValue, start: Block.spanStart(milliseconds, length: span.seconds))
        idsUsed[name] = max(idsUsed[name] ?? 0, count)
    }

    /// Writes records, some hundred a transaction.
    func write(_ records: [(key: [UInt8], payload: [UInt8])]) throws(StoreError) {
        var rest = records[...]
        while !rest.isEmpty {
            let part = rest.prefix(500)
            rest = rest.dropFirst(500)
            try target.write { transaction throws(StoreError) in
                for record in part { try transaction.put(record.key, payload: record.payload) }
            }
        }
    }

    /// Writes a byte string in stripes of the new store's size.
    func write(_ bytes: [UInt8], key: (UInt16) -> [UInt8]) throws(StoreError) {
        let stripeBytes = target.superblock.stripeBytes
        guard Stripes.fit(bytes.count, stripeBytes: stripeBytes) else {
            throw .invalid("a block of \(bytes.count) bytes is more than stripe numbers address")
        }
        try target.write { transaction throws(StoreError) in
            do throws(StorageError) {
                _ = try Stripes.write(bytes, stripeBytes: stripeBytes, key: key, in: transaction)
            } catch {
                throw StoreError(error)
            }
        }
    }

    /// A whole byte string.
    func readAll(_ record: String, key: @escaping (UInt16) -> [UInt8]) throws(StoreError) -> [UInt8] {
        var reader = StripedReader(stripeBytes: stripeBytes, record: record, key: key)
        return try reader.readAll(losing: { _, error throws(StoreError) in throw error }, in: source.transaction)
    }
}
