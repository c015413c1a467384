import CZlib

/// Answers in gzip (RFC 1952), for clients that take it (RFC 9110, section 12.5.3), and pages of others that come so.
package enum Gzip {
    /// Shorter bodies fit into a packet or two as they are.
    static let bytesMin = 1024
    /// JSON of a thousand points shrinks to a tenth at the quickest level, which takes a third of the usual one's time.
    private static let level: Int32 = 1

    /// Packs the body where it is long, not packed, and the client takes it.
    static func pack(_ response: inout Response, acceptEncoding: String?) {
        guard response.body.count >= bytesMin, !response.headers.contains(where: { isEncoding($0.name) }) else {
            return
        }
        vary(&response)
        guard accepts(acceptEncoding), let packed = compress(response.body) else { return }
        response.body = packed
        response.headers.append(("Content-Encoding", "gzip"))
    }

    private static func isEncoding(_ name: String) -> Bool { name.lowercased() == "content-encoding" }

    private static func vary(_ response: inout Response) {
        if let place = response.headers.firstIndex(where: { $0.name.lowercased() == "vary" }) {
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

    /// Nil where zlib has no memory.
    static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        guard let input = UInt32(exactly: bytes.count) else { return nil }
        var stream = unsafe z_stream()
        // zlib remembers where the structure is and compares: one pointer for all calls.
        return unsafe withUnsafeMutablePointer(to: &stream) { unsafe compress(bytes, input, $0) }
    }

    private static func compress(
        _ bytes: [UInt8], _ input: UInt32, _ stream: UnsafeMutablePointer<z_stream>
    ) -> [UInt8]? {
        // 15 bits of window, and 16 for gzip's header and trailer (zlib.h, deflateInit2).
        guard
            unsafe deflateInit2_(
                stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        defer { unsafe deflateEnd(stream) }
        let bound = unsafe Int(deflateBound(stream, UInt(input)))
        // The bound holds for one call that finishes; zlib reads `avail_in` and writes `avail_out` bytes at most.
        let packed = unsafe [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            unsafe bytes.withUnsafeBufferPointer { source in
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                unsafe stream.pointee.avail_in = input
                unsafe stream.pointee.next_out = output.baseAddress
                unsafe stream.pointee.avail_out = UInt32(clamping: bound)
                if unsafe deflate(stream, Z_FINISH) == Z_STREAM_END { count = unsafe Int(stream.pointee.total_out) }
            }
        }
        return packed.isEmpty ? nil : packed
    }

    /// What was packed; nil where it is no gzip, is cut off, or is more than `bytesMax`.
    package static func unpack(_ bytes: [UInt8], bytesMax: Int) -> [UInt8]? {
        guard let input = UInt32(exactly: bytes.count) else { return nil }
        var stream = unsafe z_stream()
        // zlib remembers where the structure is and compares: one pointer for all calls.
        return unsafe withUnsafeMutablePointer(to: &stream) { unsafe unpack(bytes, input, bytesMax, $0) }
    }

    private static func unpack(
        _ bytes: [UInt8], _ input: UInt32, _ bytesMax: Int, _ stream: UnsafeMutablePointer<z_stream>
    ) -> [UInt8]? {
        // 15 bits of window, and 16 for gzip's header and trailer (zlib.h, inflateInit2).
        guard unsafe inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            return nil
        }
        defer { unsafe inflateEnd(stream) }
        var plain: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 64 << 10)
        return unsafe bytes.withUnsafeBufferPointer { source -> [UInt8]? in
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            unsafe stream.pointee.avail_in = input
            while true {
                // zlib writes at most as many bytes as there is room for.
                let (code, count) = unsafe room.withUnsafeMutableBufferPointer { target -> (Int32, Int) in
                    unsafe stream.pointee.next_out = target.baseAddress
                    unsafe stream.pointee.avail_out = UInt32(target.count)
                    let code = unsafe inflate(stream, Z_NO_FLUSH)
                    return unsafe (code, target.count - Int(stream.pointee.avail_out))
                }
                guard plain.count + count <= bytesMax else { return nil }
                plain += room[..<count]
                if code == Z_STREAM_END { return plain }
                let isCutOff = unsafe count == 0 && stream.pointee.avail_in == 0
                if code != Z_OK || isCutOff { return nil }
            }
        }
    }
}
