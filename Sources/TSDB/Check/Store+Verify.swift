import LMDB

extension Store {
    /// Opens a store for reading after a look at the pages that lead to its records: LMDB, which believes what it
    /// reads, would crash on some of what may be wrong there and answer with less than there is on the rest. Values
    /// have checksums of their own, which are checked as they are read.
    ///
    /// Cost: the branch and leaf pages, which is a page in a hundred of a store of blocks.
    /// - Throws: ``StoreError/damaged(path:record:reason:)`` that names the page.
    package static func openVerified(at path: String) throws(StoreError) -> Store {
        try verifyMetas(at: path)
        let store = try Store(at: path, access: .read)
        try store.verifyTree()
        return store
    }

    /// Looks at the two meta pages, before LMDB is let near the file.
    package static func verifyMetas(at path: String) throws(StoreError) {
        let folder = StoreFolder(path: path)
        // All of them are opened when the live one is looked for.
        for generation in folder.generations() {
            guard let fault = Environment.metaFaults(folder: folder.environmentPath(generation)).first else { continue }
            throw .damaged(path: path, record: "page \(fault.page)", reason: fault.reason)
        }
    }

    /// Looks at the pages that lead to the records, as of now; may run beside a writer.
    package func verifyTree() throws(StoreError) {
        for _ in 0..<100 {
            let transaction = try beginRead()
            // That of the generation that was open when it began; it may have moved before.
            let folder = transaction.path
            let file = try converting { () throws(StorageError) in try PageFile(folder: folder) }
            guard let meta = Environment.meta(of: transaction, in: file) else { continue }
            guard let fault = PageWalk(file, meta, .tree).faults.first else { return }
            throw .damaged(path: path, record: "page \(fault.page)", reason: fault.reason)
        }
    }
}
