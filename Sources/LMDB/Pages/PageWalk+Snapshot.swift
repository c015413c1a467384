import CLMDB

extension Environment {
    /// The meta page of the commit that `transaction` shows; nil where a writer has used its place twice since the
    /// transaction began: begin another.
    package static func meta(of transaction: borrowing ReadTransaction, in file: PageFile) -> MetaPage? {
        file.metas().compactMap(\.meta).first { $0.commit == transaction.commitNumber }
    }

    /// What is wrong with the meta pages of a folder, before LMDB is let near it: it divides by what they say.
    /// Empty where there is no file yet.
    ///
    /// A writer may be half through with one of them, so that what looks damaged is looked at again.
    package static func metaFaults(folder: String) -> [PageFault] { metaFaults(path: folder + "/data.mdb") }

    /// Whether a file begins as LMDB's do, in one of its two meta pages at least, whatever else is wrong with them.
    package static func isFile(_ path: String) throws(StorageError) -> Bool {
        let file = try PageFile(path: path)
        return [0, 1].contains { file.page($0)?.integer(16, 4) == MetaPage.magic }
    }

    /// As ``metaFaults(folder:)``, of the file itself.
    package static func metaFaults(path: String) -> [PageFault] {
        var faults: [PageFault] = []
        for _ in 0..<8 {
            guard let file = try? PageFile(path: path), file.byteCount > 0 else { return [] }
            let metas = file.metas()
            faults = metas.compactMap(\.fault)
            // Each commit writes the page that the one before did not.
            if let first = metas[0].meta, let second = metas[1].meta, abs(first.commit - second.commit) > 1 {
                faults.append(
                    PageFault(
                        page: first.commit < second.commit ? 0 : 1,
                        reason: "its commit is \(min(first.commit, second.commit)), the other's "
                            + "\(max(first.commit, second.commit))"))
            }
            if faults.isEmpty { return [] }
        }
        return faults
    }
}
