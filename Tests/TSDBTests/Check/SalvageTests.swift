import Glibc
import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct SalvageTests {
    /// Whatever happens to a page, what lies elsewhere is saved, and what is not is told.
    @Test(arguments: [PageDamage.zeroed, .randomBytes, .header, .swapped])
    func everythingElseIsSaved(kind: PageDamage) throws {
        let world = try DamagedWorld()
        let uses = try world.uses()
        var random = SeededGenerator(seed: 4)
        let live = uses.keys.filter { uses[$0] != .free && $0 > 1 }.sorted()
        let branches = live.filter { uses[$0] == .branch || uses[$0] == .freeListTree }
        let leaves = live.filter { uses[$0] == .leaf }.shuffled(using: &random).prefix(8)
        let values = live.filter { uses[$0] == .overflow }.shuffled(using: &random).prefix(5)
        for page in branches + leaves + values + [0, 1] {
            var bytes = world.bytes
            let other = live.filter { $0 != page }.randomElement(using: &random)
            guard kind.apply(to: &bytes, page: page, pageBytes: 4096, with: page > 1 ? other : nil, &random) else {
                continue
            }
            world.put(bytes)
            let use = uses[page] ?? .unknown
            let target = TemporaryFolder()
            let report = try Salvage.run(from: world.copy.path, to: target.path + "/new")
            let findings = try StoreCheck.run(at: target.path + "/new").findings
            #expect(findings.isEmpty, "page \(page) \(use) \(kind): \(findings)")
            let (found, tells) = try DamagedWorld.samples(target.path + "/new")
            #expect(!tells)
            let named = found.filter { !$0.hasPrefix("lost_series") }
            #expect(world.holdsOnlyWhatWasRecorded(named), "page \(page) \(use) \(kind)")
            let missing = world.samples.subtracting(found)
            if !missing.isEmpty { #expect(!report.losses.isEmpty, "page \(page) \(use) \(kind)") }
            switch use {
            // Pages that only lead to others, or that the other meta page replaces but for the last commit.
            case .branch where kind != .swapped, .freeListTree where kind != .swapped:
                #expect(missing.isEmpty, "page \(page) \(use) \(kind): \(missing.count) missing, \(report.losses)")
            case .leaf where kind != .swapped, .overflow where kind != .swapped:
                // Under their names or, where those are lost, under others.
                #expect(found.count > world.samples.count / 2, "page \(page) \(use) \(kind): \(found.count)")
                let areNamesLost = report.namelessSeries > 0
                #expect(missing.count < world.samples.count / 2 || areNamesLost, "page \(page) \(use) \(kind)")
            default: break
            }
        }
    }

    /// Stripes whose leaf page is gone get their keys back by their checksums.
    @Test func stripesOfALostLeafAreSaved() throws {
        let world = try DamagedWorld(series: 60)
        let file = try PageFile(folder: world.folder.path + "/tsdb/1")
        let uses = try world.uses()
        var tried = 0
        for page in uses.keys.sorted() where uses[page] == .leaf {
            var bytes = world.bytes
            let stripes = try stripesNamed(by: page, in: world)
            guard stripes > 8 else { continue }
            tried += 1
            for place in page * file.pageBytes..<(page + 1) * file.pageBytes { bytes[place] = 0 }
            world.put(bytes)
            let inspection = try Inspection.ofStore(at: world.copy.path, .recovered)
            let lost = try Inspection.ofStore(at: world.copy.path, .reachable).records.count
            #expect(inspection.records.count - lost >= stripes - 2, "page \(page): \(stripes) stripes")
        }
        #expect(tried > 0)
    }

    private func stripesNamed(by page: Int, in world: DamagedWorld) throws -> Int {
        var bytes = world.bytes
        for place in page * 4096..<(page + 1) * 4096 { bytes[place] = 0 }
        world.put(bytes)
        let whole = try Inspection.ofStore(at: world.folder.path, .reachable).records
        let rest = try Inspection.ofStore(at: world.copy.path, .reachable).records
        // Big values alone: the others lie in the leaf itself.
        return whole.bigRecordCount - rest.bigRecordCount
    }

    /// A registry that is lost: its series keep their samples under a name that says so.
    @Test func samplesOutliveTheirNames() throws {
        let written = try WrittenStore.ofEveryKind()
        for record in try written.store.records() where record.key[0] == 0x01 { try written.store.remove(record.key) }
        let target = TemporaryFolder()
        let report = try Salvage.run(from: written.folder.path, to: target.path)
        #expect(report.namelessSeries == 4)
        let found = try answer(Store(at: target.path, access: .read).snapshot(), [], .all)
        let lost = found.filter { $0.0.metricName == "lost_series" }
        #expect(lost.count == 4)
        let points = Set(written.naive.select([], .all).flatMap { $0.1.map { "\($0)" } })
        #expect(Set(lost.flatMap { $0.1.map { "\($0)" } }) == points)
        #expect(try StoreCheck.run(at: target.path).findings == [])
    }

    /// A store without damage comes over whole, every kind of record.
    @Test func aHealthyStoreIsCopied() throws {
        let written = try WrittenStore.ofEveryKind()
        let target = TemporaryFolder()
        let report = try Salvage.run(from: written.folder.path, to: target.path)
        #expect(report.losses == [])
        let copy = try Store(at: target.path, access: .read)
        expectSame(
            try answer(copy.snapshot(), [], .all), try answer(written.store.snapshot(), [], .all), "salvaged")
        #expect(try copy.snapshot().events(in: .all) == written.store.snapshot().events(in: .all))
        #expect(try copy.snapshot().metadata(of: "m") == written.store.snapshot().metadata(of: "m"))
        #expect(copy.host == testHost)
        // The new store goes on being recorded into.
        var recorder = try Recorder(path: target.path, host: testHost)
        let row = Scrape.Row(
            group: WrittenStore.group, samples: [(recorder.reference(for: Labels(name: "m", ["i": "0"])), 5)])
        try recorder.append(Scrape(time: Timestamp(milliseconds: 65_000), rows: [row]))
        try recorder.sealEverything()
        let samples = try answer(recorder.store.snapshot(), [Matcher("i", equals: "0")], .all).first?.1
        #expect(samples?.last?.0 == 65_000)
        #expect(throws: StoreError.self) { _ = try Salvage.run(from: written.folder.path, to: target.path) }
    }

    @Test func anUnknownFormatIsRefusedByName() throws {
        let written = try WrittenStore.ofEveryKind()
        let block = try #require(try written.store.records().first { $0.key == Key.superblock })
        var payload = block.payload
        payload[4] = 99
        try written.store.overwrite(Key.superblock, payload: payload)
        let target = TemporaryFolder()
        for attempt in [
            { _ = try Salvage.run(from: written.folder.path, to: target.path + "/new") },
            { _ = try Store.openVerified(at: written.folder.path) },
        ] as [() throws -> Void] {
            let error = #expect(throws: StoreError.self, performing: attempt)
            #expect(error?.description.contains("superblock has format 99") == true)
        }
        let findings = try StoreCheck.run(at: written.folder.path).findings
        #expect(findings.map(\.record) == ["superblock"])
        #expect(findings.first?.reason.contains("format 99") == true)
    }

    @Test func shiftedChecksumsAreThoseOfWholeStrings() {
        var random = SeededGenerator(seed: 1)
        for count in [0, 1, 7, 100, 4076] {
            let key = (0..<14).map { _ in UInt8.random(in: 0...255, using: &random) }
            let payload = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let whole = Checksum.plain(key + payload)
            #expect(CRCShift(bytes: count).apply(Checksum.plain(key)) ^ Checksum.plain(payload) == whole, "\(count)")
            #expect(CRCShift(undoing: count).apply(whole ^ Checksum.plain(payload)) == Checksum.plain(key), "\(count)")
            let twice = CRCShift(undoing: 3).after(CRCShift(undoing: count))
            #expect(twice.apply(whole) == CRCShift(undoing: count + 3).apply(whole), "\(count)")
            if let last = payload.last {
                #expect(Checksum.plain(after: Checksum.plain(payload.dropLast()), last) == Checksum.plain(payload))
            }
        }
    }
}
