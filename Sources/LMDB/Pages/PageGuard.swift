import CLMDB

/// Checks the pages of one commit before LMDB comes to them: it believes what it reads, and would crash on some damage
/// and answer with less than there is on the rest.
///
/// A page is checked once, when a search first needs it, with the page above it: its number, its kind, the place of
/// its entries, the order of its keys, and that they lie between those that the page above gives. So a query pays for
/// the pages that it reads, not for the file. Runs of overflow pages are checked for their place alone; values have
/// checksums of their own.
///
/// Owned by one transaction, and used by its thread alone.
final class PageGuard {
    private let file: PageFile
    private let meta: MetaPage
    private var branches: [Int: Branch] = [:]
    /// First and last keys of the leaves that are checked.
    private var leaves: [Int: (first: [UInt8], last: [UInt8])] = [:]

    private struct Branch {
        var keys: [[UInt8]]
        var children: [Int]

        /// The child that has the key, if any has.
        func index(of key: [UInt8]) -> Int {
            // The first key of a branch stands for all before the second.
            var low = 1
            var high = keys.count
            while low < high {
                let middle = (low + high) / 2
                if key.lexicographicallyPrecedes(keys[middle]) { high = middle } else { low = middle + 1 }
            }
            return low - 1
        }
    }

    /// A leaf and the way to it.
    struct Place {
        fileprivate var path: [(page: Int, index: Int)]
        let firstKey: [UInt8]
        let lastKey: [UInt8]
    }

    private typealias Bounds = (from: [UInt8], to: [UInt8]?)

    private enum Side {
        case first
        case last
        case key([UInt8])
    }

    init(_ file: PageFile, _ meta: MetaPage) {
        self.file = file
        self.meta = meta
    }

    /// The leaf that has the key, if any has; nil in an empty tree.
    func leaf(of key: [UInt8]) throws(StorageError) -> Place? { try descend(from: [], .key(key)) }
    /// The first leaf; nil in an empty tree.
    func firstLeaf() throws(StorageError) -> Place? { try descend(from: [], .first) }
    /// The last leaf; nil in an empty tree.
    func lastLeaf() throws(StorageError) -> Place? { try descend(from: [], .last) }

    /// The leaf behind another; nil behind the last one.
    func leaf(after place: Place) throws(StorageError) -> Place? {
        var path = place.path
        while let step = path.popLast() {
            let (branch, _) = try branch(at: path.count, of: path + [step])
            if step.index + 1 < branch.children.count {
                return try descend(from: path + [(step.page, step.index + 1)], .first)
            }
        }
        return nil
    }

    /// The leaf before another; nil before the first one.
    func leaf(before place: Place) throws(StorageError) -> Place? {
        var path = place.path
        while let step = path.popLast() {
            if step.index > 0 { return try descend(from: path + [(step.page, step.index - 1)], .last) }
        }
        return nil
    }

    /// - Parameter start: the branches above, each with the child that was chosen.
    private func descend(from start: [(page: Int, index: Int)], _ side: Side) throws(StorageError) -> Place? {
        guard let root = meta.main.root else { return nil }
        guard (1...32).contains(meta.main.depth) else {
            throw fault(meta.commit % 2, "its main tree has a depth of \(meta.main.depth)")
        }
        var path = start
        while true {
            var page = root
            var bounds: Bounds = ([], nil)
            if !path.isEmpty {
                let (above, within) = try branch(at: path.count - 1, of: path)
                let index = path[path.count - 1].index
                page = above.children[index]
                bounds.from = index == 0 ? within.from : above.keys[index]
                bounds.to = index + 1 < above.keys.count ? above.keys[index + 1] : within.to
            }
            if path.count + 1 == meta.main.depth {
                let keys = try checkedLeaf(page, bounds)
                return Place(path: path, firstKey: keys.first, lastKey: keys.last)
            }
            let branch = try checkedBranch(page, bounds)
            let index =
                switch side {
                case .first: 0
                case .last: branch.children.count - 1
                case .key(let key): branch.index(of: key)
                }
            path.append((page, index))
        }
    }

    /// The branch at a level of a path, and the keys that may lie below it.
    private func branch(
        at level: Int, of path: [(page: Int, index: Int)]
    ) throws(StorageError) -> (branch: Branch, within: Bounds) {
        var bounds: Bounds = ([], nil)
        var branch = try checkedBranch(path[0].page, bounds)
        for step in 0..<level {
            let index = path[step].index
            if index > 0 { bounds.from = branch.keys[index] }
            if index + 1 < branch.keys.count { bounds.to = branch.keys[index + 1] }
            branch = try checkedBranch(path[step + 1].page, bounds)
        }
        return (branch, bounds)
    }

    // MARK: - Checks

    private func checkedBranch(_ number: Int, _ bounds: Bounds) throws(StorageError) -> Branch {
        if let known = branches[number] { return known }
        guard let page = file.page(number), number >= 2, number <= meta.lastPage else {
            throw fault(number, "there is no such page; the last one is \(meta.lastPage)")
        }
        if let reason = page.headerFault { throw fault(number, reason) }
        guard page.isBranch else { throw fault(number, "it is a leaf at the wrong depth") }
        let (nodes, reason) = page.nodes(keysAreNumbers: false)
        if let reason { throw fault(number, reason) }
        let branch = Branch(
            keys: nodes.map { Array(page.bytes[$0.key]) }, children: nodes.map { $0.page ?? -1 })
        // LMDB asserts it.
        guard branch.keys.count > 1 else { throw fault(number, "it has one child") }
        try check(branch.keys[1], bounds, number)
        try check(branch.keys[branch.keys.count - 1], bounds, number)
        branches[number] = branch
        return branch
    }

    private func checkedLeaf(_ number: Int, _ bounds: Bounds) throws(StorageError) -> (first: [UInt8], last: [UInt8]) {
        if let known = leaves[number] { return known }
        guard number >= 2, number <= meta.lastPage,
            let bytes = unsafe file.buffer(of: number, from: 0, file.pageBytes)
        else { throw fault(number, "there is no such page; the last one is \(meta.lastPage)") }
        // The file's map outlives the span.
        let leaf = unsafe LeafBytes(bytes: RawSpan(_unsafeBytes: bytes))
        if let reason = leaf.fault(number, pageCount: min(meta.lastPage + 1, file.pageCount)) {
            throw fault(number, reason)
        }
        let keys = (first: leaf.key(0), last: leaf.key(leaf.count - 1))
        try check(keys.first, bounds, number)
        try check(keys.last, bounds, number)
        leaves[number] = keys
        return keys
    }

    private func check(_ key: [UInt8], _ bounds: Bounds, _ number: Int) throws(StorageError) {
        let isBelow = key.lexicographicallyPrecedes(bounds.from)
        let isAbove = bounds.to.map { !key.lexicographicallyPrecedes($0) } ?? false
        if isBelow || isAbove { throw fault(number, "its keys belong elsewhere") }
    }

    private func fault(_ page: Int, _ reason: String) -> StorageError {
        StorageError(PageFault(page: page, reason: reason), "read", path: file.path)
    }
}

/// A leaf page in place: what ``Page`` tells of one, for those who read many and want no copies.
private struct LeafBytes: ~Escapable {
    let bytes: RawSpan

    @_lifetime(copy bytes)
    init(bytes: RawSpan) { self.bytes = bytes }

    private func u16(_ offset: Int) -> Int {
        // In bounds: callers have compared the offset with the page's size.
        Int(UInt16(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self)))
    }

    private func u64(_ offset: Int) -> UInt64 {
        // In bounds: as above.
        UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    var count: Int { (u16(12) - Page.headerBytes) / 2 }

    private func offset(_ index: Int) -> Int { u16(Page.headerBytes + 2 * index) }

    /// - Precondition: the page has no fault.
    func key(_ index: Int) -> [UInt8] {
        let offset = offset(index)
        let start = offset + Page.nodeBytes
        // In bounds: the page has no fault.
        return (start..<start + u16(offset + 6)).map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
    }

    /// What is wrong; nil where the page is a leaf of that number.
    func fault(_ number: Int, pageCount: Int) -> String? {
        let (size, lower, upper) = (bytes.byteCount, u16(12), u16(14))
        if u64(0) != UInt64(number) { return "it says that it is page \(u64(0))" }
        if u16(10) != Page.Flag.leaf { return "it is no leaf (flags \(u16(10)))" }
        guard lower > Page.headerBytes, lower <= upper, upper <= size, lower % 2 == 0 else {
            return "its bounds are \(lower) and \(upper)"
        }
        var total = 0
        var previous = 0..<0
        for index in 0..<count {
            let offset = offset(index)
            guard offset >= upper, offset % 2 == 0, offset <= size - Page.nodeBytes else {
                return "entry \(index) lies outside the page"
            }
            let (valueBytes, flags) = (u16(offset) | u16(offset + 2) << 16, u16(offset + 4))
            let key = offset + Page.nodeBytes..<offset + Page.nodeBytes + u16(offset + 6)
            let dataBytes = flags == 1 ? 8 : valueBytes
            guard flags <= 1, !key.isEmpty, key.count <= Page.keyBytesMax, key.upperBound <= size - dataBytes else {
                return "entry \(index) is malformed or lies outside the page"
            }
            if flags == 1 {
                let pages = (valueBytes + Page.headerBytes - 1) / size + 1
                let start = u64(key.upperBound)
                guard start >= 2, start <= UInt64(pageCount), Int(start) + pages <= pageCount else {
                    return "the value of entry \(index) lies at page \(start) of \(pageCount)"
                }
            }
            if index > 0, !isAscending(previous, key) {
                return "the keys of entries \(index - 1) and \(index) are out of order"
            }
            previous = key
            total += (Page.nodeBytes + key.count + dataBytes + 1) & ~1
        }
        // LMDB keeps the nodes of a page together at its end.
        return total == size - upper ? nil : "its entries take \(total) bytes of \(size - upper)"
    }

    private func isAscending(_ lhs: Range<Int>, _ rhs: Range<Int>) -> Bool {
        for place in 0..<min(lhs.count, rhs.count) {
            // In bounds: both lie within the page.
            let left = unsafe bytes.unsafeLoad(fromByteOffset: lhs.lowerBound + place, as: UInt8.self)
            let right = unsafe bytes.unsafeLoad(fromByteOffset: rhs.lowerBound + place, as: UInt8.self)
            if left != right { return left < right }
        }
        return lhs.count < rhs.count
    }
}
