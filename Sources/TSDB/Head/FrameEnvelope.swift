// A process frame in the head: kind 1 (key) or 2 and its age, as in HeadRow.swift, then the frame (Frames/FrameCodec).

/// The envelope that gives frames and scrapes the same way into a chain.
enum FrameEnvelope {
    /// - Parameter age: milliseconds since the chain's key row; nil for a key row.
    static func wrap(_ body: [UInt8], age: Int64?) -> [UInt8] {
        var writer = ByteWriter()
        if let age {
            writer.u8(2)
            writer.varint(UInt64(age))
        } else {
            writer.u8(1)
        }
        writer.append(body)
        return writer.bytes
    }

    static func body(of payload: [UInt8]) throws(CodecError) -> [UInt8] {
        var reader = ByteReader(payload)
        if try reader.u8() == 2 { _ = try reader.varint() }
        return Array(try reader.slice(reader.remaining))
    }
}
