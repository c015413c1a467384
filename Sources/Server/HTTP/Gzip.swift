import CDeflate

/// Answers in gzip (RFC 1952), for clients that take it (RFC 9110, section 12.5.3), and pages of others that come so.
package enum Gzip {
    /// Shorter bodies fit into a packet or two as they are.
    static let bytesMin = 1024
    /// A page of metrics shrinks to a sixth at the quickest level, which takes a fifth of the usual one's time.
    private static let level: Int32 = 1

    /// Packs the body where it is long, not packed, and the client takes it.
    static func pack(_ response: inout Response, acceptEncoding: String?) {
        guard response.body.count >= bytesMin || response.more != nil,
            !response.headers.contains(where: { isEncoding($0.name) })
        else {
            return
        }
        vary(&response)
        guard accepts(acceptEncoding) else { return }
        gather(&response)
        guard response.more == nil, let packed = compress(response.body) else { return }
        response.body = packed
        response.headers.append(("Content-Encoding", "gzip"))
    }

    /// Bodies are packed as a whole; what is longer goes as it is, piece by piece.
    static let packedBytesMax = 16 << 20

    /// Makes what follows the body, as far as it can be packed.
    private static func gather(_ response: inout Response) {
        guard let more = response.more else { return }
        while response.body.count < packedBytesMax {
            guard let piece = more() else {
                response.more = nil
                return
            }
            response.body += piece
        }
    }

    private static func isEncoding(_ name: String) -> Bool { name.lowercased() == "content-encoding" }

    private static func vary(_ response: inout Response) {
        if let place = response.headers.firstIndex(where: { $0.name.lowercased() == "vary" }) {
            // A page that is kept says it already.
            if response.headers[place].value.hasSuffix("Accept-Encoding") { return }
            response.headers[place].value += ", Accept-Encoding"
        } else {
            response.headers.append(("Vary", "Accept-Encoding"))
        }
    }

    /// `gzip`, or `*` where gzip is not named; a weight of 0 refuses.
    static func accepts(_ header: String?) -> Bool {
        guard let header else { return false }
        var any = false
        for part in header.split(separator: ",") {
            let words = part.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
            guard let coding = words.first else { continue }
            let weight = words.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            if coding == "gzip" || coding == "x-gzip" { return weight > 0 }
            if coding == "*" { any = weight > 0 }
        }
        return any
    }

    /// Nil where there is no memory.
    static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        guard let compressor = unsafe libdeflate_alloc_compressor(level) else { return nil }
        defer { unsafe libdeflate_free_compressor(compressor) }
        let bound = unsafe libdeflate_gzip_compress_bound(compressor, bytes.count)
        // It reads and writes within the counts that it is given.
        let packed = unsafe [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            count = unsafe bytes.withUnsafeBufferPointer { source in
                unsafe libdeflate_gzip_compress(
                    compressor, source.baseAddress, source.count, output.baseAddress, output.count)
            }
        }
        return packed.isEmpty ? nil : packed
    }

    /// What was packed, in one member or several; nil where it is no gzip, is cut off, or is more than `bytesMax`.
    package static func unpack(_ bytes: [UInt8], bytesMax: Int) -> [UInt8]? {
        guard let decompressor = unsafe libdeflate_alloc_decompressor() else { return nil }
        defer { unsafe libdeflate_free_decompressor(decompressor) }
        var plain: [UInt8] = []
        var rest = bytes[...]
        repeat {
            guard let member = unsafe unpack(&rest, bytesMax: bytesMax - plain.count, decompressor) else { return nil }
            plain += member
        } while !rest.isEmpty
        return plain
    }

    /// Takes the first member off `packed`.
    private static func unpack(
        _ packed: inout ArraySlice<UInt8>, bytesMax: Int, _ decompressor: OpaquePointer
    ) -> [UInt8]? {
        // How much it is stands behind it, where anybody may write anything: room is made as it turns out to be needed.
        var room = min(bytesMax, max(64 << 10, packed.count * 4))
        while true {
            var taken = 0
            var result = LIBDEFLATE_BAD_DATA
            // It reads and writes within the counts that it is given.
            let plain = unsafe [UInt8](unsafeUninitializedCapacity: room) { output, count in
                result = unsafe packed.withUnsafeBufferPointer { source in
                    unsafe libdeflate_gzip_decompress_ex(
                        decompressor, source.baseAddress, source.count, output.baseAddress, room, &taken, &count)
                }
                if result != LIBDEFLATE_SUCCESS { count = 0 }
            }
            switch result {
            case LIBDEFLATE_SUCCESS:
                packed.removeFirst(taken)
                return plain
            case LIBDEFLATE_INSUFFICIENT_SPACE where room < bytesMax: room = min(bytesMax, room * 4)
            default: return nil
            }
        }
    }
}
