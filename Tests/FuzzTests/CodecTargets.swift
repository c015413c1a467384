import Model
import TestSupport

@testable import TSDB

extension FuzzTarget {
    /// Number of samples (two bytes, lowest first), then a chunk.
    static let chunk = FuzzTarget(name: "chunk", seeds: { columns().map(chunkSeed) }) { bytes in
        guard bytes.count >= 2 else { return nil }
        let count = Int(bytes[0]) | Int(bytes[1]) << 8
        let chunk = Array(bytes.dropFirst(2))
        var decoder = ChunkDecoder()
        var values: [Double] = [42]
        let isRefused = refused { () throws(CodecError) in
            try decoder.decode(chunk, from: 0, to: chunk.count, count: count, into: &values)
        }
        // What lies behind the chunk must not matter.
        var padded: [Double] = [42]
        let isRefusedPadded = refused { () throws(CodecError) in
            try decoder.decode(
                chunk + [UInt8](repeating: 0xff, count: 16), from: 0, to: chunk.count, count: count, into: &padded)
        }
        guard isRefused == isRefusedPadded, sameBits(values, padded) else { return "bytes behind the chunk matter" }
        if isRefused { return values.count == 1 ? nil : "a refused chunk left values" }
        values.removeFirst()
        guard values.count == count else { return "\(values.count) values of \(count)" }
        var encoder = ChunkEncoder()
        var writer = ByteWriter()
        _ = encoder.encode(values, into: &writer)
        var back: [Double] = []
        return refused { () throws(CodecError) in
            try decoder.decode(writer.bytes, from: 0, to: writer.count, count: count, into: &back)
        }
            || !sameBits(back, values) ? "values do not come back" : nil
    }

    /// Number of integers (two bytes, lowest first), then a column of them and what follows it.
    static let column = FuzzTarget(name: "column", seeds: { columns().map(columnSeed) }) { bytes in
        guard bytes.count >= 2 else { return nil }
        let count = Int(bytes[0]) | Int(bytes[1]) << 8
        var reader = ByteReader(bytes, from: 2, to: bytes.count)
        return refusing {
            let values = try IntegerColumn.decode(count: count, from: &reader)
            var skipper = ByteReader(bytes, from: 2, to: bytes.count)
            try IntegerColumn.skip(in: &skipper)
            guard skipper.position == reader.position else { return "passing over it ends elsewhere than reading it" }
            var writer = ByteWriter()
            IntegerColumn.encode(values, into: &writer)
            var again = ByteReader(writer.bytes)
            let back = try? IntegerColumn.decode(count: count, from: &again)
            return back == values && again.isAtEnd ? nil : "integers do not come back"
        }
    }

    private static func refused(_ body: () throws(CodecError) -> Void) -> Bool {
        do throws(CodecError) {
            try body()
            return false
        } catch {
            return true
        }
    }

    private static func chunkSeed(_ column: [Double]) -> [UInt8] {
        var encoder = ChunkEncoder()
        var writer = ByteWriter()
        writer.u16le(UInt16(column.count))
        _ = encoder.encode(column, into: &writer)
        return writer.bytes
    }

    private static func columnSeed(_ column: [Double]) -> [UInt8] {
        var writer = ByteWriter()
        writer.u16le(UInt16(column.count))
        IntegerColumn.encode(column.map { Int64(exactly: $0) ?? Int64(bitPattern: $0.bitPattern) }, into: &writer)
        return writer.bytes
    }

    /// Columns that between them make the encoder use each of its coders.
    static func columns() -> [[Double]] {
        var random = SeededGenerator(seed: 1)
        var columns: [[Double]] = [[], [0, 0, 0], [7], [.staleMarker], [-0.0, -0.0], awkwardValues]
        for count in [2, 5, 130, 300] {
            columns.append((0..<count).map { Double($0 * 4096) })
            columns.append((0..<count).map { Double($0 * $0) / 2048 })
            columns.append((0..<count).map { _ in Double(Int.random(in: 0...9999, using: &random)) / 100 })
            columns.append((0..<count).map { $0 % 40 == 3 ? 5 : 0 })
            columns.append((0..<count).map { $0 % 50 == 9 ? .staleMarker : Double($0) / 10 })
            columns.append((0..<count).map { _ in [0.1, 1.0 / 3, 2e9, -7].randomElement(using: &random) ?? 0 })
            columns.append((0..<count).map { _ in Double(bitPattern: random.next()) })
            columns.append((0..<count).map { 100 * Double($0 % 7) / 7 })
        }
        return columns
    }
}
