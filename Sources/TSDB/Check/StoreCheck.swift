import LMDB
import Model

/// Verifies a store: the pages of its file, the checksum of every value, and what the values say together. Reads the
/// file by its bytes (``Inspection``), so that damage is a finding and never the end of the process; may run beside a
/// recorder, and looks at one commit then.
///
/// Cost: reads and decodes all there is.
package struct StoreCheck {
    let inspection: Inspection
    var report = CheckReport()
    /// Number of series of each registry, by start; nil where it cannot be read.
    var seriesCounts: [RegistryName: Int?] = [:]
    var groups: [UInt16: GroupDefinition] = [:]
    private let progress: (String) -> Void

    /// A registry, as keys name it.
    struct RegistryName: Hashable {
        var span: UInt8
        var start: Int64
    }

    /// - Parameters:
    ///   - path: the data folder.
    ///   - progress: is told what is looked at next.
    /// - Throws: where there is no store to look at.
    package static func run(
        at path: String, progress: @escaping (String) -> Void = { _ in }
    ) throws(StoreError) -> CheckReport {
        progress("the pages of the file")
        let inspection = try Inspection.ofStore(at: path, .reachable)
        return try run(inspection, progress)
    }

    /// As ``run(at:progress:)``, of the one file that `mon snapshot` made.
    package static func run(
        snapshotFile path: String, progress: @escaping (String) -> Void = { _ in }
    ) throws(StoreError) -> CheckReport {
        progress("the pages of the file")
        return try run(try Inspection(snapshotFile: path), progress)
    }

    static func run(
        _ inspection: Inspection, _ progress: @escaping (String) -> Void = { _ in }
    ) throws(StoreError) -> CheckReport {
        var check = StoreCheck(inspection: inspection, progress: progress)
        check.checkPages()
        try check.checkValues()
        for kind in RecordChecks.all {
            progress(kind.what)
            try kind.check(&check)
        }
        return check.report
    }

    private init(inspection: Inspection, progress: @escaping (String) -> Void) {
        self.inspection = inspection
        self.progress = progress
    }

    var snapshot: Snapshot { inspection.snapshot }
    var stripeBytes: Int { inspection.store.superblock.stripeBytes }

    private mutating func checkPages() {
        for fault in inspection.pageFaults {
            let keys = fault.keys
            report.add(
                "page \(fault.page)", fault.reason,
                costs: keys.map { RecordKind.range($0) } ?? (fault.page < 2 ? "the newest commit, perhaps" : ""))
        }
        guard let walk = inspection.walk else {
            report.add("the file", "neither of its meta pages can be read", costs: "everything")
            return
        }
        report.pages = 2 + walk.branchPages + walk.leafPages + walk.overflowPages + walk.freeListPages
        report.bytes = report.pages * walk.meta.pageBytes
        let lost = walk.lostPages
        if let first = lost.first, walk.faults.isEmpty {
            report.add("page \(first)", "it and \(lost.count - 1) more are neither in use nor free")
        }
    }

    /// Every key is of a known kind, every value has its checksum.
    private mutating func checkValues() throws(StoreError) {
        progress("the checksums of all values")
        var report = self.report
        try snapshot.transaction.scan(from: []) { key, value throws(StoreError) in
            report.records += 1
            guard let kind = RecordKind.of(key), let title = kind.title(key) else {
                report.add(RecordKind.title(of: key), "its key is none that is known")
                return .next
            }
            if Checksum.payloadCount(of: value, key: key) == nil { report.add(title, "wrong checksum") }
            return .next
        }
        self.report = report
    }
}
