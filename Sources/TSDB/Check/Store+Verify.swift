import LMDB

extension Store {
    /// Opens a store for reading after a look at the pages that lead to its records: LMDB, which believes what it
    /// reads, would crash on some of what may be wrong there and answer with less than there is on the rest. Values
    /// have checksums of their own, which are checked as they are read.
    ///
    /// Cost: the branch and leaf pages, which is a page in a hundred of a store of blocks.
    /// - Throws: ``StoreError/damaged(path:record:reason:)`` that names the page.
    package static func openVerified(at path: String) throws(StoreError) -> Store {
        try verifyPages(at: path)
        return try Store(at: path, access: .read)
    }

    /// Looks at the pages that lead to the records, as of now; may run beside a writer. Opening a store reads its
    /// superblock through LMDB already, so this comes first, and looks at all generations, as opening does.
    package static func verifyPages(at path: String) throws(StoreError) {
        let folder = StoreFolder(path: path)
        for generation in folder.generations() {
            let place = folder.environmentPath(generation)
            if let fault = Environment.metaFaults(folder: place).first ?? treeFault(in: place) {
                throw .damaged(path: path, record: "page \(fault.page)", reason: fault.reason)
            }
        }
    }

    /// The first fault of a generation's main tree; nil also where it cannot be opened, which opening it tells.
    private static func treeFault(in place: String) -> PageFault? {
        do throws(StorageError) {
            let environment = try Environment(path: place, access: .read)
            for _ in 0..<100 {
                let transaction = try environment.beginRead()
                let file = try PageFile(folder: place)
                // A writer that was quick has used the place of the meta page again: there is a newer commit.
                guard let meta = Environment.meta(of: transaction, in: file) else { continue }
                return PageWalk(file, meta, .tree).faults.first
            }
            return nil
        } catch {
            return nil
        }
    }
}
