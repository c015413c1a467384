import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct FrameThinningTests {
    private static let day: Int64 = 86_400_000

    private func process(_ pid: Int32, ticks: UInt64, since: UInt64) -> ProcessRecord {
        ProcessRecord(
            pid: pid, startTicks: 1, name: "p\(pid)", username: "u", cpuTicks: ticks, cpuTicksSinceLast: since,
            residentBytes: 4096, readBytes: 0, writeBytes: 0, threads: 1)
    }

    private func frame(_ time: Int64, _ processes: [ProcessRecord]) -> ProcessFrame {
        ProcessFrame(
            time: Timestamp(milliseconds: time), elapsedMilliseconds: 10_000, memoryTotalBytes: 1 << 30,
            ticksPerSecond: 100, processes: processes)
    }

    @Test func theLastFrameOfAWindowStaysAndTellsItsMean() {
        var thinner = FrameThinner(.minute)
        var frames: [ProcessFrame] = []
        for tick in 1...12 as ClosedRange<Int64> {
            let mine = process(1, ticks: UInt64(tick) * 10, since: 10)
            // Another lives for the first half minute.
            thinner.add(frame(tick * 10_000, tick <= 3 ? [mine, process(2, ticks: 1, since: 1)] : [mine]), to: &frames)
        }
        thinner.finish(&frames)
        #expect(frames.map(\.time.milliseconds) == [60_000, 120_000])
        #expect(frames.allSatisfy { $0.elapsedMilliseconds == 60_000 && $0.processes.count == 1 })
        #expect(frames.map(\.processes[0].cpuTicksSinceLast) == [60, 60])
        #expect(frames.map(\.processes[0].cpuTicks) == [60, 120])
    }

    /// Days of frames age by a policy: what stays is a part of what was, series end where their process is gone, and
    /// the mean CPU is that of all frames.
    @Test func seriesOfThinnedFramesAreRight() throws {
        var written = try WrittenStore()
        func scrape(_ tick: Int64) -> ProcessFrame {
            var processes = [process(1, ticks: UInt64(tick) * 7, since: 7)]
            if (tick / 1000) % 2 == 0 { processes.append(process(2, ticks: UInt64(tick), since: 1)) }
            return frame(tick * 20_000, processes)
        }
        for tick in 1...(40 * 4320) as ClosedRange<Int64> where tick % 4320 < 60 {
            let frame = scrape(tick)
            // Rows are what spans are sealed by.
            let row = Scrape.Row(
                group: WrittenStore.group, samples: [(written.recorder.reference(for: Labels(name: "up")), 1)])
            try written.recorder.append(Scrape(time: frame.time, rows: [row], frame: frame))
        }
        let now = Timestamp(milliseconds: 40 * Self.day)
        let keep = TierKeep(raw: 3 * Self.day, minute: 8 * Self.day, hour: 90 * Self.day)
        let report = try written.store.retain(RetentionPolicy(keep: keep), now: now)
        #expect(report.thinnedProcessBlocks > 37 && report.processBlocks == 0)
        let snapshot = try written.store.snapshot()
        let blocks = try snapshot.frameBlocks(in: .all)
        #expect(blocks.first == FrameBlockReference(tier: 2, start: 0))
        #expect(Set(blocks.map(\.tier)) == [0, 1, 2])
        let selection = try snapshot.select([Matcher("pid", equals: "1")], in: .all)
        let cpu = try #require(selection.labels.firstIndex { $0.description.contains("process_cpu_percent") })
        #expect(try selection.coverage(of: cpu) == TierCoverage(raw: 37 * Self.day, minute: 30 * Self.day, hour: .min))
        var column = SampleColumn()
        try selection.read(cpu, in: .all, into: &column)
        #expect(column.values.allSatisfy { $0 == 0.7 || $0.isStaleMarker })
        let hourly = column.timestamps.filter { $0 <= 30 * Self.day }
        #expect(hourly.count <= 2 * 30 + 2 && hourly.count >= 30)
        // Every frame that stays is one that was.
        for block in blocks {
            let frames = try snapshot.frames(of: block)
            for (before, after) in zip(frames, frames.dropFirst()) { #expect(before.time < after.time) }
            for one in frames {
                let was = scrape(one.time.milliseconds / 20_000)
                #expect(one.processes.map(\.pid) == was.processes.map(\.pid))
                #expect(one.processes.map(\.cpuTicks) == was.processes.map(\.cpuTicks))
            }
        }
        // The other process ends with a marker where it is missing first.
        let other = try snapshot.select(
            [Matcher("pid", equals: "2"), Matcher("__name__", equals: "process_threads")], in: .all)
        try other.read(0, in: .all, into: &column)
        for (place, value) in column.values.enumerated() {
            let isThere = (column.timestamps[place] / 20_000 / 1000) % 2 == 0
            #expect(value.isStaleMarker == !isThere)
        }
        #expect(column.values.contains { $0.isStaleMarker })
        #expect(try written.store.retain(now: now).isEmpty, "what is thin stays")
        // A slice has what there is, thin or not.
        for range in [TimeRange.all, TimeRange(minMilliseconds: 20 * Self.day, maxMilliseconds: 38 * Self.day)] {
            let path = written.folder.path + "/slice-\(range.min.milliseconds).mon"
            let report = try snapshot.writeSlice(SliceRequest(range: range), to: path)
            let slice = try Store(at: path, access: .snapshotFile).snapshot()
            let there = try slice.frameBlocks(in: .all)
            #expect(there.map(\.tier).contains(2) && there.map(\.tier).contains(1) && there.map(\.tier).contains(0))
            let copied = try there.flatMap { try slice.frames(of: $0) }
            let sealed = try snapshot.frameBlocks(in: .all).flatMap { try snapshot.frames(of: $0) }
            let own = sealed + (try snapshot.frameRows(in: .all))
            #expect(copied == own.filter { range.contains($0.time) } && copied.count == report.frames)
            #expect(copied.count > 30)
            expectSame(
                try answer(slice, [Matcher("pid", equals: "1")], range),
                try answer(snapshot, [Matcher("pid", equals: "1")], range), "\(range)")
        }
    }
}
