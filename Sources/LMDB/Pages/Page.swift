// A file of LMDB 0.9 as bytes (lmdb's mdb.c, `MDB_page`, `MDB_node`, `MDB_meta`), for those who must look at a file
// that LMDB itself may not be trusted with: it checks nothing that it reads. Integers are of the host's order; both
// hosts this program runs on are little-endian.
//
//   page      number(u64) pad(u16) flags(u16) lower(u16) upper(u16) | pointers(u16)... | free | nodes...
//             an overflow page has the number of pages of its run (u32) in place of lower and upper
//   flags     1 branch, 2 leaf, 4 overflow, 8 meta; 16 dirty never reaches the file
//   node      low(u16) high(u16) flags(u16) keyBytes(u16) key data
//             leaf: low | high << 16 = bytes of data; flag 1: the data is the number (u64) of the first page of an
//             overflow run. Branch: low | high << 16 | flags << 32 = number of the child
//   meta      pages 0 and 1: magic(u32 beefc0de) version(u32 1) address(u64) mapBytes(u64)
//             free-list tree, main tree: pad(u32) flags(u16) depth(u16) branches leaves overflows entries root (u64s)
//             last page(u64) commit(u64); the free-list tree's pad is the page size
//   free list keys: commit (u64); values: count(u64), then as many page numbers, descending
//
// Example: a leaf page 5 with the one record 00 -> ff has lower 0x12, upper 0xff6 (of 4096), the pointer f6 0f, and at
// 0xff6 the node 01 00 00 00 00 00 01 00 00 ff.

/// One page, copied out of the file. Every access is checked; what does not hold is told, never trapped on.
struct Page {
    static let headerBytes = 16
    static let nodeBytes = 8
    /// LMDB's `MDB_MAXKEYSIZE`.
    static let keyBytesMax = 511

    enum Flag {
        static let branch = 1
        static let leaf = 2
        static let overflow = 4
        static let meta = 8
    }

    let number: Int
    let bytes: [UInt8]

    var storedNumber: Int { integer(0, 8) }
    var flags: Int { integer(10, 2) }
    var lower: Int { integer(12, 2) }
    var upper: Int { integer(14, 2) }
    /// Pages of the run that an overflow page begins.
    var runPages: Int { integer(12, 4) }
    var isBranch: Bool { flags == Flag.branch }
    var isLeaf: Bool { flags == Flag.leaf }

    /// A little-endian number of `count` bytes, at most eight; -1 where it lies outside the page or over 63 bits.
    func integer(_ offset: Int, _ count: Int) -> Int {
        guard offset >= 0, count <= 8, offset <= bytes.count - count else { return -1 }
        var value: UInt64 = 0
        for place in 0..<count { value |= UInt64(bytes[offset + place]) << UInt64(8 * place) }
        return Int(exactly: value) ?? -1
    }

    /// One entry of a branch or leaf page; all of it lies within the page.
    struct Node {
        var offset: Int
        var key: Range<Int>
        /// Child of a branch, else the first page of an overflow run, else nil.
        var page: Int?
        /// What follows the key in a leaf: the value, or the number of its page.
        var data: Range<Int>
        /// Bytes of the value, wherever it lies.
        var valueBytes: Int

        /// Bytes that the node takes, rounded up as LMDB does.
        var byteCount: Int { (data.upperBound - offset + 1) & ~1 }
    }

    /// What is wrong with the header; nil where it is that of a branch or a leaf of this number.
    var headerFault: String? {
        if storedNumber != number { return "it says that it is page \(UInt(bitPattern: storedNumber))" }
        guard isBranch || isLeaf else { return "it is no page of a tree (flags \(flags))" }
        guard lower >= Page.headerBytes, lower <= upper, upper <= bytes.count, lower % 2 == 0 else {
            return "its bounds are \(lower) and \(upper)"
        }
        return lower == Page.headerBytes ? "it is empty" : nil
    }

    var nodeCount: Int { max(0, (min(lower, bytes.count) - Page.headerBytes) / 2) }

    /// Entry `index`; nil where it does not lie within the page.
    /// - Parameter isDamaged: takes the page for a leaf, whatever its header says.
    func node(_ index: Int, isDamaged: Bool = false) -> Node? {
        let offset = integer(Page.headerBytes + 2 * index, 2)
        guard offset >= (isDamaged ? Page.headerBytes : upper), offset % 2 == 0,
            offset <= bytes.count - Page.nodeBytes
        else { return nil }
        let (low, high, flags) = (integer(offset, 2), integer(offset + 2, 2), integer(offset + 4, 2))
        let keyStart = offset + Page.nodeBytes
        let keyEnd = keyStart + integer(offset + 6, 2)
        guard keyEnd <= bytes.count else { return nil }
        if isBranch && !isDamaged {
            return Node(
                offset: offset, key: keyStart..<keyEnd, page: low | high << 16 | flags << 32, data: keyEnd..<keyEnd,
                valueBytes: 0)
        }
        let valueBytes = low | high << 16
        // Sub-databases and duplicates (flags 2 and 4) are no part of a store.
        guard flags <= 1 else { return nil }
        if flags == 1 {
            guard keyEnd + 8 <= bytes.count else { return nil }
            return Node(
                offset: offset, key: keyStart..<keyEnd, page: integer(keyEnd, 8), data: keyEnd..<keyEnd + 8,
                valueBytes: valueBytes)
        }
        guard valueBytes <= bytes.count - keyEnd else { return nil }
        return Node(
            offset: offset, key: keyStart..<keyEnd, page: nil, data: keyEnd..<keyEnd + valueBytes,
            valueBytes: valueBytes)
    }

    /// All entries, and what is wrong with them: outside the page, over each other, or out of order.
    /// - Parameter keysAreNumbers: as in the free list, whose keys are little-endian numbers.
    func nodes(keysAreNumbers: Bool) -> (nodes: [Node], fault: String?) {
        var nodes: [Node] = []
        nodes.reserveCapacity(nodeCount)
        for index in 0..<nodeCount {
            guard let node = node(index) else { return (nodes, "entry \(index) is malformed or lies outside the page") }
            let isFirstOfBranch = isBranch && index == 0
            guard node.key.count <= Page.keyBytesMax, !node.key.isEmpty || isFirstOfBranch else {
                return (nodes, "entry \(index) has a key of \(node.key.count) bytes")
            }
            // The first key of a branch is not used by a search, and old ones stay there.
            if let last = nodes.last, !(isBranch && index == 1), !isAscending(last.key, node.key, keysAreNumbers) {
                return (nodes, "the keys of entries \(index - 1) and \(index) are out of order")
            }
            nodes.append(node)
        }
        var end = upper
        for node in nodes.sorted(by: { $0.offset < $1.offset }) {
            guard node.offset >= end else { return (nodes, "entries lie over each other") }
            end = node.offset + node.byteCount
        }
        // LMDB keeps the nodes of a page together at its end.
        let total = nodes.reduce(0) { $0 + $1.byteCount }
        if total != bytes.count - upper { return (nodes, "its entries take \(total) bytes of \(bytes.count - upper)") }
        return (nodes, nil)
    }

    private func isAscending(_ lhs: Range<Int>, _ rhs: Range<Int>, _ keysAreNumbers: Bool) -> Bool {
        if keysAreNumbers { return integer(lhs.lowerBound, lhs.count) < integer(rhs.lowerBound, rhs.count) }
        var (left, right) = (lhs.lowerBound, rhs.lowerBound)
        while left < lhs.upperBound, right < rhs.upperBound {
            if bytes[left] != bytes[right] { return bytes[left] < bytes[right] }
            left += 1
            right += 1
        }
        return right < rhs.upperBound
    }
}

/// What a meta page says: the roots of one commit.
package struct MetaPage: Hashable, Sendable {
    /// One of the two trees.
    package struct Tree: Hashable, Sendable {
        package var depth: Int
        package var branchPages: Int
        package var leafPages: Int
        package var overflowPages: Int
        package var entries: Int
        /// Nil for an empty tree.
        package var root: Int?

        init(_ page: Page, at offset: Int) {
            depth = page.integer(offset + 6, 2)
            branchPages = page.integer(offset + 8, 8)
            leafPages = page.integer(offset + 16, 8)
            overflowPages = page.integer(offset + 24, 8)
            entries = page.integer(offset + 32, 8)
            let number = page.integer(offset + 40, 8)
            // All bits set stand for no root; so does -1 here, as no file has so many pages.
            root = number < 0 ? nil : number
        }
    }

    package var pageBytes: Int
    package var mapBytes: Int
    package var freeList: Tree
    package var main: Tree
    package var lastPage: Int
    /// Number of the commit that wrote it.
    package var commit: Int

    static let magic = 0xbeef_c0de

    /// - Returns: nil and what is wrong, where it is no meta page.
    static func decode(_ page: Page) -> (meta: MetaPage?, fault: String?) {
        if page.storedNumber != page.number {
            return (nil, "it says that it is page \(UInt(bitPattern: page.storedNumber))")
        }
        if page.flags != Page.Flag.meta { return (nil, "it is no meta page (flags \(page.flags))") }
        if page.integer(16, 4) != magic { return (nil, "it does not begin as a meta page of LMDB") }
        if page.integer(20, 4) != 1 { return (nil, "it is of LMDB's format \(page.integer(20, 4)), known is 1") }
        let meta = MetaPage(
            pageBytes: page.integer(40, 4), mapBytes: page.integer(32, 8), freeList: Tree(page, at: 40),
            main: Tree(page, at: 88), lastPage: page.integer(136, 8), commit: page.integer(144, 8))
        if meta.pageBytes != page.bytes.count { return (nil, "its page size is \(meta.pageBytes)") }
        guard meta.commit >= 0, meta.lastPage >= 1, meta.mapBytes / meta.pageBytes > meta.lastPage else {
            return (nil, "its last page is \(meta.lastPage), its map \(meta.mapBytes) bytes, its commit \(meta.commit)")
        }
        // Page N holds the commits of N's parity; a store that was never written to has commit 0 in both.
        if meta.commit > 1, meta.commit % 2 != page.number { return (nil, "it claims to be of commit \(meta.commit)") }
        for tree in [meta.freeList, meta.main] where tree.root.map({ $0 < 2 || $0 > meta.lastPage }) ?? false {
            return (nil, "its root is page \(tree.root ?? -1) of \(meta.lastPage)")
        }
        return (meta, nil)
    }
}
