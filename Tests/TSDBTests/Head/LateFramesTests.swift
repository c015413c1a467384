import Model
import TestSupport
import Testing

@testable import TSDB

/// Process frames of a clock that is stepped back, and a store of frames alone.
@Suite struct LateFramesTests {
    private static func frame(_ time: Int64, _ random: inout SeededGenerator) -> ProcessFrame {
        let processes = (0..<Int.random(in: 1...5, using: &random)).map { pid in
            ProcessRecord(
                pid: Int32(pid), startTicks: 3, name: "p\(pid)", username: "root",
                cpuTicks: UInt64.random(in: 0...9999, using: &random), cpuTicksSinceLast: 5,
                residentBytes: UInt64.random(in: 0...(1 << 30), using: &random), readBytes: nil, writeBytes: 0,
                threads: 1)
        }
        return ProcessFrame(
            time: Timestamp(milliseconds: time), elapsedMilliseconds: 10_000, memoryTotalBytes: 1 << 34,
            ticksPerSecond: 100, processes: processes)
    }

    /// All frames, wherever they are, in order of time.
    private func frames(_ store: Store) throws -> [ProcessFrame] {
        let snapshot = try store.snapshot()
        var all: [ProcessFrame] = []
        for block in try snapshot.frameBlocks(in: .all) { all += try snapshot.frames(of: block) }
        return ProcessFrame.merged(all, try snapshot.frameRows(in: .all))
    }

    /// Steps back of all lengths, seals early and late, restarts: every frame is there once, of two of one time the
    /// later, and the series are those that the frames in order of time make.
    @Test(arguments: 1...12 as ClosedRange<UInt64>, [false, true])
    func everyFrameIsKept(seed: UInt64, hasSamples: Bool) throws {
        var random = SeededGenerator(seed: seed)
        let folder = TemporaryFolder()
        var recorder = try Recorder(path: folder.path, host: testHost, scrapesPerCommit: seed % 3 == 0 ? 4 : 1)
        var expected: [Int64: ProcessFrame] = [:]
        var time: Int64 = 5 * 86_400_000
        func expectAll(_ recorder: borrowing Recorder, _ comment: String) throws {
            let sorted = expected.sorted { $0.key < $1.key }.map(\.value)
            let known = sorted.map { frame in
                var frame = frame
                frame.processes = frame.orderedProcesses
                return frame
            }
            let store = recorder.store
            #expect(try frames(store) == known, "seed \(seed), \(comment)")
            var builder = try #require(FrameSeriesBuilder([]))
            for frame in sorted { builder.add(frame) }
            let series = builder.series().map { ($0.labels, $0.column) }
            let selection = try store.snapshot().select(
                [try Matcher("__name__", .matches, "process_.*")], in: .all)
            #expect(selection.labels == series.map(\.0), "seed \(seed), \(comment)")
            var column = SampleColumn()
            for (index, one) in series.enumerated() {
                try selection.read(index, in: .all, into: &column)
                let isSame =
                    column.timestamps == one.1.timestamps
                    && column.values.map(\.bitPattern) == one.1.values.map(\.bitPattern)
                #expect(isSame, "seed \(seed), \(comment), \(one.0)")
                if !isSame { return }
            }
        }
        for step in 0..<240 {
            switch Int.random(in: 0..<24, using: &random) {
            case 0: time -= Int64.random(in: 0...300_000, using: &random)
            case 1: time -= Int64.random(in: 0...30_000_000, using: &random)
            case 2: time += 7_200_000
            case 3: time -= time % 10_000
            default: time += 10_000
            }
            let frame = Self.frame(time, &random)
            expected[time] = frame
            var scrape = Scrape(time: frame.time, frame: frame)
            if hasSamples {
                let reference = recorder.reference(for: Labels(name: "up"))
                scrape.rows = [Scrape.Row(group: WrittenStore.group, samples: [(reference, 1)])]
            }
            try recorder.append(scrape)
            switch Int.random(in: 0..<60, using: &random) {
            case 0: try recorder.sealEverything()
            case 1:
                try recorder.close()
                recorder = try Recorder(path: folder.path, host: testHost)
            default: break
            }
            if step % 60 == 59 {
                try recorder.commit()
                try expectAll(recorder, "step \(step)")
            }
        }
        try recorder.sealEverything()
        try expectAll(recorder, "sealed")
        let left = try recorder.store.records().count { $0.key[0] == Key.Kind.headRow.rawValue }
        #expect(left == 0, "seed \(seed)")
        let report = try StoreCheck.run(at: folder.path)
        #expect(report.findings.isEmpty && report.frames == expected.count, "seed \(seed): \(report.findings)")
    }

    /// A store that gets nothing but frames is sealed like any other, and does not grow by its rows.
    @Test func framesAloneAreSealed() throws {
        var written = try WrittenStore()
        for tick in 1...3000 as ClosedRange<Int64> { try written.appendFrame(tick * 10_000) }
        let starts = try written.store.snapshot().frameBlocks(in: .all).map(\.start)
        #expect(starts == [0, 7200, 14_400, 21_600])
        let rows = try written.store.records().count { $0.key[0] == Key.Kind.headRow.rawValue }
        #expect(rows <= 720 && rows > 0)
        let willSeal = written.recorder.willSeal(at: Timestamp(milliseconds: 36_010_000))
        #expect(willSeal)
    }

    /// A clock that stands back for days: what came late is sealed when much of it waits, not only when the clock has
    /// caught up.
    @Test func manyLateFramesAreSealed() throws {
        var written = try WrittenStore()
        let day: Int64 = 86_400_000
        for tick in 1...5 as ClosedRange<Int64> { try written.appendFrame(30 * day + tick * 10_000) }
        for tick in 1...1500 as ClosedRange<Int64> { try written.appendFrame(20 * day + tick * 10_000) }
        let rows = try written.store.records().count { $0.key[0] == Key.Kind.headRow.rawValue }
        #expect(rows <= 725, "\(rows)")
        #expect(try frames(written.store).count == 1505)
        #expect(try written.store.snapshot().oldestSampleTime()?.milliseconds == 20 * day + 10_000)
    }

    /// What times a store has, as its parts go.
    @Test func boundsCountWindowsAndFrames() throws {
        var written = try WrittenStore()
        let hour: Int64 = 3_600_000
        for tick in 1...200 as ClosedRange<Int64> { try written.append(tick * hour - 7, [(Labels(name: "m"), 1)]) }
        try written.recorder.sealEverything()
        func bounds() throws -> [Int64?] {
            let snapshot = try written.store.snapshot()
            return [try snapshot.oldestSampleTime()?.milliseconds, try snapshot.newestSampleTime()?.milliseconds]
        }
        #expect(try bounds() == [hour - 7, 200 * hour - 7])
        // Samples of two days, minutes of four, hours of all: the oldest is what a window begins with.
        let keep = TierKeep(raw: 48 * hour, minute: 96 * hour, hour: 10_000 * hour)
        _ = try written.store.retain(RetentionPolicy(keep: keep), now: Timestamp(milliseconds: 200 * hour))
        #expect(try bounds() == [hour - 7, 200 * hour - 7])
        // All samples, then all minutes go, and hours with them where a step takes more.
        for tier in [Tier.raw, .minute] {
            var forgotten = TierCoverage()
            for _ in 0..<200 where forgotten[tier] < 200 * hour - 7 {
                _ = try written.store.evict(downTo: try written.store.spaceUse().usedBytes - 1)
                let classes = try written.store.snapshot().retentionClasses()
                forgotten = classes[RetentionClass.standard]?.forgotten ?? forgotten
            }
            #expect(forgotten[tier] == 200 * hour - 7)
            let oldest = (1...200).map { $0 * hour - 7 }.first { $0 > forgotten.hour }
            let newest = oldest.map { _ in 200 * hour - 7 }
            #expect(try bounds() == [oldest, newest], "\(tier): \(forgotten)")
        }
        let newest = try bounds()[1]
        try written.appendFrame(1000)
        #expect(try bounds() == [1000, newest ?? 1000])
    }
}
