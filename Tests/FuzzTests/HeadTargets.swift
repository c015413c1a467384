import Model
import TestSupport

@testable import TSDB

extension FuzzTarget {
    /// Rows of a chain, each with its length before it.
    static let headRows = FuzzTarget(name: "head-rows", seeds: { [rowsSeed(3, 4), rowsSeed(1, 1), rowsSeed(40, 9)] }) {
        bytes in
        refusing {
            var decoder = HeadRowDecoder()
            var reader = ByteReader(bytes)
            while !reader.isAtEnd {
                let row = Array(try reader.field())
                _ = try HeadRowDecoder.kind(of: row)
                try decoder.decode(row)
                guard decoder.ids.count == decoder.slots.count else { return "slots without ids" }
            }
            return nil
        }
    }

    private static func rowsSeed(_ series: Int, _ rows: Int) -> [UInt8] {
        var random = SeededGenerator(seed: UInt64(series))
        var encoder = HeadRowEncoder()
        var writer = ByteWriter()
        for row in 0..<rows {
            var samples: [(reference: Int, value: Double)] = []
            for place in 0..<series + row where Int.random(in: 0..<5, using: &random) != 0 {
                let awkward = awkwardValues.randomElement(using: &random) ?? 0
                samples.append((place, Bool.random(using: &random) ? awkward : Double(row * place) / 10))
            }
            writer.field(
                encoder.encode(time: Int64(row) * 5000, samples, startsSpan: false) { UInt32(truncatingIfNeeded: $0) })
        }
        return writer.bytes
    }

    /// Frame rows, each with its length before it.
    static let frameRows = FuzzTarget(name: "frame-rows", seeds: { [frameRowsSeed(2), frameRowsSeed(12)] }) { bytes in
        refusing {
            var decoder = FrameRowDecoder()
            var reader = ByteReader(bytes)
            while !reader.isAtEnd {
                let row = Array(try reader.field())
                _ = try? FrameEnvelope.body(of: row)
                let frame = try decoder.decode(row, time: Timestamp(milliseconds: 5))
                var encoder = FrameRowEncoder()
                var again = FrameRowDecoder()
                let key = encoder.encode(frame, isKey: true)
                guard (try? again.decode(key, time: frame.time)) == frame else { return "a frame does not come back" }
            }
            return nil
        }
    }

    /// A block of process frames, its own bytes.
    static let frameBlock = FuzzTarget(
        name: "frame-block", seeds: { [0, 1, 3, 30].map { FrameBlock.encode(frames($0)) } }
    ) { bytes in
        // A few bytes may stand for millions of numbers; a fuzzer would find nothing but those.
        guard bytes.count < 4096 else { return nil }
        return refusing {
            let block = try FrameBlockReader(bytes)
            guard block.times.count < 2000, block.processes.count < 500 else { return nil }
            let frames = try block.frames()
            guard frames.count == block.times.count else { return "frames without times" }
            var builder = FrameSeriesBuilder([])
            try builder?.add(block)
            _ = builder?.series()
            return nil
        }
    }

    private static func frameRowsSeed(_ count: Int) -> [UInt8] {
        var encoder = FrameRowEncoder()
        var writer = ByteWriter()
        for frame in frames(count) { writer.field(encoder.encode(frame, isKey: false)) }
        return writer.bytes
    }

    static func frames(_ count: Int) -> [ProcessFrame] {
        var random = SeededGenerator(seed: UInt64(count))
        return (0..<count).map { tick in
            let processes = (0..<6).filter { (tick + $0) % 4 != 0 }.map { index in
                ProcessRecord(
                    pid: Int32(index * 7 + 1), startTicks: UInt64(index) * 100, name: tick > 5 ? "sh\(index)" : "init",
                    username: index % 2 == 0 ? "root" : "ü", cpuTicks: UInt64(tick * index),
                    cpuTicksSinceLast: UInt64(index), residentBytes: 4096 * UInt64.random(in: 0...99, using: &random),
                    readBytes: index == 2 ? nil : 512 * UInt64(tick),
                    writeBytes: index == 3 ? nil : random.next() >> 40,
                    threads: UInt32(index), state: index == 1 ? nil : tick % 3 == 0 ? 82 : 83,
                    cgroup: index > 3 ? "ssh.service" : nil, command: index == 4 ? "sh -c \(tick / 8)" : nil,
                    openFiles: index % 3 == 0 ? UInt32(tick * index) : nil,
                    swapBytes: index % 4 == 0 ? 4096 * UInt64(tick) + UInt64(index / 4) : nil)
            }
            return ProcessFrame(
                time: Timestamp(milliseconds: Int64(tick) * 5000), elapsedMilliseconds: 5000,
                memoryTotalBytes: 1 << 34, ticksPerSecond: 100, bootSeconds: tick > 20 ? 99 : 98,
                processes: processes)
        }
    }

    /// A late batch, its payload.
    static let lateBatch = FuzzTarget(name: "late-batch", seeds: { lateBatches().map { $0.encoded() } }) { bytes in
        refusing {
            let batch = try LateBatch.decode(bytes)
            guard batch.series.reduce(0, { $0 + $1.times.count }) < 10_000 else { return nil }
            for span in batch.spans.prefix(3) {
                let (taken, rest) = batch.split(span: span)
                let counts = [taken, rest, batch].map { $0.series.reduce(0) { $0 + $1.times.count } }
                guard counts[0] + counts[1] == counts[2] else { return "a split loses samples" }
            }
            let back = try? LateBatch.decode(batch.encoded())
            return back?.series == batch.series && back?.day == batch.day && back?.group == batch.group
                ? nil : "a batch does not come back"
        }
    }

    private static func lateBatches() -> [LateBatch] {
        let series = columns().filter { !$0.isEmpty }.enumerated().map { place, values in
            LateBatch.Series(
                id: UInt32(place * 3), times: values.indices.map { Int64($0) * 5000 - 20_000 }, values: values)
        }
        return [
            LateBatch(day: 0, group: 1, series: []), LateBatch(day: -86_400, group: 2, series: [series[0]]),
            LateBatch(day: 86_400, group: 9, series: Array(series.prefix(12))),
        ]
    }
}
