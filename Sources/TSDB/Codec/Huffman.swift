/// Columns without a pattern: each number's magnitude bucket (MagnitudeBucket.swift) as a Huffman code, the rest of the
/// number as it is.
///
///     huffman = head varint | [base zigzag] | code lengths | [length varint | 2 × difference zigzag] | streams
///
///     head      highest bucket × 4 + mode
///     mode      0: of zigzag(x); 1: of x - base, the base being the lowest; 2: of zigzag(x - base), the base lying in
///               the middle
///     lengths   HuffmanCode.swift
///     streams   codes and extra bits, lowest bit first, padded with 0 to a byte. From 256 numbers on there are four,
///               of a quarter each (rounded up; the last has the rest), so that four chains of look-ups run at a time;
///               the length of the first in bytes, then how much longer the second and the third are. The fourth, or
///               the only one, ends with the column.
///
///     1, 0, 0, 0, 1, -1 in mode 0, that is buckets 2 0 0 0 2 1   ->   08 00 32 e3 00
///
///     08      highest bucket 2, mode 0
///     00 32   lengths 1, 2, 2: 9, 2 and 0 zero bits, a one bit behind each
///     e3 00   codes, first bit first: 11 0 0 0 11 10
enum Huffman {
    enum Mode: UInt64, CaseIterable {
        case signed = 0
        case aboveLowest = 1
        case aroundMiddle = 2
    }

    /// Numbers from which there are four streams.
    static let streamsCountMin = 256
    /// Shorter columns never pay for their code lengths (*measured*, host series).
    static let columnCountMin = 32

    /// How many numbers each of the four streams has.
    static func quarters(of count: Int) -> (each: Int, last: Int) {
        let each = (count + 3) / 4
        return (each, count - 3 * each)
    }
}

extension Huffman {
    /// Finds the best mode and code for a column. Keeps its memory between columns.
    struct Encoder {
        private var best = Draft()
        private var next = Draft()
        private var sample: [Int64] = []

        init() {}

        /// A column in buckets under one mode and base.
        private struct Draft {
            var mode = Mode.signed
            var base: Int64 = 0
            var buckets: [UInt8] = []
            var counts: [UInt32] = []
            var code = HuffmanCode()
            /// Bytes without padding between streams.
            var byteCountMin = Int.max

            mutating func take(_ values: Span<Int64>, _ mode: Mode, base: Int64) {
                (self.mode, self.base) = (mode, base)
                switch mode {
                case .signed: Draft.count(values, &buckets, &counts) { $0.zigzagged }
                case .aboveLowest: Draft.count(values, &buckets, &counts) { UInt64(bitPattern: $0 &- base) }
                case .aroundMiddle: Draft.count(values, &buckets, &counts) { ($0 &- base).zigzagged }
                }
                byteCountMin = Int.max
                guard code.fit(counts) else { return }
                byteCountMin = headerByteCount + (code.bitCount(of: counts) + 7) / 8
            }

            /// Replaces the buckets and their counts. One loop for each mode: this is half of what sealing costs.
            @inline(__always)
            private static func count(
                _ values: Span<Int64>, _ buckets: inout [UInt8], _ counts: inout [UInt32], _ mapped: (Int64) -> UInt64
            ) {
                counts.removeAll(keepingCapacity: true)
                counts.append(contentsOf: repeatElement(0, count: MagnitudeBucket.count))
                if buckets.count != values.count { buckets = [UInt8](repeating: 0, count: values.count) }
                var bucketSpan = buckets.mutableSpan
                var countSpan = counts.mutableSpan
                for i in values.indices {
                    let bucket = MagnitudeBucket.of(mapped(values[i]))
                    // In bounds: there are as many buckets as values, and 256 counts.
                    unsafe bucketSpan[unchecked: i] = bucket
                    unsafe countSpan[unchecked: Int(bucket)] &+= 1
                }
            }

            func mapped(_ value: Int64) -> UInt64 {
                switch mode {
                case .signed: value.zigzagged
                case .aboveLowest: UInt64(bitPattern: value &- base)
                case .aroundMiddle: (value &- base).zigzagged
                }
            }

            var head: UInt64 { UInt64(code.highest) << 2 | mode.rawValue }

            var headerByteCount: Int {
                ByteWriter.varintByteCount(head) + code.byteCount
                    + (mode == .signed ? 0 : ByteWriter.varintByteCount(base.zigzagged))
            }
        }

        /// The bytes that ``encode(_:into:)`` takes for a column; nil where that is not below `limit`.
        mutating func byteCount(of values: Span<Int64>, below limit: Int) -> Int? {
            guard values.count >= columnCountMin else { return nil }
            let lowest = takeSample(of: values)
            best.byteCountMin = Int.max
            let middle = sample[sample.count / 2]
            // Without negative numbers zigzag wastes a bit on each.
            if lowest < 0 { attempt(values, .signed, base: 0) }
            attempt(values, .aboveLowest, base: lowest)
            if middle != 0, middle != lowest { attempt(values, .aroundMiddle, base: middle) }
            guard best.byteCountMin < limit else { return nil }
            let lengths = streamByteCounts
            let total = best.headerByteCount + Encoder.lengthsByteCount(lengths) + lengths.reduce(0, +)
            return total < limit ? total : nil
        }

        private mutating func attempt(_ values: Span<Int64>, _ mode: Mode, base: Int64) {
            next.take(values, mode, base: base)
            if next.byteCountMin < best.byteCountMin { swap(&best, &next) }
        }

        /// Fills `sample`, in order, with up to 63 values; its middle stands for the median. Returns the lowest of all.
        private mutating func takeSample(of values: Span<Int64>) -> Int64 {
            sample.removeAll(keepingCapacity: true)
            let step = (values.count + 62) / 63
            for i in stride(from: step / 2, to: values.count, by: step) { sample.append(values[i]) }
            sample.sort()
            var lowest = values[0]
            for i in values.indices { lowest = min(lowest, values[i]) }
            return lowest
        }

        private var streamRanges: [Range<Int>] {
            let count = best.buckets.count
            if count < streamsCountMin { return [0..<count] }
            let each = quarters(of: count).each
            return [0..<each, each..<2 * each, 2 * each..<3 * each, 3 * each..<count]
        }

        private var streamByteCounts: [Int] {
            var cost = [Int](repeating: 0, count: MagnitudeBucket.count)
            best.code.forEachCode { bucket, _, length in
                cost[Int(bucket)] = length + MagnitudeBucket.extraBits(of: bucket)
            }
            return streamRanges.map { range in
                (best.buckets[range].reduce(0) { $0 &+ cost[Int($1)] } + 7) / 8
            }
        }

        private static func lengthsByteCount(_ lengths: [Int]) -> Int {
            guard lengths.count > 1 else { return 0 }
            return ByteWriter.varintByteCount(UInt64(lengths[0]))
                + lengths[1...2].reduce(0) { $0 + ByteWriter.varintByteCount(Int64($1 - lengths[0]).zigzagged) }
        }

        /// - Precondition: `byteCount(of:below:)` has an answer for these values.
        mutating func encode(_ values: Span<Int64>, into writer: inout ByteWriter) {
            guard byteCount(of: values, below: .max) != nil else { preconditionFailure("a column without a code") }
            writer.varint(best.head)
            if best.mode != .signed { writer.zigzag(best.base) }
            best.code.encodeLengths(into: &writer)
            let lengths = streamByteCounts
            if lengths.count > 1 {
                writer.varint(lengths[0])
                for length in lengths[1...2] { writer.zigzag(Int64(length - lengths[0])) }
            }
            var codes = [UInt64](repeating: 0, count: MagnitudeBucket.count)
            best.code.forEachCode { bucket, code, _ in codes[Int(bucket)] = code }
            for range in streamRanges {
                var bits = BitWriter()
                for i in range {
                    let bucket = best.buckets[i]
                    bits.put(codes[Int(bucket)], width: Int(best.code.lengths[Int(bucket)]), into: &writer)
                    let extra = best.mapped(values[i]) &- MagnitudeBucket.first(of: bucket)
                    bits.put(extra, width: MagnitudeBucket.extraBits(of: bucket), into: &writer)
                }
                bits.flush(into: &writer)
            }
        }
    }
}
