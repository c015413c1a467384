import Glibc
import LMDB

extension Store {
    /// Opens a store for reading that may be damaged. Pages that lead to records are checked as they are read, and
    /// values have checksums of their own; the meta pages are looked at here, as LMDB reads them when it opens.
    ///
    /// - Throws: ``StoreError/damaged(path:record:reason:)`` that names a meta page. What reads later throw for other
    ///   pages is ``StoreError/refused(_:description:)`` with `.damagedFile`.
    package static func openVerified(at path: String) throws(StoreError) -> Store {
        try verifyMetaPages(at: path)
        return try Store(at: path, access: .read)
    }

    /// As ``openVerified(at:)``, of the one file that `mon snapshot` made.
    package static func openVerified(snapshotFile path: String) throws(StoreError) -> Store {
        try requireFile(path)
        if let fault = Environment.metaFaults(path: path).first {
            throw .damaged(path: path, record: "page \(fault.page)", reason: fault.reason)
        }
        return try Store(at: path, access: .snapshotFile)
    }

    /// What is no file of LMDB at all is not called a damaged one.
    static func requireFile(_ path: String) throws(StoreError) {
        var status = stat()
        // The path is a C string during the call only.
        if unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw .invalid("\(path) is a folder, and a snapshot a file; the store in a folder is read with --data")
        }
        let isFile = try converting { () throws(StorageError) in try Environment.isFile(path) }
        if !isFile { throw .invalid("\(path) is no snapshot of mon; `mon snapshot` makes one") }
    }

    /// Looks at all pages that lead to records, as of now; may run beside a writer. Whoever goes on writing a file
    /// wants to know all of it.
    ///
    /// Cost: the branch and leaf pages, which is a page in a hundred of a store of blocks.
    /// - Throws: ``StoreError/damaged(path:record:reason:)`` that names the page.
    package static func verifyPages(at path: String) throws(StoreError) {
        try verifyMetaPages(at: path)
        let folder = StoreFolder(path: path)
        for generation in folder.generations() {
            guard let fault = treeFault(in: folder.environmentPath(generation)) else { continue }
            throw .damaged(path: path, record: "page \(fault.page)", reason: fault.reason)
        }
    }

    /// Opening a store reads its superblock through LMDB, which divides by what meta pages say. Of all generations, as
    /// opening does.
    private static func verifyMetaPages(at path: String) throws(StoreError) {
        let folder = StoreFolder(path: path)
        try folder.checkUnlockedReading()
        for generation in folder.generations() {
            try folder.checkWhole(generation)
            guard let fault = Environment.metaFaults(folder: folder.environmentPath(generation)).first else { continue }
            throw .damaged(path: path, record: "page \(fault.page)", reason: fault.reason)
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
