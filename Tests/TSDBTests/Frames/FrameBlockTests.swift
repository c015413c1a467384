import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct FrameBlockTests {
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func randomFramesComeBack(seed: UInt64) throws {
        var world = FrameWorld(seed: seed)
        for count in [0, 1, 2, 3, 40, 300] {
            let frames = world.frames(count)
            let reader = try FrameBlockReader(FrameBlock.encode(frames))
            #expect(reader.times == frames.map(\.time.milliseconds))
            #expect(try reader.frames() == frames, "seed \(seed), \(count) frames")
        }
    }

    @Test func oneProcessIsReadWithoutTheOthers() throws {
        var world = FrameWorld(seed: 21)
        let frames = world.frames(200)
        let reader = try FrameBlockReader(FrameBlock.encode(frames))
        for (index, process) in reader.processes.enumerated() {
            let columns = try reader.numbers(of: index, [.residentBytes])
            let expected = frames.enumerated().compactMap { number, frame in
                frame.processes.first {
                    ProcessIdentity($0) == process.identity && $0.name == process.name
                        && $0.username == process.username
                }.map { (number, $0) }
            }
            #expect(Array(process.runs.joined()) == expected.map(\.0))
            #expect(expected.indices.map { columns[$0].residentBytes } == expected.map(\.1.residentBytes))
        }
    }

    /// Fixed bytes, so that the format cannot change unnoticed.
    @Test func writesTheDrawnBytes() throws {
        let process = ProcessRecord(
            pid: 7, startTicks: 100, name: "a", username: "b", cpuTicks: 9, cpuTicksSinceLast: 2, residentBytes: 8192,
            readBytes: nil, writeBytes: nil, threads: 3, state: 83, cgroup: "c")
        let frame = ProcessFrame(
            time: Timestamp(milliseconds: 1000), elapsedMilliseconds: 0, memoryTotalBytes: 1, ticksPerSecond: 100,
            bootSeconds: 7, processes: [process])
        let block = FrameBlock.encode([frame])
        let frameColumns: [UInt8] = [3, 0xd0, 15, 0, 3, 2, 3, 200, 1, 3, 14]
        let processTable: [UInt8] = [1, 3, 14, 3, 200, 1, 0, 3, 2]
        let presence: [UInt8] = [3, 2, 0, 3, 2]
        let record: [UInt8] = [3, 18, 3, 4, 3, 128, 128, 1, 0, 0, 3, 6, 3, 2, 3, 2]
        let state: [UInt8] = [3, 166, 1, 3, 6]
        #expect(
            block == [0x46, 0x42, 2, 1, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] + frameColumns
                + [3, 1, 97, 1, 98, 1, 99] + processTable + presence + [3, 42] + record + state)
        #expect(try FrameBlockReader(block).frames() == [frame])
    }

    /// A block of version 1, as it was written.
    @Test func earlierBlocksAreRead() throws {
        let process = ProcessRecord(
            pid: 7, startTicks: 100, name: "a", username: "b", cpuTicks: 9, cpuTicksSinceLast: 2, residentBytes: 8192,
            readBytes: nil, writeBytes: nil, threads: 3)
        let frame = ProcessFrame(
            time: Timestamp(milliseconds: 1000), elapsedMilliseconds: 0, memoryTotalBytes: 1, ticksPerSecond: 100,
            processes: [process])
        let frameColumns: [UInt8] = [3, 0xd0, 15, 0, 3, 2, 3, 200, 1]
        let processTable: [UInt8] = [1, 3, 14, 3, 200, 1, 0, 3, 2]
        let record: [UInt8] = [3, 18, 3, 4, 3, 128, 128, 1, 0, 0, 3, 6, 3, 2, 3, 2]
        let block =
            [0x46, 0x42, 1, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8] + frameColumns + [2, 1, 97, 1, 98] + processTable
            + [3, 2, 0, 3, 2, 3, 32] + record
        let reader = try FrameBlockReader(block)
        #expect(try reader.frames() == [frame])
        var builder = try #require(FrameSeriesBuilder([]))
        try builder.add(reader)
        #expect(
            builder.series().compactMap(\.labels.metricName) == [
                "process_cpu_seconds_total", "process_memory_bytes", "process_memory_percent", "process_threads",
            ])
    }

    @Test func fieldsOfLaterVersionsArePassedOver() throws {
        var world = FrameWorld(seed: 23)
        let frames = world.frames(1)
        let block = FrameBlock.encode(frames)
        // Magic, version, frames, then the field list.
        #expect(block[3] == 1 && block[4] >= 8)
        var renamed = block
        renamed[5 + 5] = 200
        let reader = try FrameBlockReader(renamed)
        for index in reader.processes.indices {
            _ = try reader.numbers(of: index, [.cpuTicks, .residentBytes])
            #expect(throws: CodecError.self) { try reader.numbers(of: index, [.threads]) }
        }
    }

    @Test func otherBytesAreRefused() {
        #expect(throws: CodecError.self) { try FrameBlockReader([]) }
        #expect(throws: CodecError.malformed(position: 0, reason: "not a block of process frames")) {
            try FrameBlockReader([1, 2, 3, 4])
        }
        #expect(throws: CodecError.unknownVersion(position: 2, number: 9)) { try FrameBlockReader([0x46, 0x42, 9, 0]) }
    }

    @Test func hostileBytesThrowOrDecode() {
        var world = FrameWorld(seed: 25)
        world.processesMax = 3
        let frames = world.frames(12)
        forEachDamage(of: FrameBlock.encode(frames)) { damaged in
            guard let reader = try? FrameBlockReader(damaged) else { return }
            if let decoded = try? reader.frames() { #expect(decoded.count == reader.times.count) }
            if var builder = FrameSeriesBuilder([]) { try? builder.add(reader) }
        }
    }

    /// Whatever stands in place of what is lost: nothing of it is answered.
    @Test(arguments: 1...3 as ClosedRange<UInt64>) func whatIsLostIsNotAnswered(seed: UInt64) throws {
        var world = FrameWorld(seed: seed)
        let frames = world.frames(30)
        let bytes = FrameBlock.encode(frames)
        var random = SeededGenerator(seed: seed)
        var (refused, partial) = (0, 0)
        for _ in 0..<300 {
            let start = Int.random(in: bytes.indices, using: &random)
            let lost = start..<min(bytes.count, start + Int.random(in: 1...60, using: &random))
            var damaged = bytes
            for place in lost { damaged[place] = UInt8.random(in: 0...255, using: &random) }
            guard let reader = try? FrameBlockReader(damaged, lost: [lost]) else {
                refused += 1
                continue
            }
            // A process that gets another name is one of its own in a block.
            let kept = Set(reader.processes.map { ["\($0.identity)", $0.name, $0.username] })
            #expect(reader.processesLost > 0)
            if !kept.isEmpty { partial += 1 }
            let expected = frames.map { frame in
                var frame = frame
                frame.processes.removeAll { !kept.contains(["\(ProcessIdentity($0))", $0.name, $0.username]) }
                return frame
            }
            #expect(try reader.frames() == expected)
        }
        #expect(refused > 10 && partial > 10, "\(refused) and \(partial)")
    }

    @Test func aBlockOfABusyHostIsSmall() throws {
        var world = FrameWorld(seed: 27)
        world.pids = 1...30_000
        world.processesMax = 45
        let frames = world.frames(300)
        let records = frames.reduce(0) { $0 + $1.processes.count }
        // Random worlds are noisier than hosts: 12 bytes for seven numbers and a share of the tables.
        #expect(FrameBlock.encode(frames).count < records * 12)
    }
}
