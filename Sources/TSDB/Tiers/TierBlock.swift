// A block of windows holds what the series of one group did in one span of time, window by window. It is one byte
// string, kept as stripes (Schema/Stripes.swift):
//
//   header       "MT" version(1) tier(1)
//                start of the span (zigzag s), its length (s), number of series, byte lengths of shapes and
//                directory                                                                        (varints)
//   fences       per 256 directory entries: first series id (u32), offset of the segment in the directory (u32),
//                offset of its first group (u32)                                               (little-endian)
//   shapes       number; per shape a field (length and bytes): what several series have in common
//   directory    segments of 256 entries, each two integer columns: id gaps, bytes of the group
//   groups       one after the other, in the order of the directory, which is that of the ids:
//                number of the shape + 1, or 0 and a field with a shape of its own; then the values
//
//   shape        number of windows, integer columns (one number a window):       WindowShape.swift
//                place in the span less that of the window before less 1, samples, first time - start of the window,
//                end of the window - last time, 1 where stale
//   values       form(u8), then columns with one number for each window that has samples:    WindowValues.swift
//
//                form 3: scale(u8), parts(u8), integer columns of value × scale:
//                            last
//                            first, min and max, each by its two bits of parts (bits 0-1, 2-3, 4-5):
//                                0  no column: the last of the window before; the lower of first and last; the higher
//                                1  distance: first - last of the window before; lower of both - min; max - higher
//                                2  as it is
//                            shares (Codec/Shares.swift): what is left of the sum without the samples that are known
//                                (first; last of more than one; min and max where they are neither) - others · min, of
//                                others · (max - min), others being the number of those that are left
//                            bit 6 of parts: corrections of the sums (UlpCorrection.swift), else all are 0
//                form 2: fields with a chunk each: last, first, min, max, sum
//                form 8: follows from another series (WindowRelation.swift): total(varint; 0 but for percents), field
//                            with the relation (Codec/ColumnRelation.swift; its distance counts directory entries, its
//                            parameter is the total), corrections of the sums that follow. The other has the same
//                            shape and is not of form 8
//                form + 4: series that fell: integer column of resets, then the sums before them, one for each window
//                            that has resets: in form 3, and 8 between integers, shares (sum - resets · min, of
//                            resets · (max - min)) and corrections; else a field with a chunk
//                form 3 + 4 + 32: the sums before resets are a field with a chunk
//                form 8 + 16: resets and the sums before them are the other's
//                form 1: read, no longer written: scale(u8), integer columns: last, first - last of the window before,
//                            lower of both - min, max - higher, sum - samples · (min + max) / 2, corrections
//
//   Three minutes of a counter, a scrape every 20 s:  10 11 12 | 13 14 15 | 16 17 18
//                last 12 15 18, first -2 1 1, no min, no max, one sample left of each: 1 of 2, 1 of 2, 1 of 2
//
// An integer column is Codec/IntegerColumn.swift's, a chunk Codec/ChunkEncoder.swift's. Which spans there are:
// TierLayer.

/// A kind of block that a group has beside its raw ones; the tier byte of the block's key.
///
/// Slices are written when their span is sealed, with the raw block and in its transaction, and folded into longer
/// blocks when the longer span is complete. A slice that is there is newer than the block around it, for the series
/// that it has: late samples write the slice of their span anew, and the next fold puts it in place.
///
///     seal      2 h raw ──► minute slice 2 h ──┐ day complete
///                                              ├──► minute block 1 day
///                                              └──► hour slice 1 day ──┐ 30 days complete
///                                                                      └──► hour block 30 days
enum TierLayer: UInt8, CaseIterable {
    case minuteBlock = 1
    case hourBlock = 2
    case minuteSlice = 3
    case hourSlice = 4

    var tier: Tier {
        switch self {
        case .minuteBlock, .minuteSlice: .minute
        case .hourBlock, .hourSlice: .hour
        }
    }

    var spanSeconds: Int64 {
        switch self {
        case .minuteSlice: Block.rawSpanSeconds
        case .minuteBlock, .hourSlice: Block.daySeconds
        case .hourBlock: TierBlock.longSpanSeconds
        }
    }

    /// The registry that its ids are of.
    var registrySpan: RegistrySpan { self == .hourBlock ? .thirtyDays : .day }

    /// Windows that a span has at most.
    var windowsMax: Int { Int(spanSeconds * 1000 / tier.windowMilliseconds) }
}

/// Numbers that writer and reader of blocks of windows share.
enum TierBlock {
    static let magic = Array("MT".utf8)
    static let version: UInt8 = 1
    static let segmentEntries = 256
    static let fenceBytes = 12
    /// Four bytes and five varints.
    static let headerBytesMax = 4 + 5 * 10
    static let longSpanSeconds: Int64 = 30 * Block.daySeconds

    enum Form {
        /// Read, no longer written.
        static let integers: UInt8 = 1
        static let chunks: UInt8 = 2
        static let spread: UInt8 = 3
        static let hasResets: UInt8 = 4
        static let reference: UInt8 = 8
        static let resetsFollow: UInt8 = 16
        static let resetChunk: UInt8 = 32
        static let flags = hasResets | resetsFollow | resetChunk
    }

    /// Which columns form 3 has, two bits for each of first, min and max.
    enum Parts {
        static let none: UInt8 = 0
        static let distance: UInt8 = 1
        static let itself: UInt8 = 2
        static let wayMask: UInt8 = 3
        static let corrections: UInt8 = 0x40
        static let known: UInt8 = 0x7f
    }
}
