import CCRC32C

/// Every value of the store ends with four bytes: the CRC-32C, little-endian, of its key and of what stands before.
/// The key takes part so that a value that a damaged tree shows under another key is noticed, too.
enum Checksum {
    static let byteCount = 4

    /// Appends the checksum of `key` and `value` to `value`.
    static func seal(_ value: inout [UInt8], key: [UInt8]) {
        let crc = unsafe checksum(value.span.bytes, key: key.span.bytes)
        for shift in [0, 8, 16, 24] as [UInt32] { value.append(UInt8(truncatingIfNeeded: crc >> shift)) }
    }

    /// How many bytes of `value` are payload; nil where the checksum does not fit.
    static func payloadCount(of value: RawSpan, key: RawSpan) -> Int? {
        let count = value.byteCount - byteCount
        guard count >= 0 else { return nil }
        // In bounds: exactly four bytes stand behind `count`.
        let stored = unsafe UInt32(littleEndian: value.unsafeLoadUnaligned(fromByteOffset: count, as: UInt32.self))
        return stored == checksum(value.extracting(first: count), key: key) ? count : nil
    }

    /// The payload of `value` as bytes of its own; nil where the checksum does not fit.
    static func payload(of value: RawSpan, key: RawSpan) -> [UInt8]? {
        guard let count = payloadCount(of: value, key: key) else { return nil }
        return value.extracting(first: count).array()
    }

    /// The CRC-32C of bytes alone.
    static func plain(_ bytes: [UInt8]) -> UInt32 {
        unsafe bytes.withUnsafeBytes { unsafe mon_crc32c(0, $0.baseAddress, $0.count) }
    }

    /// The CRC-32C of bytes whose checksum is known and one more.
    static func plain(after checksum: UInt32, _ byte: UInt8) -> UInt32 {
        // One byte, which lives here.
        unsafe withUnsafeBytes(of: byte) { unsafe mon_crc32c(checksum, $0.baseAddress, 1) }
    }

    private static func checksum(_ value: RawSpan, key: RawSpan) -> UInt32 {
        // The pointers are used during the calls only.
        let crc = unsafe key.withUnsafeBytes { unsafe mon_crc32c(0, $0.baseAddress, $0.count) }
        return unsafe value.withUnsafeBytes { unsafe mon_crc32c(crc, $0.baseAddress, $0.count) }
    }
}

extension RawSpan {
    /// The bytes as an array of their own.
    func array() -> [UInt8] {
        unsafe withUnsafeBytes { unsafe [UInt8]($0) }
    }

    /// Appends the bytes to `array`.
    func append(to array: inout [UInt8]) {
        unsafe withUnsafeBytes { unsafe array.append(contentsOf: $0) }
    }
}
