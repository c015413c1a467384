// Size, seal time and decode speed of chunks.
//
//     benchmark-decode [FILE ...]
//
// FILE is a recording as text: either blocks of `#TS milliseconds` and exposition lines, or OpenMetrics lines
// `series value time` with the samples of a series one after another. A folder stands for node_5s.txt in it.
// Without arguments, counters are made up. Each series is cut into chunks of 1,440 samples (2 h at 5 s).

import BenchmarkSupport
import TSDB

@main
struct BenchmarkDecode {
    static let chunkSamples = 1440

    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.isEmpty {
            measure("counters of even noise", syntheticCounters(series: 300) { $0 & 255 })
            measure("counters of skewed noise", syntheticCounters(series: 300) { ($0 & 63) * ($0 >> 6 & 63) })
        }
        for path in arguments {
            guard let bytes = File.read(path) ?? File.read(path + "/node_5s.txt") else { fail("cannot read \(path)") }
            measure(path, parse(bytes))
        }
    }

    /// One encoded chunk, padded for wide loads.
    struct Chunk {
        var bytes: [UInt8]
        var length: Int
        var values: [Double]

        /// Counters: integers of order 1 or 2 without corrections, whose residuals `coder` wrote.
        func isCounter(coder: UInt8) -> Bool {
            length > 2 && bytes[0] == 2 && bytes[1] & 3 != 0 && bytes[1] >> 4 == coder && bytes[1] & 8 == 0
        }
    }

    static func measure(_ name: String, _ series: [[Double]]) {
        var encoder = ChunkEncoder()
        var chunks: [Chunk] = []
        var columns: [[Double]] = []
        for values in series {
            for start in stride(from: 0, to: values.count, by: chunkSamples) {
                columns.append(Array(values[start..<min(start + chunkSamples, values.count)]))
            }
        }
        let clock = ContinuousClock()
        let sealing = clock.measure {
            for values in columns {
                var writer = ByteWriter()
                let length = encoder.encode(values, into: &writer)
                chunks.append(
                    Chunk(bytes: writer.bytes + [UInt8](repeating: 0, count: 16), length: length, values: values))
            }
        }
        let samples = columns.reduce(0) { $0 + $1.count }
        let bytes = chunks.reduce(0) { $0 + $1.length }
        print("\(name): \(series.count) series, \(columns.count) chunks, \(samples) samples")
        print("  size    \(FigureTable.text(Double(bytes) / Double(samples), digits: 4)) B/sample (chunks alone)")
        let perSample = sealing / 1.0e-9.seconds / Double(samples)
        let perSpan = FigureTable.text(perSample * 0.432, digits: 1)
        print("  seal    \(FigureTable.text(perSample, digits: 1)) ns/sample, 300 x 1440 in \(perSpan) ms")
        speed("all chunks", chunks)
        speed("PFOR counters", chunks.filter { $0.isCounter(coder: 1) })
        speed("Huffman counters", chunks.filter { $0.isCounter(coder: 4) })
    }

    static func speed(_ name: String, _ chunks: [Chunk]) {
        guard !chunks.isEmpty else { return print("  decode  \(name): none") }
        var decoder = ChunkDecoder()
        var values: [Double] = []
        for chunk in chunks {
            values.removeAll(keepingCapacity: true)
            do {
                try decoder.decode(chunk.bytes, from: 0, to: chunk.length, count: chunk.values.count, into: &values)
            } catch {
                fail("  \(name): \(error)")
            }
            guard zip(values, chunk.values).allSatisfy({ $0.bitPattern == $1.bitPattern }) else {
                fail("  \(name): a chunk does not decode to what was encoded")
            }
        }
        let clock = ContinuousClock()
        var best = Duration.seconds(1_000_000)
        let samples = chunks.reduce(0) { $0 + $1.values.count }
        for _ in 0..<max(5, 40_000_000 / samples) {
            best = min(
                best,
                clock.measure {
                    for chunk in chunks {
                        values.removeAll(keepingCapacity: true)
                        try? decoder.decode(
                            chunk.bytes, from: 0, to: chunk.length, count: chunk.values.count, into: &values)
                    }
                })
        }
        let millions = Double(samples) / (best / 1.0.seconds) / 1e6
        print("  decode  \(name): \(chunks.count) chunks, \(FigureTable.text(millions, digits: 0)) M samples/s")
    }

    /// Counters that grow by what `noise` makes of random bits.
    static func syntheticCounters(series: Int, _ noise: (UInt64) -> UInt64) -> [[Double]] {
        var state: UInt64 = 1
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        return (0..<series).map { _ in
            var total = next()
            return (0..<chunkSamples).map { _ in
                total += noise(next())
                return Double(total)
            }
        }
    }

    /// The values of each series, in order of appearance.
    static func parse(_ bytes: [UInt8]) -> [[Double]] {
        var columns: [[Double]] = []
        var places: [ArraySlice<UInt8>: Int] = [:]
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: "#") {
            // Labels may hold spaces: the series ends behind the last brace, or at the first space.
            let brace = line.lastIndex(of: UInt8(ascii: "}")).map { $0 + 1 }
            guard let space = brace ?? line.firstIndex(of: UInt8(ascii: " ")) else { continue }
            let fields = line[space...].split(separator: UInt8(ascii: " "))
            guard let field = fields.first, let value = Double(String(decoding: field, as: UTF8.self)) else { continue }
            let place = places[line[..<space]] ?? columns.count
            if place == columns.count {
                places[line[..<space]] = place
                columns.append([])
            }
            columns[place].append(value)
        }
        return columns
    }
}

extension Double {
    fileprivate var seconds: Duration { .seconds(self) }
}
