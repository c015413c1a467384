// A process frame in the head: kind 1 (key) or 3, age and place, as in HeadRow.swift,
// then the frame (Frames/FrameCodec).

/// The envelope that gives frames and scrapes the same way into a chain.
enum FrameEnvelope {
    /// - Parameter behindKey: milliseconds and rows since the chain's key row; nil for a key row.
    static func wrap(_ body: [UInt8], behindKey: (age: Int64, place: Int)?) -> [UInt8] {
        var writer = ByteWriter()
        if let behindKey {
            writer.u8(3)
            writer.varint(UInt64(behindKey.age))
            writer.varint(behindKey.place)
        } else {
            writer.u8(1)
        }
        writer.append(body)
        return writer.bytes
    }

    static func body(of payload: [UInt8]) throws(CodecError) -> [UInt8] {
        var reader = ByteReader(payload)
        if try reader.u8() == 3 {
            _ = try reader.varint()
            _ = try reader.varint()
        }
        return Array(try reader.slice(reader.remaining))
    }
}
