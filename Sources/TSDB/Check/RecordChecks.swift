import LMDB
import Model

/// How each kind of record is verified. THE list, in an order in which what is needed comes first.
struct RecordChecks: Sendable {
    /// What is looked at, for the progress of a check.
    let what: String
    let check: @Sendable (inout StoreCheck) throws(StoreError) -> Void

    static let all: [RecordChecks] = [
        RecordChecks(what: "the superblock") { check in check.checkSuperblock() },
        RecordChecks(what: "the groups") { check throws(StoreError) in try check.checkGroups() },
        RecordChecks(what: "the retention classes") { check throws(StoreError) in try check.checkClasses() },
        RecordChecks(what: "the registries") { check throws(StoreError) in try check.checkRegistries() },
        RecordChecks(what: "metadata, events and changes") { check throws(StoreError) in try check.checkSmallRecords()
        },
        RecordChecks(what: "the rows of the head") { check throws(StoreError) in try check.checkRows() },
        RecordChecks(what: "the process rows") { check throws(StoreError) in try check.checkFrameRows() },
        RecordChecks(what: "the late batches") { check throws(StoreError) in try check.checkLateBatches() },
        RecordChecks(what: "the blocks") { check throws(StoreError) in try check.checkBlocks() },
        RecordChecks(what: "the windows") { check throws(StoreError) in try check.checkWindows() },
        RecordChecks(what: "the process blocks") { check throws(StoreError) in try check.checkFrameBlocks() },
    ]
}

extension StoreCheck {
    mutating func checkSuperblock() {
        if let fault = inspection.superblockFault { report.add(fault, costs: "the whole store, until it is salvaged") }
    }

    mutating func checkGroups() throws(StoreError) {
        let damage = DamageList()
        groups = try Snapshot.groups(in: snapshot.transaction, tolerating: damage)
        report.add(damage)
    }

    mutating func checkClasses() throws(StoreError) {
        let damage = DamageList()
        _ = try RetentionClass.all(in: snapshot.transaction, tolerating: damage)
        report.add(damage)
    }

    mutating func checkSmallRecords() throws(StoreError) {
        var report = self.report
        let path = inspection.store.path
        try snapshot.transaction.scan(from: [Key.Kind.metadata.rawValue]) { key, value throws(StoreError) in
            guard key.isKey(.metadata) else { return .stop }
            guard let payload = Checksum.payload(of: value, key: key) else { return .next }
            do throws(CodecError) {
                _ = try Record.metadata(payload, name: "")
            } catch {
                report.add(StoreError(error, path: path, record: RecordKind.title(of: key)))
            }
            return .next
        }
        try snapshot.transaction.scan(from: [Key.Kind.event.rawValue]) { key, value throws(StoreError) in
            guard let name = key.eventKey() else { return .stop }
            guard let payload = Checksum.payload(of: value, key: key) else { return .next }
            do throws(CodecError) {
                _ = try Record.event(payload, time: Timestamp(milliseconds: name.time))
                report.events += 1
            } catch {
                report.add(StoreError(error, path: path, record: RecordKind.title(of: key)))
            }
            return .next
        }
        try snapshot.transaction.scan(from: Key.pastChanges) { key, value throws(StoreError) in
            guard key.isKey(.pastChanges) else { return .stop }
            guard let payload = Checksum.payload(of: value, key: key) else { return .next }
            do throws(CodecError) {
                _ = try PastChanges(payload)
            } catch {
                report.add(StoreError(error, path: path, record: RecordKind.title(of: key)))
            }
            return .next
        }
        self.report = report
    }

    /// Names a group that has samples and no record, once.
    mutating func expectGroup(_ group: UInt16, of record: String) {
        if groups[group] != nil || HeadScan.isFrame(group) { return }
        report.add("group \(group)", "its record is missing", costs: "its blocks are not found: \(record)")
    }

    /// Names ids that the registry of their time does not.
    mutating func expectIDs(_ ids: some Sequence<UInt32>, at time: Int64, of record: String, span: RegistrySpan = .day)
    {
        let name = RegistryName(span: span.rawValue, start: Block.spanStart(time, length: span.seconds))
        // One that cannot be read is named already.
        guard case .some(.some(let count)) = seriesCounts[name] else {
            if seriesCounts[name] == nil {
                report.add(
                    RecordKind.title(of: Key.registry(span: span, start: name.start, stripe: 0)), "it is missing",
                    costs: "the names of the series of \(record)")
            }
            return
        }
        let unnamed = ids.filter { Int($0) >= count }.count
        if unnamed > 0 {
            report.add(record, "the registry of its day has \(count) series, and it names \(unnamed) others")
        }
    }
}
