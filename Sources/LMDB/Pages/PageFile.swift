import Glibc

/// Something in the pages of a file that LMDB would stumble over, or answer wrongly from.
package struct PageFault: Hashable, Sendable, CustomStringConvertible {
    /// Number of the page.
    package var page: Int
    /// A phrase: `its bounds are 7 and 3`.
    package var reason: String
    /// The keys that can lie below the page, as far as the pages above it tell: from the first on, up to and without
    /// the second. Nil for pages that hold no records.
    package var keys: Keys?

    /// A range of keys.
    package struct Keys: Hashable, Sendable {
        package var from: [UInt8]
        /// Nil: to the end.
        package var to: [UInt8]?
    }

    package var description: String { "page \(page): \(reason)" }
}

/// A record and where its value lies in the file.
package struct PageRecord: Hashable, Sendable {
    package var key: [UInt8]
    package var valueBytes: Int
    /// The leaf page, or the first page of the overflow run.
    package var page: Int
    /// Offset of the value in the page, or in the run.
    var offset: Int

    package init(key: [UInt8], valueBytes: Int, page: Int, offset: Int) {
        self.key = key
        self.valueBytes = valueBytes
        self.page = page
        self.offset = offset
    }
}

/// The file of a store, read through a map of its own and without LMDB: whatever its bytes are, a read returns. May be
/// read beside a writer, which never changes the pages of a commit that a read transaction shows.
///
/// The map is as long as the file was when it was opened; a file that is cut shorter afterwards ends the process.
@safe package final class PageFile: @unchecked Sendable {
    // @unchecked: the map is read-only and lives as long as the value.
    private let base: UnsafeRawPointer?
    /// Bytes of the file as it was opened.
    package let byteCount: Int
    package let path: String
    /// Size of a page: what the meta pages say, else what LMDB takes on most hosts.
    package private(set) var pageBytes = 4096

    /// - Parameter folder: that of the environment.
    package convenience init(folder: String) throws(StorageError) { try self.init(path: folder + "/data.mdb") }

    package convenience init(path: String) throws(StorageError) {
        // open reads the path during the call only.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StorageError(errno, "open", path: path) }
        defer { close(descriptor) }
        try self.init(descriptor: descriptor, path: path)
    }

    /// How long a file is; nil where the kernel does not say.
    static func byteCount(of descriptor: Int32) -> Int? {
        var status = stat()
        // The kernel fills the structure.
        return unsafe fstat(descriptor, &status) == 0 ? Int(status.st_size) : nil
    }

    /// - Parameters:
    ///   - descriptor: of the open file; may be closed afterwards.
    ///   - path: for messages.
    init(descriptor: Int32, path: String) throws(StorageError) {
        self.path = path
        var status = stat()
        // The kernel fills the structure.
        guard unsafe fstat(descriptor, &status) == 0 else { throw StorageError(errno, "look at", path: path) }
        byteCount = Int(status.st_size)
        if byteCount == 0 {
            unsafe base = nil
        } else {
            let mapped = unsafe mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor, 0)
            guard unsafe mapped != MAP_FAILED else { throw StorageError(errno, "map", path: path) }
            unsafe base = UnsafeRawPointer(mapped)
        }
        for size in [4096, 16_384, 65_536, 512, 1024, 2048, 8192, 32_768] {
            pageBytes = size
            if metas().contains(where: { $0.meta != nil }) { return }
        }
        pageBytes = 4096
    }

    deinit {
        // Nothing that was read refers to the map but spans that borrow from the value's owner.
        if let base = unsafe base { unsafe munmap(UnsafeMutableRawPointer(mutating: base), byteCount) }
    }

    /// Pages that the file has room for.
    package var pageCount: Int { byteCount / pageBytes }

    /// The two meta pages as they are now, with what is wrong with them.
    package func metas() -> [(meta: MetaPage?, fault: PageFault?)] {
        [0, 1].map { number in
            guard let page = page(number) else {
                return (nil, PageFault(page: number, reason: "it lies beyond the end of the file"))
            }
            let (meta, fault) = MetaPage.decode(page)
            return (meta, fault.map { PageFault(page: number, reason: $0) })
        }
    }

    /// A page; nil where the file ends before it does.
    func page(_ number: Int) -> Page? {
        bytes(of: number, from: 0, pageBytes).map { Page(number: number, bytes: $0) }
    }

    /// The value of a record that was found in this file; nil where the file ends before it does.
    package func value(of record: PageRecord) -> [UInt8]? {
        bytes(of: record.page, from: record.offset, record.valueBytes)
    }

    private func bytes(of page: Int, from offset: Int, _ count: Int) -> [UInt8]? {
        // The buffer lies within the map, and is copied at once.
        unsafe buffer(of: page, from: offset, count).map { unsafe [UInt8]($0) }
    }

    /// A part of the map, from `offset` in page `page` on; nil where it does not lie within the file.
    func buffer(of page: Int, from offset: Int, _ count: Int) -> UnsafeRawBufferPointer? {
        let (start, overflow) = page.multipliedReportingOverflow(by: pageBytes)
        guard let base = unsafe base, page >= 0, offset >= 0, count >= 0, !overflow, start <= byteCount - offset,
            start + offset <= byteCount - count
        else { return nil }
        return unsafe UnsafeRawBufferPointer(start: base + start + offset, count: count)
    }
}
