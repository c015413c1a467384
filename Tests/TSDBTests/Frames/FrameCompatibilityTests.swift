import Model
import TestSupport
import Testing

@testable import TSDB

/// A store with process frames of the formats before (blocks of version 1, rows of kinds 1 and 2) keeps answering:
/// `frames-1.mdb` holds the world below, the first two hours of it sealed.
@Suite struct FrameCompatibilityTests {
    @Test func earlierFramesAnswer() throws {
        let folder = TemporaryFolder()
        let store = try CompatibilityTests.open("frames-1.mdb", in: folder)
        let frames = FrameCompatibilityTests.frames()
        let sealed = frames.prefix { $0.time.milliseconds <= 7_200_000 }
        let snapshot = try store.snapshot()
        #expect(try snapshot.frameBlocks(in: .all).flatMap { try snapshot.frames(of: $0) } == Array(sealed))
        #expect(try snapshot.frameRows(in: .all) == Array(frames.dropFirst(sealed.count)))
        let before = try answer(snapshot, [], .all)
        #expect(!before.isEmpty && before.allSatisfy { $0.0["state"] == nil })

        // Rows of now behind those of before, and all of them in blocks of now.
        var recorder = try Recorder(path: folder.path, host: testHost)
        var last = frames[frames.count - 1]
        last.time = Timestamp(milliseconds: 9_700_000)
        last.bootSeconds = 1000
        for place in last.processes.indices { last.processes[place].state = UInt8(ascii: "D") }
        try recorder.append(Scrape(time: last.time, rows: [], frame: last))
        try recorder.sealEverything()
        let after = try recorder.store.snapshot()
        #expect(try after.frameRows(in: .all).isEmpty)
        let found = try after.frameBlocks(in: .all).flatMap { try after.frames(of: $0) }
        #expect(found == frames + [last])
        let states = try answer(after, [Matcher(Labels.metricNameLabel, equals: "process_state")], .all)
        #expect(states.count == last.processes.count && states.allSatisfy { $0.1.count == 1 })
    }

    private static func frames() -> [ProcessFrame] {
        (0..<40).map { tick in
            let processes = (0..<6).filter { (tick + $0) % 5 != 0 }.map { place in
                ProcessRecord(
                    pid: Int32(place * 7 + 1), startTicks: UInt64(place) * 100 + 1,
                    name: place == 3 && tick > 10 ? "exec" : "p\(place)", username: place % 2 == 0 ? "root" : "ü",
                    cpuTicks: UInt64(tick * place * 3), cpuTicksSinceLast: tick % 7 == 0 ? 5 : UInt64(place * 3),
                    residentBytes: 4096 * UInt64((tick * tick + place * 31) % 97),
                    readBytes: place == 2 ? nil : 512 * UInt64(tick / 3),
                    writeBytes: place == 4 && tick % 9 == 0 ? nil : UInt64(tick * 1000 + place),
                    threads: UInt32(1 + place + tick / 20))
            }
            return ProcessFrame(
                time: Timestamp(milliseconds: Int64(tick) * 240_000), elapsedMilliseconds: tick == 0 ? 0 : 240_000,
                memoryTotalBytes: 1 << 34, ticksPerSecond: 100, processes: processes)
        }
    }
}
