// One scrape of one group, as one value. The time is in the key. A chain begins with a key row, which is complete; each
// delta row is read on top of the rows before it, so a reader begins at a key row. A key row is written every 120 rows
// and as the first of each block's span: sealing takes the rows of a span away, and ids are those of the day's
// registry.
//
//   key row     kind 1
//               number of slots, then per slot: id (zigzag difference to the slot before), state
//   delta row   kind 3
//               age: milliseconds since the chain's key row (varint, > 0)
//               place: rows since the key row (varint, 1 for the first), so that a row that is lost is noticed
//               number of new slots, then their ids (zigzag difference to the slot before)
//               changed slots, new ones included: form 0: a bit a slot, lowest first
//                                                 form 1: count, gaps (slot - previous - 1)
//               per changed slot, in order of slots: when the slot holds scaled integer m at scale e and goes on so:
//                   zigzag(m' - m), which is never 0
//                   0 and a state otherwise; only the state where the slot held nothing
//   state       scale 0...22 and zigzag(m): the value is m / 10^scale, exactly
//               253: a stale marker; the slot holds nothing from the next row on
//               254: no sample from here on
//               255 and 8 bytes: the value's bits
//
// A slot that is not among the changed ones has the value it had. Checksum behind it all (Schema/Checksum.swift).
//
// Example: two slots of ids 0 and 1 with values 1.5 and 7:  01 02 00 01 1e 02 00 0e;
// five seconds later 1.7 and 7:                              03 88 27 01 00 00 01 04

import Model

/// The value that a series had in the last row of a chain.
struct HeadState: Hashable {
    static let staleTag: UInt8 = 253
    static let absentTag: UInt8 = 254
    static let rawTag: UInt8 = 255

    /// The decimal scales by their number.
    static let scales = (0...Scale.decimalsMax).map(Scale.init(decimals:))

    /// 0...22, or one of the tags.
    var tag: UInt8
    /// value · 10^tag where the tag is a scale.
    var scaled: Int64
    var bits: UInt64

    static let absent = HeadState(tag: absentTag, scaled: 0, bits: 0)
    static let stale = HeadState(tag: staleTag, scaled: 0, bits: Double.staleMarkerBits)

    var isPresent: Bool { tag != HeadState.absentTag }
    var isScaled: Bool { tag <= UInt8(Scale.decimalsMax) }

    init(tag: UInt8, scaled: Int64, bits: UInt64) {
        self.tag = tag
        self.scaled = scaled
        self.bits = bits
    }

    /// `value` at `scale` if it is exact there, else at the smallest exact scale up to 9, else as bits.
    init(_ value: Double, preferring scale: UInt8 = 0) {
        bits = value.bitPattern
        scaled = 0
        tag = HeadState.rawTag
        if bits == Double.staleMarkerBits {
            tag = HeadState.staleTag
        } else if let exact = HeadState.scales[Int(scale)].exact(value) {
            tag = scale
            scaled = exact
        } else {
            // Beyond nine digits a decimal takes more than the bits do, most of the time.
            for candidate in 0...9 as ClosedRange<UInt8> {
                if let exact = HeadState.scales[Int(candidate)].exact(value) {
                    tag = candidate
                    scaled = exact
                    break
                }
            }
        }
    }

    func write(to writer: inout ByteWriter) {
        writer.u8(tag)
        if isScaled {
            writer.zigzag(scaled)
        } else if tag == HeadState.rawTag {
            writer.u64le(bits)
        }
    }

    /// Reads over a state.
    static func skip(in reader: inout ByteReader) throws(CodecError) {
        switch try reader.u8() {
        case 0...UInt8(Scale.decimalsMax): _ = try reader.varint()
        case rawTag: _ = try reader.slice(8)
        default: break
        }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        let position = reader.position
        tag = try reader.u8()
        scaled = 0
        bits = 0
        switch tag {
        case 0...UInt8(Scale.decimalsMax):
            scaled = try reader.zigzag()
            bits = HeadState.scales[Int(tag)].value(scaled).bitPattern
        case HeadState.staleTag: bits = Double.staleMarkerBits
        case HeadState.absentTag: break
        case HeadState.rawTag: bits = try reader.u64le()
        default: throw .malformed(position: position, reason: "state \(tag)")
        }
    }
}
