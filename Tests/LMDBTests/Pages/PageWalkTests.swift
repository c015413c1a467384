import Glibc
import LMDB
import Synchronization
import TestSupport
import Testing

@Suite struct PageWalkTests {
    @Test(arguments: 1...8 as ClosedRange<UInt64>) func aHealthyFileHasNoFaults(seed: UInt64) throws {
        let world = try PageWorld(seed: seed)
        for depth in [PageWalk.Depth.tree, .everything] {
            let (walk, records) = try PageWorld.walk(world.folder.path, depth)
            #expect(walk?.faults == [], "seed \(seed)")
            #expect(walk?.entries == world.records.count)
            #expect(records.map(\.key) == world.records.keys.sorted { $0.lexicographicallyPrecedes($1) })
        }
        let (walk, _) = try PageWorld.walk(world.folder.path)
        #expect(walk?.lostPages == [], "every page is in use or free")
        #expect(walk?.freePages ?? 0 > 0, "the store has freed pages")
        #expect(Environment.metaFaults(folder: world.folder.path).isEmpty)
    }

    /// A transaction over the records that were found shows what LMDB's own shows.
    @Test func recordsReadAsATransactionDoes() throws {
        let world = try PageWorld(seed: 3)
        let (walk, records) = try PageWorld.walk(world.folder.path)
        let map = RecordMap(
            try PageFile(folder: world.folder.path), records: records.reversed(), commit: walk?.meta.commit ?? 0)
        let found = ReadTransaction(map, path: world.folder.path)
        let lmdb = try Environment(path: world.folder.path, access: .read)
        let keys = Array(world.records.keys.prefix(50)) + [[0], [255], [7, 7], [3, 0, 0]]
        #expect(try story(found, keys) == story(lmdb.beginRead(), keys))
    }

    /// What a transaction and a cursor show, step by step.
    private func story(_ transaction: borrowing ReadTransaction, _ keys: [[UInt8]]) throws -> [String] {
        var story = ["\(transaction.commitNumber)"]
        var cursor = try transaction.cursor()
        for key in keys {
            if let value = try transaction.value(of: key) { story.append("\(bytes(value))") }
            // Where a move fails the cursor's place is nobody's business.
            let moves: [(inout Cursor) throws -> Bool] = [
                { try $0.seek(key) }, { try $0.next() }, { try $0.seekBefore(key) }, { try $0.previous() },
                { try $0.last() }, { try $0.previous() }, { try $0.first() }, { try $0.next() },
            ]
            for move in moves {
                guard try move(&cursor) else {
                    story.append("no")
                    _ = try cursor.first()
                    continue
                }
                story.append("\(bytes(cursor.key)) \(bytes(cursor.value))")
            }
        }
        return story
    }

    private func bytes(_ span: RawSpan) -> [UInt8] { span.withUnsafeBytes { [UInt8]($0) } }

    /// Each page in use, damaged each way: the walk names it, and shows no record that was not there.
    @Test func everyDamagedPageIsFound() throws {
        let world = try PageWorld(seed: 11, commits: 9)
        let healthy = FileBytes.read(world.file)
        let pageBytes = 4096
        let uses = try livePages(world.folder.path)
        var random = SeededGenerator(seed: 5)
        let copy = TemporaryFolder()
        for (page, isTree) in uses.sorted(by: { $0.key < $1.key }) {
            for kind in PageDamage.allCases {
                var bytes = healthy
                let other = kind == .swapped ? uses.keys.filter { $0 != page }.randomElement(using: &random) : nil
                let changed = kind.apply(to: &bytes, page: page, pageBytes: pageBytes, with: other, &random)
                guard changed else { continue }
                FileBytes.write(bytes, to: copy.path + "/data.mdb")
                let (walk, records) = try PageWorld.walk(copy.path)
                // A changed value is the checksums' to find, and so is what lies between the entries of a page.
                let isFound = walk.map { !$0.faults.isEmpty } ?? true
                if kind == .zeroed || kind == .randomBytes || kind == .swapped {
                    #expect(isFound, "page \(page) \(kind)")
                }
                if isTree, kind == .header { #expect(isFound, "page \(page) \(kind)") }
                let ascends = zip(records, records.dropFirst()).allSatisfy { $0.key.lexicographicallyPrecedes($1.key) }
                #expect(ascends || isFound)
            }
        }
    }

    /// Pages in use by number, and whether they are branches or leaves.
    private func livePages(_ folder: String) throws -> [Int: Bool] {
        let (walk, records) = try PageWorld.walk(folder)
        var pages: [Int: Bool] = [:]
        for record in records { pages[record.page] = false }
        // Leaves hold the small records; big ones lie on pages of their own.
        for record in records where record.valueBytes < 2000 { pages[record.page] = true }
        if let root = walk?.meta.main.root { pages[root] = true }
        return pages
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>) func hostileBytesEndTheWalk(seed: UInt64) throws {
        let world = try PageWorld(seed: 20 + seed, commits: 12)
        let healthy = FileBytes.read(world.file)
        var random = SeededGenerator(seed: seed)
        let copy = TemporaryFolder()
        for _ in 0..<100 {
            var bytes = healthy
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
            case 1:
                // Within the metas and the first bytes of pages, where numbers stand that sizes are made of.
                for _ in 0..<Int.random(in: 1...20, using: &random) {
                    let page = Int.random(in: 0..<bytes.count / 4096, using: &random)
                    let place = page * 4096 + Int.random(in: 0..<152, using: &random)
                    bytes[place] =
                        [0, 0xff, 0x7f, UInt8.random(in: 0...255, using: &random)]
                        .randomElement(using: &random) ?? 0
                }
            default:
                for _ in 0..<Int.random(in: 1...200, using: &random) {
                    bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: 0...255, using: &random)
                }
            }
            FileBytes.write(bytes, to: copy.path + "/data.mdb")
            let file = try PageFile(folder: copy.path)
            for meta in file.metas().compactMap(\.meta) {
                var records: [PageRecord] = []
                let walk = PageWalk(file, meta, .everything) { records.append($0) }
                for record in records { _ = file.value(of: record) }
                file.forEachLostRecord(after: walk) { _ = file.value(of: $0) }
                file.forEachLostValue(after: walk) { _, _ in }
            }
            file.forEachLostRecord(after: nil) { _ = file.value(of: $0) }
            _ = Environment.metaFaults(folder: copy.path)
        }
    }

    /// A file that ends before its last page is whole as long as nothing reachable lies behind its end.
    @Test func onlyReachablePagesHaveToBeInTheFile() throws {
        let world = try PageWorld(seed: 2)
        let healthy = FileBytes.read(world.file)
        let (walk, records) = try PageWorld.walk(world.folder.path)
        let last = try #require(walk).meta.lastPage
        let lastUsed = records.map { $0.page + $0.valueBytes / 4096 + 1 }.max() ?? 0
        let copy = TemporaryFolder()
        for pages in 2...last + 1 {
            FileBytes.write(Array(healthy.prefix(pages * 4096)), to: copy.path + "/data.mdb")
            let (cut, _) = try PageWorld.walk(copy.path)
            if pages <= records.map(\.page).max() ?? 0 { #expect(cut?.faults.isEmpty == false, "\(pages) pages") }
            if pages > max(lastUsed, last) { #expect(cut?.faults == [], "\(pages) pages") }
        }
    }

    /// Records of pages that the tree does not lead to any more are found by the look of them.
    @Test func lostLeavesAreFound() throws {
        let world = try PageWorld(seed: 9)
        var bytes = FileBytes.read(world.file)
        let root = try #require(PageWorld.walk(world.folder.path).0?.meta.main.root)
        for place in root * 4096..<(root + 1) * 4096 { bytes[place] = 0 }
        let copy = TemporaryFolder()
        FileBytes.write(bytes, to: copy.path + "/data.mdb")
        let (walk, visited) = try PageWorld.walk(copy.path)
        #expect(walk?.faults.map(\.page) == [root])
        #expect(visited.isEmpty)
        let file = try PageFile(folder: copy.path)
        var found: [[UInt8]: [UInt8]] = [:]
        file.forEachLostRecord(after: walk) { found[$0.key] = file.value(of: $0) }
        for (key, value) in world.records { #expect(found[key] == value) }
    }

    /// Beside a writer: the pages of a transaction that is held do not change under the walk.
    @Test func aWalkBesideAWriterFindsNoFault() throws {
        var world = try PageWorld(seed: 4, commits: 10)
        let environment = try Environment(path: world.folder.path, access: .write, mapBytes: 1 << 28)
        var random = SeededGenerator(seed: 6)
        var walks = 0
        for _ in 0..<60 {
            let transaction = try environment.beginRead()
            let file = try PageFile(folder: world.folder.path)
            let meta = Environment.meta(of: transaction, in: file)
            for _ in 0..<Int.random(in: 0...3, using: &random) { try world.change(environment, &random) }
            guard let meta else { continue }
            walks += 1
            #expect(PageWalk(file, meta, .everything).faults == [])
        }
        #expect(walks == 60)
        let transaction = try environment.beginRead()
        for _ in 0..<2 { try world.change(environment, &random) }
        // Its meta page's place has been used again: there is nothing to walk from.
        #expect(Environment.meta(of: transaction, in: try PageFile(folder: world.folder.path)) == nil)
    }
}
