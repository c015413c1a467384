/// A canonical prefix code over magnitude buckets.
///
/// On disk it is the lengths alone, of the buckets from 0 to the highest: each is a Rice code (k = 0, Sparse.swift) of
/// the zigzagged difference from the length before it, the first from 6. A bucket without a code counts as one bit
/// longer than the longest code may be (12), because that is what it nearly is: lengths rise towards the rare buckets.
/// Padded with 0 to a byte.
///
///     lengths 1, 2, absent, 2   ->   differences -5 1 10 -10: 9, 2, 20 and 19 zero bits, each with a one bit behind
///
/// Codes follow from lengths: shorter before longer, then in order of buckets, counted up as in RFC 1951 3.2.2. Their
/// first bit is the lowest, as everywhere in these formats.
struct HuffmanCode {
    /// So that one look into a table of 2,048 entries (16 KiB, half of a level-1 cache) decodes any code.
    static let lengthMax = 11
    private static let absent = Int64(lengthMax + 1)
    private static let lengthExpected: Int64 = 6

    /// Code length of each bucket; 0 for those without a code. Empty before the first use.
    private(set) var lengths: [UInt8] = []
    private(set) var highest: UInt8 = 0
    private var workspace = PackageMerge()

    init() {}

    /// The code with the shortest text for buckets that occur `counts` times. False where fewer than two occur: there
    /// is no code for one.
    mutating func fit(_ counts: [UInt32], limit: Int = lengthMax) -> Bool {
        clear()
        guard workspace.run(counts, limit: limit, lengths: &lengths) else { return false }
        highest = UInt8(lengths.lastIndex { $0 > 0 } ?? 0)
        return true
    }

    private mutating func clear() {
        lengths.removeAll(keepingCapacity: true)
        lengths.append(contentsOf: repeatElement(0, count: MagnitudeBucket.count))
    }

    /// Bits of a text: codes and what stands behind them.
    func bitCount(of counts: [UInt32]) -> Int {
        var bits = 0
        for bucket in 0...highest where counts[Int(bucket)] > 0 {
            let each = Int(lengths[Int(bucket)]) + MagnitudeBucket.extraBits(of: bucket)
            bits += Int(counts[Int(bucket)]) * each
        }
        return bits
    }

    /// Bytes that the lengths take.
    var byteCount: Int {
        var bits = 0
        forEachDifference { bits += Int($0.zigzagged) + 1 }
        return (bits + 7) / 8
    }

    func encodeLengths(into writer: inout ByteWriter) {
        var bits = BitWriter()
        forEachDifference { bits.put(1 << $0.zigzagged, width: Int($0.zigzagged) + 1, into: &writer) }
        bits.flush(into: &writer)
    }

    private func forEachDifference(_ body: (Int64) -> Void) {
        var previous = HuffmanCode.lengthExpected
        for length in lengths[...Int(highest)] {
            let length = length == 0 ? HuffmanCode.absent : Int64(length)
            body(length - previous)
            previous = length
        }
    }

    /// Reads the lengths of the buckets up to `highest`.
    /// - Throws: unless they are those of a code that gives every sequence of bits a meaning.
    mutating func decodeLengths(to highest: UInt8, from bits: inout BitReader) throws(CodecError) {
        clear()
        self.highest = highest
        var length = HuffmanCode.lengthExpected
        var taken = 0
        for bucket in 0...Int(highest) {
            length += UInt64(try bits.rice(parameter: 0)).unzigzagged
            guard length >= 1, length <= HuffmanCode.absent else {
                throw .malformed(position: bits.position, reason: "length of a Huffman code")
            }
            guard length != HuffmanCode.absent else { continue }
            lengths[bucket] = UInt8(length)
            taken += 1 << (HuffmanCode.lengthMax - Int(length))
        }
        guard taken == 1 << HuffmanCode.lengthMax else {
            throw .malformed(position: bits.position, reason: "Huffman codes that are none")
        }
    }

    /// Hands each bucket that has a code to `body`, with the code, its first bit lowest, and its length; the shortest
    /// codes first.
    @inline(__always) func forEachCode(_ body: (UInt8, UInt64, Int) -> Void) {
        // How many codes are so long, then where those begin among all, then where the next one goes.
        var places = InlineArray<12, Int>(repeating: 0)
        for bucket in 0...Int(highest) { places[Int(lengths[bucket])] &+= 1 }
        places[0] = 0
        var count = 0
        for length in 1...HuffmanCode.lengthMax {
            let codes = places[length]
            places[length] = count
            count &+= codes
        }
        var buckets = InlineArray<256, UInt8>(repeating: 0)
        for bucket in 0...highest where lengths[Int(bucket)] > 0 {
            let length = Int(lengths[Int(bucket)])
            buckets[places[length]] = bucket
            places[length] &+= 1
        }
        var code: UInt64 = 0
        var lengthBefore = 0
        for place in 0..<count {
            let length = Int(lengths[Int(buckets[place])])
            code &<<= UInt64(truncatingIfNeeded: length &- lengthBefore)
            body(buckets[place], HuffmanCode.reversed(code, bits: length), length)
            code &+= 1
            lengthBefore = length
        }
    }

    /// The lowest `bits` bits in reverse order, at most 16.
    private static func reversed(_ code: UInt64, bits: Int) -> UInt64 {
        var word = (code & 0x5555) << 1 | code >> 1 & 0x5555
        word = (word & 0x3333) << 2 | word >> 2 & 0x3333
        word = (word & 0x0f0f) << 4 | word >> 4 & 0x0f0f
        word = (word & 0x00ff) << 8 | word >> 8 & 0x00ff
        return word >> UInt64(16 - bits)
    }
}

/// Optimal code lengths under a limit. Huffman's own, where the longest of them is within it, which is nearly always
/// and takes an eighth of the time; else those of package-merge (Larmore and Hirschberg, Journal of the ACM 37, 1990).
///
/// Each level is the list of all symbols merged, by weight, with the pairs of the level before. Of the last level the
/// first 2m - 2 entries are taken, of each level before it the pairs that those are made of; how often a symbol is
/// taken is its code's length.
private struct PackageMerge {
    private var symbols: [(weight: UInt32, symbol: UInt8)] = []
    private var weights: [UInt32] = []
    private var merged: [UInt32] = []
    private var nodes: [Int] = []
    /// Whether an entry is a pair: level after level, each `width` long.
    private var isPair: [Bool] = []

    init() {}

    mutating func run(_ counts: [UInt32], limit: Int, lengths: inout [UInt8]) -> Bool {
        symbols.removeAll(keepingCapacity: true)
        for symbol in counts.indices where counts[symbol] > 0 { symbols.append((counts[symbol], UInt8(symbol))) }
        guard symbols.count >= 2 else { return false }
        precondition(1 << limit >= symbols.count, "no code of \(limit) bits for \(symbols.count) symbols")
        symbols.sort { ($0.weight, $0.symbol) < ($1.weight, $1.symbol) }
        if takeDepths(limit, &lengths) { return true }
        let width = 2 * symbols.count - 2
        isPair.removeAll(keepingCapacity: true)
        weights.removeAll(keepingCapacity: true)
        for _ in 0..<limit { appendLevel(width) }
        var taken = width
        for level in stride(from: limit - 1, through: 0, by: -1) {
            var pairs = 0
            for place in level * width..<level * width + taken where isPair[place] { pairs += 1 }
            for place in 0..<taken - pairs { lengths[Int(symbols[place].symbol)] += 1 }
            taken = 2 * pairs
        }
        return true
    }

    /// Huffman's lengths, computed in the place of the weights (Moffat and Katajainen, WADS 1995): pairs of the two
    /// lightest become inner nodes, which are told their depths from the root down, and then leave room for the leaves
    /// level by level. Of equal weights leaves are taken first, which keeps the longest code short.
    /// - Returns: false, with nothing changed, where a length exceeds the limit.
    private mutating func takeDepths(_ limit: Int, _ lengths: inout [UInt8]) -> Bool {
        let count = symbols.count
        nodes.removeAll(keepingCapacity: true)
        for one in symbols { nodes.append(Int(one.weight)) }
        nodes[0] += nodes[1]
        var (root, leaf) = (0, 2)
        for next in 1..<count - 1 {
            var weight = 0
            for _ in 0..<2 {
                if leaf >= count || (root < next && nodes[root] < nodes[leaf]) {
                    weight += nodes[root]
                    nodes[root] = next
                    root += 1
                } else {
                    weight += nodes[leaf]
                    leaf += 1
                }
            }
            nodes[next] = weight
        }
        nodes[count - 2] = 0
        for node in stride(from: count - 3, through: 0, by: -1) { nodes[node] = nodes[nodes[node]] + 1 }
        var (free, depth, place) = (1, 0, count - 1)
        root = count - 2
        while free > 0 {
            var used = 0
            while root >= 0, nodes[root] == depth {
                used += 1
                root -= 1
            }
            while free > used {
                nodes[place] = depth
                place -= 1
                free -= 1
            }
            free = 2 * used
            depth += 1
        }
        // The lightest has the longest.
        if nodes[0] > limit { return false }
        for (place, one) in symbols.enumerated() { lengths[Int(one.symbol)] = UInt8(nodes[place]) }
        return true
    }

    private mutating func appendLevel(_ width: Int) {
        merged.removeAll(keepingCapacity: true)
        var symbol = 0
        var pair = 0
        for _ in 0..<width {
            let isSymbolLeft = symbol < symbols.count
            let pairWeight = pair + 1 < weights.count ? weights[pair] + weights[pair + 1] : nil
            if let pairWeight, !isSymbolLeft || pairWeight < symbols[symbol].weight {
                merged.append(pairWeight)
                isPair.append(true)
                pair += 2
            } else if isSymbolLeft {
                merged.append(symbols[symbol].weight)
                isPair.append(false)
                symbol += 1
            } else {
                // The first levels are shorter; what lies behind them is never taken.
                isPair.append(false)
            }
        }
        swap(&weights, &merged)
    }
}
