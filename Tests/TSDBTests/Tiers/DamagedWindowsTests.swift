import Glibc
import LMDB
import Model
import TestSupport
import Testing

@testable import TSDB

/// Blocks of windows of which a stripe is damaged: the rest answers, what is lost is made of the samples where those
/// are kept, and is named where they are not.
@Suite struct DamagedWindowsTests {
    private static let day: Int64 = 86_400_000
    private static let tick: Int64 = 1_800_000
    private static let labels = (0..<16).map { Labels(name: "m\($0 % 3)", ["i": "\($0)"]) }

    /// Thirty-three days and a half of noise: a block of thirty days, blocks of days, and slices of the last of them.
    private static func written() throws -> WrittenStore {
        var written = try WrittenStore()
        var random = SeededGenerator(seed: 21)
        try record(&written, 1...(33 * 48 + 24), &random)
        try written.recorder.sealEverything()
        return written
    }

    /// The file of such a store, made once.
    private static let image = Result { () throws -> [UInt8] in
        let written = try DamagedWindowsTests.written()
        return FileBytes.read(written.folder.path + "/tsdb/1/data.mdb")
    }
    private static let agedImage = Result { () throws -> [UInt8] in
        let folder = TemporaryFolder()
        try age(copy(isAged: false, in: folder))
        return FileBytes.read(folder.path + "/tsdb/1/data.mdb")
    }

    /// A copy of it that nobody records into.
    private static func copy(isAged: Bool, in folder: TemporaryFolder) throws -> Store {
        for part in ["/tsdb", "/tsdb/1"] { mkdir(folder.path + part, 0o700) }
        FileBytes.write(try (isAged ? agedImage : image).get(), to: folder.path + "/tsdb/1/data.mdb")
        return try Store(at: folder.path, access: .write(testHost))
    }

    private static func record(
        _ written: inout WrittenStore, _ ticks: ClosedRange<Int64>, _ random: inout SeededGenerator
    ) throws {
        for tick in ticks {
            try written.append(tick * Self.tick, labels.map { ($0, Double.random(in: 0...1, using: &random)) })
        }
    }

    /// Leaves samples of two days, minutes of six.
    private static func age(_ store: Store) throws {
        let keep = TierKeep(raw: 2 * day, minute: 6 * day, hour: 1000 * day)
        _ = try store.retain(RetentionPolicy(keep: keep), now: Timestamp(milliseconds: 33 * day + 24 * tick))
    }

    /// A window of a series.
    private struct Found: Hashable {
        var labels: Labels
        var tier: Tier
        var window: Window
    }

    /// All windows, and what was said of them.
    private func windows(_ store: Store) throws -> (found: Set<Found>, losses: [DamageList.Loss]) {
        let snapshot = try store.snapshot()
        let selection = try snapshot.select([], in: .all)
        var found: Set<Found> = []
        var windows = WindowColumns()
        for index in 0..<selection.count {
            for tier in [Tier.minute, .hour] {
                let start = max(0, try selection.coverage(of: index)[tier])
                try selection.readWindows(
                    index, tier, after: Timestamp(milliseconds: start), through: TimeRange.all.max, into: &windows)
                for place in 0..<windows.count {
                    found.insert(Found(labels: selection.labels[index], tier: tier, window: windows[place]))
                }
            }
        }
        return (found, snapshot.damage.losses)
    }

    private func stripes(_ store: Store, _ layer: TierLayer) throws -> [StoredRecord] {
        try store.records().filter { $0.key[0] == Key.Kind.block.rawValue && $0.key[3] == layer.rawValue }
    }

    private func damage(_ record: StoredRecord, in store: Store, _ random: inout SeededGenerator) throws {
        var value = record.value
        value[Int.random(in: value.indices, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
        try store.overwrite(record.key, value: value)
    }

    @Test func samplesTakeThePlaceOfDamagedWindows() throws {
        let folder = TemporaryFolder()
        let store = try Self.copy(isAged: false, in: folder)
        let (before, losses) = try windows(store)
        #expect(losses.isEmpty)
        var random = SeededGenerator(seed: 1)
        for layer in TierLayer.allCases {
            let stripes = try stripes(store, layer)
            #expect(!stripes.isEmpty, "\(layer)")
            // The first one has the block's head.
            for record in stripes.prefix(1) + stripes.dropFirst().shuffled(using: &random).prefix(3) {
                try damage(record, in: store, &random)
                let (found, losses) = try windows(store)
                #expect(found == before, "\(layer), stripe \(record.key[12...])")
                #expect(losses.count > 0 && losses.allSatisfy { $0.series == 0 && $0.range == nil }, "\(losses)")
                try store.overwrite(record.key, value: record.value)
            }
        }
    }

    @Test func whatNothingElseHasIsNamed() throws {
        let folder = TemporaryFolder()
        let store = try Self.copy(isAged: true, in: folder)
        let (before, losses) = try windows(store)
        #expect(losses.isEmpty)
        var random = SeededGenerator(seed: 2)
        var (lost, mended) = (0, 0)
        for layer in TierLayer.allCases {
            let stripes = try stripes(store, layer)
            for record in stripes.prefix(1) + stripes.dropFirst().shuffled(using: &random).prefix(4) {
                try damage(record, in: store, &random)
                let (found, losses) = try windows(store)
                #expect(found.isSubset(of: before), "\(layer), stripe \(record.key[12...])")
                #expect(!losses.isEmpty)
                let isNamed = losses.contains { $0.series > 0 && $0.range != nil }
                #expect(isNamed == (found != before), "\(layer): \(losses)")
                if found == before { mended += 1 } else { lost += 1 }
                // One stripe of many is not the block.
                if layer == .hourBlock, record.key != stripes[0].key {
                    #expect(before.count - found.count < before.count / 4)
                }
                try store.overwrite(record.key, value: record.value)
            }
        }
        #expect(lost > 3 && mended > 3, "\(lost) and \(mended)")
        #expect(try windows(store).found == before)
    }

    /// A damaged slice or block does not stop the fold of its day or its thirty days: recording goes on, and what the
    /// samples still have is made of them.
    @Test(arguments: TierLayer.allCases, [false, true])
    func foldsLeaveOutWhatIsDamaged(layer: TierLayer, isAged: Bool) throws {
        var written = try Self.written()
        if isAged { try Self.age(written.store) }
        let before = try windows(written.store).found
        var random = SeededGenerator(seed: 3)
        let stripes = try stripes(written.store, layer)
        for record in [stripes[0], stripes[stripes.count / 2]] { try damage(record, in: written.store, &random) }
        // Something late has the block of thirty days and a day folded again.
        try written.append(3 * Self.day + 1000, [(Self.labels[0], 1)])
        try written.append(32 * Self.day + 1000, [(Self.labels[0], 1)])
        try Self.record(&written, (33 * 48 + 25)...(35 * 48), &random)
        try written.recorder.sealEverything()
        let (found, losses) = try windows(written.store)
        let missing = before.subtracting(found)
        // The late samples change their minute and their hour.
        if !isAged { #expect(missing.count <= 4, "\(layer): \(missing.prefix(3))") }
        let events = try written.store.snapshot().events(in: .all)
        let isTold = !losses.isEmpty || !events.isEmpty
        #expect(missing.count <= 4 || isTold, "\(layer): \(missing.count)")
        if !isAged { #expect(events.isEmpty, "\(events.prefix(2))") }
    }

    /// A salvage brings over all that the damaged store still answers, and its blocks hide none of it.
    @Test(arguments: TierLayer.allCases, [false, true])
    func salvagesKeepWhatStillAnswers(layer: TierLayer, isAged: Bool) throws {
        let folder = TemporaryFolder()
        let store = try Self.copy(isAged: isAged, in: folder)
        let before = try windows(store).found
        var random = SeededGenerator(seed: 5)
        let stripes = try stripes(store, layer)
        // The first one has the block's head.
        for record in stripes.prefix(1) + stripes.dropFirst().shuffled(using: &random).prefix(1) {
            try damage(record, in: store, &random)
            let (answered, losses) = try windows(store)
            let target = TemporaryFolder()
            let report = try Salvage.run(from: folder.path, to: target.path + "/new")
            #expect(!report.losses.isEmpty && !losses.isEmpty)
            let salvaged = try Store(at: target.path + "/new", access: .write(testHost))
            let (found, none) = try windows(salvaged)
            let (lost, made) = (answered.subtracting(found).count, found.subtracting(answered).count)
            #expect(lost == 0 && made == 0 && none.isEmpty, "\(layer)")
            #expect(try StoreCheck.run(at: target.path + "/new").findings == [])
            // Hours go on being there when their minutes go.
            if !isAged {
                try Self.age(salvaged)
                let hours = try windows(salvaged).found.filter { $0.tier == .hour }
                let missing = before.filter { $0.tier == .hour }.subtracting(hours).count
                #expect(missing == 0, "\(layer) of \(hours.count)")
            }
            try store.overwrite(record.key, value: record.value)
        }
    }

    /// Minutes whose hours are gone, block and all, are made hours again before they go.
    @Test(arguments: [TierLayer.hourSlice, .hourBlock]) func hoursThatAreGoneAreMadeAgain(layer: TierLayer) throws {
        let folder = TemporaryFolder()
        let store = try Self.copy(isAged: false, in: folder)
        let before = try windows(store).found.filter { $0.tier == .hour }
        for record in try stripes(store, layer) { try store.remove(record.key) }
        try Self.age(store)
        let missing = before.subtracting(try windows(store).found).count
        #expect(missing == 0)
        #expect(try StoreCheck.run(at: folder.path).findings == [])
    }

    /// Late samples of the group that has the others, merged.
    private static func record(late labels: [Labels], at time: Int64, _ recorder: inout Recorder) throws {
        let samples = labels.map { (recorder.reference(for: $0), 7.0) }
        let row = Scrape.Row(group: WrittenStore.group, samples: samples)
        try recorder.append(Scrape(time: Timestamp(milliseconds: time), rows: [row]))
        try LateMerging.mergeSealed(in: recorder.store)
    }

    /// Late samples change their own hours and no others, of series of which a stripe of minutes is damaged, too: those
    /// of a day that is among thirty already. Asked before the fold and after it.
    @Test func lateSamplesOfDamagedMinutesKeepTheHours() throws {
        let folder = TemporaryFolder()
        _ = try Self.copy(isAged: true, in: folder)
        var recorder = try Recorder(path: folder.path, host: testHost)
        let store = recorder.store
        func hours() throws -> Set<Found> { try windows(store).found.filter { $0.tier == .hour } }
        let before = try hours()
        var random = SeededGenerator(seed: 6)
        let day = Key.block(group: 1, tier: TierLayer.minuteBlock.rawValue, start: 28 * 86_400, stripe: 0)
        let block = try stripes(store, .minuteBlock).filter { $0.key.dropLast(2) == day.dropLast(2) }
        #expect(block.count > 2)
        try damage(block[1], in: store, &random)
        for (round, hour) in [7, 9].enumerated() as EnumeratedSequence<[Int64]> {
            try Self.record(late: Self.labels, at: 28 * Self.day + hour * 3_600_000 + 100_000, &recorder)
            for step in ["imported", "folded", "folded again"] {
                let after = try hours()
                let changed = before.subtracting(after)
                #expect(changed.count == (round + 1) * Self.labels.count, "\(step) \(round): \(changed.count)")
                #expect(after.count == before.count, "\(step) \(round)")
                let grown = after.filter { $0.window.count == 3 && $0.window.max == 7 }
                #expect(grown.count == (round + 1) * Self.labels.count, "\(step) \(round): \(grown.count)")
                try Folding.foldCompleteSpans(in: store)
            }
        }
        let findings = try StoreCheck.run(at: folder.path).findings
        #expect(findings == [], "\(findings)")
    }

    /// A day whose minutes were evicted up to its middle when its hours were among thirty already.
    @Test func lateSamplesOfHalfADayOfMinutesKeepTheHours() throws {
        let folder = TemporaryFolder()
        _ = try Self.copy(isAged: false, in: folder)
        var recorder = try Recorder(path: folder.path, host: testHost)
        let store = recorder.store
        try store.adopt(RetentionPolicy(keep: TierKeep(all: 1000 * Self.day)))
        let before = try windows(store).found.filter { $0.tier == .hour }
        let start = Key.block(group: 1, tier: 0, start: 10 * 86_400, stripe: 0)[4..<12]
        let end = Key.block(group: 1, tier: 0, start: 11 * 86_400, stripe: 0)[4..<12]
        for layer in [0, TierLayer.minuteBlock.rawValue] {
            for record in try store.records() where record.key[0] == Key.Kind.block.rawValue && record.key[3] == layer {
                let isOfDay = !record.key[4..<12].lexicographicallyPrecedes(start)
                if isOfDay, record.key[4..<12].lexicographicallyPrecedes(end) { try store.remove(record.key) }
            }
        }
        var forgotten = TierCoverage()
        forgotten.raw = 11 * Self.day
        forgotten.minute = 10 * Self.day + 5 * 3_600_000 + 5000
        #expect(
            try store.forget(
                [RetentionClass.standard: forgotten], store.snapshot().retentionClasses(),
                at: store.snapshot().currentSuperblock().generation))
        try Self.record(late: [Self.labels[0]], at: 10 * Self.day + 7 * 3_600_000 + 100_000, &recorder)
        for step in ["imported", "folded", "folded again"] {
            let after = try windows(store).found.filter { $0.tier == .hour }
            #expect(before.subtracting(after).count == 1, "\(step): \(before.subtracting(after).count)")
            #expect(after.count == before.count, "\(step)")
            try Folding.foldCompleteSpans(in: store)
        }
    }

    /// Retention looks what may go, a late sample comes into minutes of which there are hours, retention goes on.
    @Test func lateSamplesBesideRetentionAreInTheHours() throws {
        let folder = TemporaryFolder()
        _ = try Self.copy(isAged: true, in: folder)
        var recorder = try Recorder(path: folder.path, host: testHost)
        let store = recorder.store
        let now = Timestamp(milliseconds: 60 * Self.day)
        var keep = TierKeep(all: 1000 * Self.day)
        keep[.raw] = Self.day
        keep[.minute] = 31 * Self.day
        try store.adopt(RetentionPolicy(keep: keep))
        func hours() throws -> Set<Found> { try windows(store).found.filter { $0.tier == .hour } }
        let before = try hours()
        let cutoffs = Cutoffs(try store.snapshot().retentionClasses(), now: now)
        let doomed = try Doomed(cutoffs, in: store)
        #expect(doomed.forgotten[RetentionClass.standard]?.minute == 29 * Self.day)
        try Self.record(late: [Self.labels[0]], at: 28 * Self.day + 7 * 3_600_000 + 100_000, &recorder)
        #expect(try !store.forget(doomed.forgotten, cutoffs.classes, at: doomed.generation))
        _ = try store.retain(now: now)
        _ = try store.retain(now: now)
        #expect(try windows(store).found.allSatisfy { $0.tier == .hour || $0.window.end > 29 * Self.day })
        #expect(try before.subtracting(hours()).count == 1)
        #expect(try hours().subtracting(before).count == 1)
    }

    /// A late sample has a slice written anew of which a stripe is damaged: what is lost with it is told.
    @Test func lateSamplesTellWhatTheirSliceHasLost() throws {
        let folder = TemporaryFolder()
        _ = try Self.copy(isAged: true, in: folder)
        var recorder = try Recorder(path: folder.path, host: testHost)
        let store = recorder.store
        let time = 28 * Self.day + 7 * 3_600_000 + 100_000
        try Self.record(late: Self.labels, at: time, &recorder)
        let before = try windows(store).found
        var random = SeededGenerator(seed: 12)
        let slice = Key.block(group: 1, tier: TierLayer.minuteSlice.rawValue, start: 28 * 86_400 + 6 * 3600, stripe: 0)
        for record in try stripes(store, .minuteSlice) where record.key.starts(with: slice.dropLast(2)) {
            try damage(record, in: store, &random)
        }
        #expect(try !windows(store).losses.isEmpty)
        try Self.record(late: [Self.labels[0]], at: time + 1000, &recorder)
        let (found, losses) = try windows(store)
        #expect(losses.isEmpty && before.subtracting(found).count > 16)
        let events = try store.snapshot().events(in: .all).filter { $0.kind == .gap }
        let times = "from 1970-01-29T06:00:00.001Z to 1970-01-29T08:00:00Z"
        #expect(events.contains { $0.text.contains(times) }, "\(events)")
    }

    /// Minutes that are about to go become hours, where the names of the hours among thirty days are damaged, too.
    @Test(arguments: [false, true]) func minutesThatGoBecomeHoursWithoutTheNamesOfOthers(isEvicted: Bool) throws {
        let folder = TemporaryFolder()
        _ = try Self.copy(isAged: true, in: folder)
        var recorder = try Recorder(path: folder.path, host: testHost)
        let store = recorder.store
        let lateTime = 28 * Self.day + 7 * 3_600_000 + 100_000
        func hoursOfDay() throws -> Set<Found> {
            try windows(store).found.filter {
                $0.tier == .hour && Block.day(of: $0.window.end / 1000 - 1) == 28 * 86_400
            }
        }
        let before = try hoursOfDay()
        #expect(before.count == 24 * Self.labels.count)
        let names = Key.registry(span: .thirtyDays, start: 0, stripe: 0)
        var random = SeededGenerator(seed: 9)
        for record in try store.records() where record.key.starts(with: names.dropLast(2)) {
            try damage(record, in: store, &random)
        }
        try Self.record(late: [Self.labels[0]], at: lateTime, &recorder)
        // Hours alone are left of it.
        try Self.record(late: [Self.labels[0]], at: 3 * Self.day + 100_000, &recorder)
        #expect(try windows(store).found.contains { $0.tier == .hour && $0.window.end == 3 * Self.day + 3_600_000 })
        try Folding.foldCompleteSpans(in: store)
        #expect(try store.snapshot().tierReferences(.minuteSlice, group: 1).contains { $0.start / 86_400 == 28 })
        func minutesGone() throws -> Int64 { try store.snapshot().coverage(ofGroup: 1).minute }
        if isEvicted {
            while try minutesGone() < 29 * Self.day {
                #expect(try !store.evict(downTo: store.spaceUse().usedBytes - 12_000).isEmpty)
            }
        } else {
            let keep = TierKeep(raw: Self.day, minute: 31 * Self.day, hour: 1000 * Self.day)
            _ = try store.retain(RetentionPolicy(keep: keep), now: Timestamp(milliseconds: 60 * Self.day))
        }
        #expect(try minutesGone() >= 29 * Self.day)
        let after = try hoursOfDay()
        #expect(after.contains { $0.window.max == 7 && $0.window.count == 3 })
        #expect(before.subtracting(after).count == 1)
    }

    /// One page of the file at random: right, or named, or refused.
    @Test(arguments: [PageDamage.zeroed, .randomBytes, .bitFlip, .header, .swapped])
    func noDamagedPageGivesAWrongWindow(kind: PageDamage) throws {
        let folder = TemporaryFolder()
        let bytes = try Self.agedImage.get()
        let file = folder.path + "/tsdb/1/data.mdb"
        for part in ["/tsdb", "/tsdb/1"] { mkdir(folder.path + part, 0o700) }
        func put(_ bytes: [UInt8]) {
            unlink(folder.path + "/tsdb/1/lock.mdb")
            FileBytes.write(bytes, to: file)
        }
        put(bytes)
        let before = try windows(try Store.openVerified(at: folder.path)).found
        var random = SeededGenerator(seed: 4)
        var (answered, told) = (0, 0)
        let pages = bytes.count / 4096
        for _ in 0..<24 {
            var damaged = bytes
            let page = Int.random(in: 2..<pages, using: &random)
            let other = Int.random(in: 2..<pages, using: &random)
            guard page != other,
                kind.apply(to: &damaged, page: page, pageBytes: 4096, with: other, &random)
            else { continue }
            put(damaged)
            do {
                let (found, losses) = try windows(try Store.openVerified(at: folder.path))
                answered += 1
                if losses.isEmpty { #expect(found == before, "page \(page)") } else { told += 1 }
                #expect(found.isSubset(of: before), "page \(page): \(found.subtracting(before).prefix(2))")
            } catch let error as StoreError {
                switch error {
                case .damaged, .refused(.damagedFile, _), .unknownFormat: break
                default: Issue.record("page \(page): \(error)")
                }
            }
        }
        #expect(answered > 3, "\(answered)")
        if kind != .header { #expect(told > 0, "\(told)") }
    }
}
