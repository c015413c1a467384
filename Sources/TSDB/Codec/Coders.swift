/// THE list of coder numbers on disk. A number is never given to another coder, and what is not listed is refused by
/// its number.
///
/// Chunk, byte by byte:
///
///     coder u8    (ChunkCoder)
///     byte 1      constant: the scale of the value; reference: its form; all others: ChunkFlags
///     the rest    belongs to the coder, see ChunkEncoder
///
/// A chunk without bytes is a column of +0.0.
enum ChunkCoder: UInt8, CaseIterable {
    /// One value for all samples.
    case constant = 1
    /// Scaled integers, see ScaledIntegers.swift.
    case integers = 2
    /// Few distinct values, see Dictionary.swift.
    case dictionary = 3
    /// The bit patterns themselves.
    case raw = 4
    /// Computed from another chunk of the same block, see ColumnRelation.swift. Byte 1 is the form of the relation.
    case reference = 5

    init(_ number: UInt8, at position: Int) throws(CodecError) {
        guard let coder = ChunkCoder(rawValue: number) else {
            throw .unknownCoder(position: position, number: number)
        }
        self = coder
    }
}

/// How a column of integers that is mostly small is written.
enum ResidualCoder: UInt8, CaseIterable {
    /// All zero; takes no bytes.
    case zero = 0
    /// 128 at a time in as many bits as most of them need, see BitPacking.swift.
    case packed = 1
    /// Where the few that are not zero lie, and what they are, see Sparse.swift.
    case sparse = 2
    /// One number for all: a zigzag varint.
    case repeated = 3
    /// Huffman codes over magnitudes, see Huffman.swift. Reaches to the end of its bytes.
    case huffman = 4
    // Numbers go up to 7.

    init(_ number: UInt8, at position: Int) throws(CodecError) {
        guard let coder = ResidualCoder(rawValue: number) else {
            throw .unknownCoder(position: position, number: number)
        }
        self = coder
    }
}

/// Byte 1 of a chunk.
///
///     bit  7   6 5 4            3     2     1 0
///          0   residual coder   ulp   gcd   delta order (0, 1, 2)
///
///     0x11: packed first differences
struct ChunkFlags: Hashable {
    /// How many times neighbours were subtracted from each other.
    var order = 0
    /// The residuals were divided by a number that follows.
    var hasDivisor = false
    /// A column of corrections in units of the last place follows.
    var hasCorrections = false
    var residual = ResidualCoder.zero

    init(order: Int, residual: ResidualCoder) {
        self.order = order
        self.residual = residual
    }

    var byte: UInt8 {
        UInt8(order) | (hasDivisor ? 4 : 0) | (hasCorrections ? 8 : 0) | residual.rawValue << 4
    }

    init(_ byte: UInt8, at position: Int) throws(CodecError) {
        guard byte & 0x80 == 0, byte & 3 != 3 else {
            throw .malformed(position: position, reason: "reserved chunk flags \(byte)")
        }
        order = Int(byte & 3)
        hasDivisor = byte & 4 != 0
        hasCorrections = byte & 8 != 0
        residual = try ResidualCoder((byte >> 4) & 7, at: position)
    }
}

/// Bounds of what decoders make of bytes.
enum CodecLimits {
    /// Values in one column. Far above any block (2 h at 100 samples a second are 720,000), and low enough that a
    /// damaged count is refused before memory is taken for it: 128 MiB of integers.
    static let columnValuesMax = 1 << 24
}
