import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct FrameRowTests {
    private func process(pid: Int32 = 7, start: UInt64 = 100, cpu: UInt64 = 9) -> ProcessRecord {
        ProcessRecord(
            pid: pid, startTicks: start, name: "a", username: "b", cpuTicks: cpu, cpuTicksSinceLast: 2,
            residentBytes: 8192, readBytes: 1024, writeBytes: nil, threads: 3, state: 83)
    }

    private func frame(_ time: Int64, _ processes: [ProcessRecord]) -> ProcessFrame {
        ProcessFrame(
            time: Timestamp(milliseconds: time), elapsedMilliseconds: 5000, memoryTotalBytes: 300, ticksPerSecond: 100,
            bootSeconds: 5, processes: processes)
    }

    /// Fixed bytes, so that the format cannot change unnoticed.
    @Test func writesTheDrawnBytes() throws {
        var encoder = FrameRowEncoder()
        var decoder = FrameRowDecoder()
        func check(_ frame: ProcessFrame, _ bytes: [UInt8]) throws {
            #expect(encoder.encode(frame, isKey: false) == bytes)
            #expect(try decoder.decode(bytes, time: frame.time) == frame)
        }
        try check(
            frame(0, [process()]),
            [
                3, 0x90, 0x4e, 0xac, 2, 100, 10, 2, 1, 97, 1, 98, 1, 14, 0xc8, 1, 0, 1, 9, 2, 0x80, 0x40, 1, 0x80, 8,
                3, 83,
            ])
        // Nothing but three ticks of CPU, which are also those since the last look.
        var later = process(cpu: 12)
        later.cpuTicksSinceLast = 3
        try check(frame(1, [later]), [4, 16, 0, 1, 1, 6])
        // A page more, 512 bytes read, idle; and a new process behind it.
        later.cpuTicksSinceLast = 0
        later.residentBytes += 4096
        later.readBytes = 1536
        try check(
            frame(2, [later, process(pid: 8)]),
            [4, 48, 0, 1, 0x0c, 4, 4, 1, 16, 0xc8, 1, 0, 1, 9, 2, 0x80, 0x40, 1, 0x80, 8, 3, 83])
        // The first is gone; the other used no CPU.
        var idle = process(pid: 8)
        idle.cpuTicksSinceLast = 0
        try check(frame(3, [idle]), [4, 8, 0, 1])
        // It waits for a disk.
        idle.state = 68
        try check(frame(4, [idle]), [4, 16, 0, 1, 64, 68])
        // Its control group, open files and swap become known, which takes a record; then two of them change.
        (idle.cgroup, idle.openFiles, idle.swapBytes) = ("c", 4, 4096)
        try check(
            frame(5, [idle]),
            [4, 20, 0, 1, 1, 99, 1, 128, 0, 1, 9, 0, 0x80, 0x40, 0x35, 0x80, 8, 3, 68, 2, 4, 0x80, 0x20])
        (idle.openFiles, idle.swapBytes) = (3, 8192)
        try check(frame(6, [idle]), [4, 16, 0, 1, 64, 68 | 128, 3, 1, 4])
    }

    /// Rows of the kinds of before, as they were written, and rows of now behind them.
    @Test func earlierRowsAreRead() throws {
        var decoder = FrameRowDecoder()
        func check(_ bytes: [UInt8], _ frame: ProcessFrame) throws {
            #expect(try decoder.decode(bytes, time: frame.time) == frame)
        }
        func earlier(_ time: Int64, _ processes: [ProcessRecord]) -> ProcessFrame {
            var frame = frame(time, processes)
            frame.bootSeconds = 0
            for place in frame.processes.indices { frame.processes[place].state = nil }
            return frame
        }
        let key: [UInt8] = [
            1, 0x90, 0x4e, 0xac, 2, 100, 2, 1, 97, 1, 98, 1, 14, 0xc8, 1, 0, 1, 9, 2, 0x80, 0x40, 1, 0x80, 8, 3,
        ]
        #expect(FrameRowDecoder.isKey(key))
        try check(key, earlier(0, [process()]))
        var later = process(cpu: 12)
        later.cpuTicksSinceLast = 3
        try check([2, 16, 0, 1, 1, 6], earlier(1, [later]))
        // Bits that had no meaning then.
        for row in [[2, 64, 0], [2, 16, 0, 1, 64, 68]] as [[UInt8]] {
            var copy = decoder
            #expect(throws: CodecError.self) { try copy.decode(row, time: Timestamp(milliseconds: 2)) }
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func randomFramesComeBack(seed: UInt64) throws {
        var world = FrameWorld(seed: seed)
        var encoder = FrameRowEncoder()
        var decoder = FrameRowDecoder()
        for (i, frame) in world.frames(300).enumerated() {
            let row = encoder.encode(frame, isKey: i % 50 == 0)
            #expect(FrameRowDecoder.isKey(row) == (i % 50 == 0))
            // A reader that begins at a key row sees what one sees that began earlier.
            if i % 50 == 0 { decoder = FrameRowDecoder() }
            #expect(try decoder.decode(row, time: frame.time) == frame, "seed \(seed), frame \(i)")
        }
    }

    @Test func theFirstRowIsAKeyRow() {
        var encoder = FrameRowEncoder()
        #expect(encoder.needsKey)
        #expect(FrameRowDecoder.isKey(encoder.encode(frame(0, []), isKey: false)))
        #expect(!encoder.needsKey)
        #expect(!FrameRowDecoder.isKey(encoder.encode(frame(1, []), isKey: false)))
    }

    @Test func processesArePutInOrderAndGivenOnce() throws {
        var encoder = FrameRowEncoder()
        var decoder = FrameRowDecoder()
        let row = encoder.encode(frame(0, [process(pid: 9), process(pid: 7), process(pid: 9)]), isKey: true)
        let decoded = try decoder.decode(row, time: Timestamp(milliseconds: 0))
        #expect(decoded.processes.map(\.pid) == [7, 9])
    }

    @Test func aDeltaRowNeedsTheRowBefore() throws {
        var encoder = FrameRowEncoder()
        let key = encoder.encode(frame(0, [process()]), isKey: true)
        let delta = encoder.encode(frame(1, [process()]), isKey: false)
        var decoder = FrameRowDecoder()
        let time = Timestamp(milliseconds: 0)
        #expect(throws: CodecError.self) { try decoder.decode(delta, time: time) }
        _ = try decoder.decode(key, time: time)
        #expect(throws: CodecError.self) { try decoder.decode([4, 255], time: time) }
        // What a damaged row left behind is not built on.
        #expect(throws: CodecError.self) { try decoder.decode(delta, time: time) }
        #expect(throws: CodecError.unknownVersion(position: 0, number: 5)) { try decoder.decode([5], time: time) }
    }

    @Test func hostileBytesThrowOrDecode() {
        var world = FrameWorld(seed: 11)
        world.processesMax = 4
        var encoder = FrameRowEncoder()
        var decoder = FrameRowDecoder()
        for (i, frame) in world.frames(24).enumerated() {
            let row = encoder.encode(frame, isKey: i % 8 == 0)
            forEachDamage(of: row) { damaged in
                var copy = decoder
                if let decoded = try? copy.decode(damaged, time: frame.time) {
                    #expect(decoded.orderedProcesses.count == decoded.processes.count)
                }
            }
            _ = try? decoder.decode(row, time: frame.time)
        }
    }
}
