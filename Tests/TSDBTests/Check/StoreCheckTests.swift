import Glibc
import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct StoreCheckTests {
    @Test func aHealthyStoreIsWhole() throws {
        let written = try WrittenStore.ofEveryKind()
        let report = try StoreCheck.run(at: written.folder.path)
        #expect(report.findings == [])
        #expect(report.records == (try written.store.records().count))
        #expect(report.samples == written.naive.samples.values.reduce(0) { $0 + $1.count })
        #expect(report.frames == 7)
        #expect(report.events == 1)
        #expect(report.oldest == Timestamp(milliseconds: 5000))
        #expect(report.newest == Timestamp(milliseconds: 60_000))
        let world = try DamagedWorld()
        #expect(try StoreCheck.run(at: world.folder.path).findings == [])
    }

    /// One bit of each record: the check names the record.
    @Test func everyFlippedBitIsFound() throws {
        let written = try WrittenStore.ofEveryKind()
        let store = written.store
        var random = SeededGenerator(seed: 3)
        for record in try store.records() {
            var value = record.value
            value[Int.random(in: value.indices, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
            try store.overwrite(record.key, value: value)
            let report = try StoreCheck.run(at: written.folder.path)
            let title = RecordKind.title(of: record.key)
            #expect(report.findings.contains { $0.record == title }, "\(title): \(report.findings)")
            try store.overwrite(record.key, value: record.value)
        }
        #expect(try StoreCheck.run(at: written.folder.path).findings == [])
    }

    /// Records that are whole and contradict each other.
    @Test func whatDoesNotFitTogetherIsFound() throws {
        let written = try WrittenStore.ofEveryKind()
        let store = written.store
        func check(
            _ what: String, _ expected: String, sourceLocation: SourceLocation = #_sourceLocation,
            _ change: (StoredRecord) throws -> Bool
        ) throws {
            let records = try store.records()
            for record in records where try change(record) { break }
            let findings = try StoreCheck.run(at: written.folder.path).findings
            #expect(
                findings.contains { "\($0.record): \($0.reason)".contains(expected) }, "\(what): \(findings)",
                sourceLocation: sourceLocation)
            for record in try store.records() where !records.contains(where: { $0.key == record.key }) {
                try store.remove(record.key)
            }
            for record in records { try store.overwrite(record.key, value: record.value) }
        }
        func remove(_ key: [UInt8]) -> (StoredRecord) throws -> Bool {
            { record in
                guard record.key == key else { return false }
                try store.remove(key)
                return true
            }
        }
        func put(_ key: [UInt8], _ payload: [UInt8]) -> (StoredRecord) throws -> Bool {
            { _ in
                try store.overwrite(key, payload: payload)
                return true
            }
        }
        try check("group", "group 1: its record is missing", remove(Key.group(1)))
        try check("key row", "its key row is missing", remove(Key.headRow(time: 35_000, group: 1)))
        try check("row", "the row before it is missing", remove(Key.headRow(time: 40_000, group: 1)))
        try check(
            "names", "and it names", remove(Key.registry(span: .day, start: 0, stripe: Key.firstTailStripe)))
        try check("superblock", "superblock: missing", remove(Key.superblock))
        try check("kind", "its key is none that is known", put([0x77, 1], [1]))
        try check("tier", "tier 9 is not known", put(Key.block(group: 1, tier: 9, start: 0, stripe: 0), [1]))
        try check("version", "format 200 is not known", put(Key.group(7), [200, 1]))
        try check("stripe", "stripe 0 is missing", put(Key.block(group: 1, tier: 0, start: 7200, stripe: 1), [1]))
        let block = try #require(try store.records().first { $0.key[0] == 0x20 })
        try check(
            "start", "its start is not that of a span",
            put(Key.block(group: 1, tier: 0, start: 7, stripe: 0), block.payload))
        try check("end", "does not end with its last chunk", put(block.key, block.payload + [0]))
        try check(
            "late", "late batch 9",
            put(
                Key.lateBatch(9),
                LateBatch(day: 0, group: 1, series: [.init(id: 99, times: [1], values: [1])]).encoded()))
        #expect(try StoreCheck.run(at: written.folder.path).findings == [])
    }

    /// Hundreds of damaged pages: the store answers right, or tells, or refuses; the check finds what is alive.
    @Test(arguments: [PageDamage.zeroed, .randomBytes, .bitFlip, .header, .swapped])
    func noDamagedPageGivesAWrongValue(kind: PageDamage) throws {
        let world = try DamagedWorld()
        let uses = try world.uses()
        var random = SeededGenerator(seed: 12)
        let pages = Array(uses.keys.sorted().shuffled(using: &random).prefix(45)) + [0, 1]
        var found = 0
        for page in pages {
            var bytes = world.bytes
            let other = uses.keys.filter { $0 != page && $0 > 1 }.randomElement(using: &random)
            guard kind.apply(to: &bytes, page: page, pageBytes: 4096, with: page > 1 ? other : nil, &random) else {
                continue
            }
            world.put(bytes)
            let use = uses[page] ?? .unknown
            let report = try StoreCheck.run(at: world.copy.path)
            let isDead = [.free, .unknown].contains(use) && (kind != .swapped || other.flatMap { uses[$0] } == .free)
            // A flipped bit may lie where nothing is: in a page's free space, behind a value, in an old meta page.
            if !isDead, kind == .zeroed || kind == .randomBytes || kind == .swapped {
                #expect(!report.findings.isEmpty, "page \(page) \(use) \(kind)")
            }
            if isDead { #expect(report.findings == [], "page \(page) \(use) \(kind)") }
            do {
                let (samples, tells) = try DamagedWorld.samples(world.copy.path)
                #expect(world.holdsOnlyWhatWasRecorded(samples), "page \(page) \(use) \(kind)")
                if samples != world.samples { #expect(tells, "page \(page) \(use) \(kind)") }
                if tells { #expect(!report.findings.isEmpty, "page \(page) \(use) \(kind)") }
            } catch let error as StoreError {
                found += 1
                #expect(!report.findings.isEmpty, "page \(page) \(use) \(kind): \(error)")
                #expect(error.description.contains("mon db check"), "\(error)")
            }
        }
        if kind == .zeroed { #expect(found > 0) }
    }

    @Test func truncatedFilesAreFound() throws {
        let world = try DamagedWorld()
        var random = SeededGenerator(seed: 2)
        for round in 0..<40 {
            let count = round < 3 ? round * 4096 : Int.random(in: 8192..<world.bytes.count, using: &random)
            world.put(Array(world.bytes.prefix(count)))
            do {
                let (samples, tells) = try DamagedWorld.samples(world.copy.path)
                // What was cut off was not in use, or is a part of a value's last page, which is told.
                #expect(samples == world.samples || tells, "\(count) bytes")
                #expect(world.holdsOnlyWhatWasRecorded(samples), "\(count) bytes")
                // Windows may be cut off, too, which these samples do not tell.
                let isClean = try StoreCheck.run(at: world.copy.path).findings.isEmpty
                if isClean { #expect(samples == world.samples && !tells, "\(count) bytes") }
            } catch let error as StoreError {
                if case .noStore = error { continue }
                #expect(try !StoreCheck.run(at: world.copy.path).findings.isEmpty, "\(count) bytes: \(error)")
            }
        }
    }

    /// Beside a recorder: one commit is looked at, whatever is written meanwhile.
    @Test func aCheckBesideARecorderFindsNothing() throws {
        var written = try WrittenStore()
        let labels = (0..<20).map { Labels(name: "m", ["i": "\($0)"]) }
        for tick in 0..<400 as Range<Int64> {
            try written.append(tick * 30_000, labels.map { ($0, Double(tick)) })
            if tick % 40 != 0 { continue }
            let inspection = try Inspection.ofStore(at: written.folder.path, .reachable)
            for later in 1...5 as ClosedRange<Int64> {
                try written.append(tick * 30_000 + later, labels.map { ($0, Double(later)) })
            }
            #expect(try StoreCheck.run(inspection).findings == [], "tick \(tick)")
        }
    }
}
