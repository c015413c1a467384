/// A walk over all pages of one commit, from its meta page down: what LMDB would follow, with every step checked.
///
/// 1. A page is reached once at most, and lies within the file and before the commit's last page.
/// 2. The keys below a page lie between those that the page above gives for it, and ascend.
/// 3. Leaves lie at one depth, and there are as many entries and pages as the meta page says.
/// 4. No page is both free and reachable, or free twice.
///
/// Cost: a pread a page; a byte of memory a page of the file. Whatever the bytes are, the walk ends: it enters no page
/// twice.
package struct PageWalk {
    /// How far it looks.
    package enum Depth: Sendable {
        /// Branches and leaves: what decides which records are found. Runs of overflow pages are counted, not read.
        case tree
        /// As ``tree``, and the free list.
        case treeAndFreeList
        /// All pages, and the free list.
        case everything
    }

    /// What a page is to the commit.
    package enum Use: UInt8, Sendable {
        case unknown, meta, branch, leaf, overflow, freeListTree, free
    }

    package private(set) var faults: [PageFault] = []
    package let meta: MetaPage
    package private(set) var branchPages = 0
    package private(set) var leafPages = 0
    package private(set) var overflowPages = 0
    package private(set) var freePages = 0
    /// Pages of the free list's own tree.
    package private(set) var freeListPages = 0
    package private(set) var entries = 0
    private(set) var uses: [Use]
    /// Faults beyond this many are counted, not kept: damage that repeats is told once.
    private static let faultsMax = 1000

    private let file: PageFile
    private let depth: Depth
    /// The tree that is being walked, and what of it was counted.
    private var tree = Counts()
    private var seenFaults: Set<PageFault> = []

    private struct Counts {
        var branches = 0
        var leaves = 0
        var overflows = 0
        var entries = 0
    }

    /// - Parameter visit: gets each record of the main tree that hangs together, in order of keys.
    package init(_ file: PageFile, _ meta: MetaPage, _ depth: Depth, visit: ((PageRecord) -> Void)? = nil) {
        self.file = file
        self.meta = meta
        self.depth = depth
        // A last page that damage made up takes no memory: nothing behind the file's end can be reached.
        uses = [Use](repeating: .unknown, count: max(2, min(meta.lastPage + 1, file.pageCount + 1)))
        uses[0] = .meta
        uses[1] = .meta
        walkTree(meta.main, isFreeList: false, visit)
        let main = tree
        (branchPages, leafPages, overflowPages, entries) = (main.branches, main.leaves, main.overflows, main.entries)
        isMainTreeWhole = faults.isEmpty
        guard depth != .tree else { return }
        tree = Counts()
        var freed: [PageRecord] = []
        walkTree(meta.freeList, isFreeList: true) { freed.append($0) }
        freeListPages = tree.branches + tree.leaves + tree.overflows
        let before = faults.count
        for record in freed { readFreed(record) }
        knowsFreePages = faults.count == before && freed.count == meta.freeList.entries
    }

    /// What a page is to the commit.
    package func use(of page: Int) -> Use { page >= 0 && page < uses.count ? uses[page] : .unknown }

    /// Whether nothing but the meta pages was reached or found free.
    func isUnknown(_ page: Int) -> Bool { page < 0 || page >= uses.count || uses[page] == .unknown }

    /// Whether the main tree is whole, whatever else is not.
    package private(set) var isMainTreeWhole = false

    /// Whether the free list could be read, so that pages that are not free and not reachable are lost ones.
    package private(set) var knowsFreePages = false

    /// Pages that are neither reachable nor free, and lie in the file.
    package var lostPages: [Int] { uses.indices.filter { uses[$0] == .unknown && $0 < file.pageCount } }

    // MARK: - Trees

    private mutating func walkTree(_ tree: MetaPage.Tree, isFreeList: Bool, _ visit: ((PageRecord) -> Void)?) {
        let name = isFreeList ? "free list" : "main tree"
        let metaNumber = meta.commit % 2
        if let root = tree.root {
            guard (1...32).contains(tree.depth) else {
                fault(metaNumber, "its \(name) has a depth of \(tree.depth)", nil)
                return
            }
            let bounds = PageFault.Keys(from: [], to: nil)
            walk(Step(page: root, level: tree.depth, isFreeList: isFreeList, bounds: bounds), visit)
        }
        // Where pages are missing already, the sums say nothing new.
        guard faults.isEmpty else { return }
        let found = self.tree
        for (what, count, said) in [
            ("branch pages", found.branches, tree.branchPages), ("leaf pages", found.leaves, tree.leafPages),
            ("overflow pages", found.overflows, depth == .everything ? tree.overflowPages : found.overflows),
            ("entries", found.entries, tree.entries),
        ] where count != said {
            fault(metaNumber, "its \(name) has \(count) \(what), not \(said) as it says", nil)
        }
    }

    private struct Step {
        var page: Int
        /// 1 for a leaf.
        var level: Int
        var isFreeList: Bool
        var bounds: PageFault.Keys
    }

    private mutating func walk(_ step: Step, _ visit: ((PageRecord) -> Void)?) {
        guard let page = enter(step.page, as: step.isFreeList ? .freeListTree : step.level > 1 ? .branch : .leaf, step)
        else { return }
        if let reason = page.headerFault { return fault(step.page, reason, step) }
        guard page.isLeaf == (step.level == 1) else {
            return fault(step.page, "it is a \(page.isLeaf ? "leaf" : "branch") at the wrong depth", step)
        }
        let (nodes, reason) = page.nodes(keysAreNumbers: step.isFreeList)
        if let reason { fault(step.page, reason, step) }
        if page.isBranch {
            tree.branches += 1
            walkChildren(of: page, nodes, step, visit)
        } else {
            tree.leaves += 1
            tree.entries += nodes.count
            visitLeaf(page, nodes, step, visit)
        }
    }

    private mutating func walkChildren(
        of page: Page, _ nodes: [Page.Node], _ step: Step, _ visit: ((PageRecord) -> Void)?
    ) {
        for (index, node) in nodes.enumerated() {
            let from = index == 0 ? step.bounds.from : PageWalk.ordered(page.bytes[node.key], step)
            let to = index + 1 < nodes.count ? PageWalk.ordered(page.bytes[nodes[index + 1].key], step) : step.bounds.to
            if !isWithin(from, step) { fault(step.page, "the key of entry \(index) belongs elsewhere", step) }
            walk(
                Step(
                    page: node.page ?? -1, level: step.level - 1, isFreeList: step.isFreeList,
                    bounds: PageFault.Keys(from: from, to: to)), visit)
        }
    }

    /// The key as bytes that are ordered as LMDB orders the keys of the tree.
    private static func ordered(_ key: ArraySlice<UInt8>, _ step: Step) -> [UInt8] {
        step.isFreeList ? key.reversed() : Array(key)
    }

    private func isWithin(_ key: [UInt8], _ step: Step) -> Bool {
        if key.lexicographicallyPrecedes(step.bounds.from) { return false }
        return step.bounds.to.map { key.lexicographicallyPrecedes($0) } ?? true
    }

    private mutating func visitLeaf(
        _ page: Page, _ nodes: [Page.Node], _ step: Step, _ visit: ((PageRecord) -> Void)?
    ) {
        if let first = nodes.first, let last = nodes.last,
            !isWithin(PageWalk.ordered(page.bytes[first.key], step), step)
                || !isWithin(PageWalk.ordered(page.bytes[last.key], step), step)
        {
            // What LMDB would not find is not shown either.
            return fault(step.page, "its keys belong elsewhere", step)
        }
        for node in nodes {
            guard let start = node.page else {
                visit?(
                    PageRecord(
                        key: Array(page.bytes[node.key]), valueBytes: node.valueBytes, page: step.page,
                        offset: node.data.lowerBound))
                continue
            }
            let isWhole = enterRun(start, bytes: node.valueBytes, step, key: page.bytes[node.key])
            guard isWhole else { continue }
            visit?(
                PageRecord(
                    key: Array(page.bytes[node.key]), valueBytes: node.valueBytes, page: start,
                    offset: Page.headerBytes))
        }
    }

    /// The overflow run of one value; false where it is not there.
    private mutating func enterRun(_ start: Int, bytes: Int, _ step: Step, key: ArraySlice<UInt8>) -> Bool {
        var one = step
        // The record alone is lost.
        one.bounds = PageFault.Keys(from: Array(key), to: Array(key) + [0])
        var count = (bytes + Page.headerBytes - 1) / file.pageBytes + 1
        guard start >= 2, start <= meta.lastPage, count <= meta.lastPage else {
            fault(start, "no such run of \(count) pages; the last page is \(meta.lastPage)", one)
            return false
        }
        if depth == .everything {
            guard let page = file.page(start) else {
                fault(start, "it lies beyond the end of the file", one)
                return false
            }
            guard page.storedNumber == start, page.flags == Page.Flag.overflow, page.runPages >= count else {
                fault(
                    start, "it is no run of \(count) overflow pages (page \(page.storedNumber), flags \(page.flags))",
                    one)
                return false
            }
            count = page.runPages
        }
        let use: Use = step.isFreeList ? .freeListTree : .overflow
        tree.overflows += count
        for number in start..<start + count where !mark(number, use, one) { return false }
        return true
    }

    /// The page, where it was not reached before and lies in the file.
    private mutating func enter(_ number: Int, as use: Use, _ step: Step) -> Page? {
        guard mark(number, use, step) else { return nil }
        guard let page = file.page(number) else {
            fault(number, "it lies beyond the end of the file", step)
            return nil
        }
        return page
    }

    private mutating func mark(_ number: Int, _ use: Use, _ step: Step?) -> Bool {
        guard number >= 2, number <= meta.lastPage else {
            fault(number, "no such page; the last one is \(meta.lastPage)", step)
            return false
        }
        guard number < uses.count else {
            fault(number, "it lies beyond the end of the file", step)
            return false
        }
        guard uses[number] == .unknown else {
            fault(number, use == .free ? "it is free and in use, or free twice" : "it is reached twice", step)
            return false
        }
        uses[number] = use
        return true
    }

    // MARK: - Free pages

    private mutating func readFreed(_ record: PageRecord) {
        let place = record.page
        guard record.key.count == 8, let value = file.value(of: record) else {
            return fault(place, "it holds no record of the free list", nil)
        }
        let numbers = Page(number: place, bytes: value)
        let count = numbers.integer(0, 8)
        let commit = Page(number: place, bytes: record.key).integer(0, 8)
        guard commit >= 1, commit <= meta.commit else {
            return fault(place, "it has pages freed by a commit \(commit) to come", nil)
        }
        guard count >= 0, count <= value.count / 8 - 1 else {
            return fault(place, "it says that \(count) pages are free, and names \(value.count / 8 - 1)", nil)
        }
        var previous = Int.max
        for index in 0..<count {
            let number = numbers.integer(8 * (index + 1), 8)
            guard number < previous else { return fault(place, "its free pages are out of order", nil) }
            previous = number
            // A free page may lie behind the end of the file: what is taken and freed at once is never written.
            if number >= uses.count, number <= meta.lastPage {
                freePages += 1
                continue
            }
            if mark(number, .free, nil) { freePages += 1 }
        }
    }

    private mutating func fault(_ page: Int, _ reason: String, _ step: Step?) {
        let keys = step.flatMap { $0.isFreeList ? nil : $0.bounds }
        let fault = PageFault(page: page, reason: reason, keys: keys)
        guard faults.count < PageWalk.faultsMax, seenFaults.insert(fault).inserted else { return }
        faults.append(fault)
    }
}
