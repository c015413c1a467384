import Glibc
import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct DamageTests {
    /// Everything that a store of ``WrittenStore/ofEveryKind()`` can be asked, as text.
    private func everything(_ store: Store) throws -> String {
        let snapshot = try store.snapshot()
        var lines = try answer(snapshot, [], .all).map { "\($0.0) \($0.1)" }
        let selection = try snapshot.select([], in: .all)
        var windows = WindowColumns()
        for index in 0..<selection.count {
            lines.append("\(try selection.coverage(of: index))")
            for tier in [Tier.minute, .hour] {
                try selection.readWindows(
                    index, tier, after: TimeRange.all.min, through: TimeRange.all.max, into: &windows)
                lines += (0..<windows.count).map { "\(tier) \(windows[$0])" }
            }
        }
        lines.append("\(try snapshot.events(in: .all))")
        lines.append("\(String(describing: try snapshot.metadata(of: "m")))")
        lines.append("\(try snapshot.labelNames(matching: [], in: .all))")
        lines.append("\(try snapshot.newestSampleTime() as Any) \(try snapshot.oldestSampleTime() as Any)")
        lines.append("\(try snapshot.currentSuperblock().hostName)")
        return lines.joined(separator: "\n")
    }

    /// Whether the store answers as before, or names what it cannot read and shows nothing that was not there.
    private func answersOrTells(_ store: Store, as before: String, _ samples: Set<String>) throws -> Bool {
        let snapshot = try store.snapshot()
        let found = try answer(snapshot, [], .all).flatMap { labels, points in points.map { "\(labels) \($0)" } }
        _ = try snapshot.labelNames(matching: [], in: .all)
        _ = try snapshot.events(in: .all)
        _ = try snapshot.metadata(of: "m")
        _ = try snapshot.newestSampleTime()
        if snapshot.damage.isEmpty { return try everything(store) == before }
        // A process whose frame is lost ends at the next one, so a stale marker may be where none was.
        let stale = "\(Double.staleMarkerBits))"
        return found.allSatisfy { samples.contains($0) || $0.hasPrefix("process_") && $0.hasSuffix(stale) }
    }

    /// Every sample of the store, as text.
    private func samples(_ store: Store) throws -> Set<String> {
        Set(try answer(store.snapshot(), [], .all).flatMap { labels, points in points.map { "\(labels) \($0)" } })
    }

    /// The checksum left as it was: any damaged bit is noticed, or is none of the question's.
    @Test func aFlippedBitIsNoticedOrTouchesNothing() throws {
        let written = try WrittenStore.ofEveryKind()
        let store = written.store
        let before = try everything(store)
        let known = try samples(store)
        var random = SeededGenerator(seed: 1)
        var kinds: Set<UInt8> = []
        for record in try store.records() {
            kinds.insert(record.key[0])
            for _ in 0..<6 {
                var value = record.value
                value[Int.random(in: value.indices, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
                try store.overwrite(record.key, value: value)
                do {
                    #expect(try answersOrTells(store, as: before, known), "key \(record.key)")
                } catch let error as StoreError {
                    guard case .damaged = error else {
                        Issue.record("key \(record.key): \(error)")
                        continue
                    }
                }
            }
            try store.overwrite(record.key, value: record.value)
        }
        #expect(try everything(store) == before)
        // The store has a record of every kind, so none was left out.
        #expect(kinds == [0, 1, 2, 3, 4, 5, 0x10, 0x11, 0x12, 0x20, 0x21])
    }

    /// The checksum made right again: whatever the bytes say, the store answers or refuses, also when it seals them.
    @Test func hostileValuesThrowOrAnswer() throws {
        var random = SeededGenerator(seed: 7)
        let written = try WrittenStore.ofEveryKind()
        let store = written.store
        let before = try everything(store)
        for record in try store.records() where record.key != Key.superblock && record.key[0] != 0x21 {
            for round in 0..<30 {
                var payload = record.payload
                if round < 10 {
                    payload.removeLast(Int.random(in: 1...payload.count, using: &random))
                } else {
                    for _ in 0..<Int.random(in: 1...4, using: &random) {
                        payload[Int.random(in: payload.indices, using: &random)] = .random(in: 0...255, using: &random)
                    }
                }
                try store.overwrite(record.key, payload: payload)
                expectAnswerOrRefusal { _ = try everything(store) }
                expectAnswerOrRefusal { _ = try store.retain(1, now: Timestamp(milliseconds: 1), isDryRun: true) }
            }
            try store.overwrite(record.key, value: record.value)
        }
        #expect(try everything(store) == before)
    }

    /// As above, and the damaged store is sealed, which must end and must not trap.
    @Test func hostileValuesCanBeSealed() throws {
        var random = SeededGenerator(seed: 8)
        for _ in 0..<40 {
            var written = try WrittenStore.ofEveryKind()
            let store = written.store
            let candidates = try store.records().filter { [0x01, 0x04, 0x10, 0x11, 0x20].contains($0.key[0]) }
            for record in candidates.shuffled(using: &random).prefix(2) {
                var payload = record.payload
                let place = Int.random(in: payload.indices, using: &random)
                payload[place] = .random(in: 0...255, using: &random)
                try store.overwrite(record.key, payload: payload)
            }
            do throws(StoreError) { try written.recorder.sealEverything() } catch { continue }
            expectAnswerOrRefusal { _ = try everything(store) }
        }
    }

    /// A row that a chain is read on top of is gone: the rest up to the next key row is named and left out, not read as
    /// something else.
    @Test func rowsWithoutTheirKeyRowAreRefused() throws {
        var written = try WrittenStore()
        for tick in 1...4 as ClosedRange<Int64> { try written.append(tick * 5000, [(Labels(name: "m"), Double(tick))]) }
        for (lost, left) in [(Int64(5000), 0), (10_000, 1), (15_000, 2), (20_000, 3)] {
            let key = Key.headRow(time: lost, group: 1)
            let record = try #require(try written.store.records().first { $0.key == key })
            try written.store.remove(key)
            let snapshot = try written.store.snapshot()
            #expect(try answer(snapshot, [], .all).first?.1.count ?? 0 == left)
            // The last row of all may be missing without a trace: the commit that wrote it may.
            let told = snapshot.damage.losses.map(\.reason).joined()
            #expect(told.contains("missing") == (lost < 20_000), "\(lost): \(told)")
            try written.store.overwrite(key, value: record.value)
        }
    }

    @Test func anAgeBeyondAllTimesIsRefused() throws {
        var written = try WrittenStore()
        try written.append(-5000, [(Labels(name: "m"), 1)])
        var row = ByteWriter([3])
        row.varint(UInt64(Int64.max))
        row.append([1, 0, 1, 0])
        try written.store.overwrite(Key.headRow(time: -4000, group: 1), payload: row.bytes)
        let late = TimeRange(minMilliseconds: -4500, maxMilliseconds: 0)
        let snapshot = try written.store.snapshot()
        #expect(try answer(snapshot, [], late).isEmpty)
        #expect(snapshot.damage.losses.map(\.record) == ["row of group 1 at 1969-12-31T23:59:56Z"])
    }

    /// Keys that damage moved to the ends of time: a start of the recorder answers or refuses.
    @Test(arguments: [Int64.min, .min + 1, .max - 1, .max], [1, HeadScan.frameGroup] as [UInt16])
    func rowsAtTheEndsOfTimeDoNotStopTheStart(time: Int64, group: UInt16) throws {
        var written = try WrittenStore()
        try written.append(0, [(Labels(name: "m"), 1)])
        try written.appendFrame(1)
        try written.store.overwrite(Key.headRow(time: time, group: group), payload: [1, 0])
        expectAnswerOrRefusal { _ = try everything(written.store) }
        expectAnswerOrRefusal { _ = try written.recorder.markGap(before: Timestamp(milliseconds: 60_000)) }
        expectAnswerOrRefusal { try written.append(65_000, [(Labels(name: "m"), 2)]) }
        expectAnswerOrRefusal { try written.recorder.sealEverything() }
    }

    @Test func scrapesBeyondAllTimesAreRefused() throws {
        var written = try WrittenStore()
        for time in [Int64.min, .max, .max - 1] {
            #expect(throws: StoreError.self) { try written.append(time, [(Labels(name: "m"), 1)]) }
        }
        written.naive = NaiveStore()
        try written.append(5, [(Labels(name: "m"), 1)])
        try written.expectEqualsModel("after refusals")
    }

    /// Canary: the question notices a changed value.
    @Test func theQuestionSeesEverything() throws {
        let written = try WrittenStore.ofEveryKind()
        let before = try everything(written.store)
        for record in try written.store.records() where [0x03, 0x11, 0x12].contains(record.key[0]) {
            try written.store.remove(record.key)
            #expect(try everything(written.store) != before, "key \(record.key)")
            try written.store.overwrite(record.key, value: record.value)
        }
        #expect(try everything(written.store) == before)
    }

    /// A store whose superblock is damaged is refused; nothing is begun in its place.
    @Test func aDamagedSuperblockIsNoEmptyFolder() throws {
        let written = try WrittenStore.ofEveryKind()
        let (path, before) = (written.folder.path, try written.store.records().count)
        try written.store.overwrite(Key.superblock, value: [1, 2, 3, 4, 5, 6, 7, 8])
        for access in [Store.Access.read, .write(testHost)] {
            let error = #expect(throws: StoreError.self) { _ = try Store(at: path, access: access) }
            #expect(error?.description.contains("superblock") == true, "\(String(describing: error))")
        }
        #expect(try written.store.records().count == before)
    }
}
