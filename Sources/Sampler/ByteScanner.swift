import Glibc

/// Walks through the bytes of a kernel text file: numbers, words and lines, without making strings.
///
/// A blank is a space or a tab. No verb but ``skipLine()`` goes over the end of a line, so a line that is shorter than
/// expected makes a verb answer nil and never takes bytes of the next one. Nothing traps on any bytes.
struct ByteScanner: ~Escapable {
    private let bytes: Span<UInt8>
    /// Where the next verb begins.
    private(set) var offset = 0

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) { self.bytes = bytes }

    var isAtEnd: Bool { offset >= bytes.count }

    /// Whether the byte before the place is the end of a line.
    var isBehindLine: Bool { offset > 0 && bytes[offset - 1] == 10 }

    /// The byte at the place, nil at the end.
    var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    mutating func skipBlanks() {
        while offset < bytes.count, bytes[offset] == 32 || bytes[offset] == 9 { offset += 1 }
    }

    /// A decimal number after any blanks; nil, at the first byte that does not fit, where there is none or where it
    /// exceeds UInt64.
    mutating func number() -> UInt64? {
        skipBlanks()
        let start = offset
        var value: UInt64 = 0
        // What has 19 digits cannot overflow.
        let safeEnd = min(bytes.count, start + 19)
        while offset < safeEnd {
            let digit = bytes[offset] &- 48
            guard digit < 10 else { return offset > start ? value : nil }
            value = value &* 10 &+ UInt64(digit)
            offset += 1
        }
        while offset < bytes.count {
            let digit = bytes[offset] &- 48
            guard digit < 10 else { break }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = scaled.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carry else { return nil }
            value = sum
            offset += 1
        }
        return offset > start ? value : nil
    }

    /// A number with an optional fraction of at most 9 digits, as in `0.25`; the nearest float64.
    mutating func decimal() -> Double? {
        guard let whole = number() else { return nil }
        guard next == UInt8(ascii: ".") else { return Double(whole) }
        offset += 1
        var scale: UInt64 = 1
        var fraction: UInt64 = 0
        while offset < bytes.count {
            let digit = bytes[offset] &- 48
            guard digit < 10 else { break }
            guard scale < 1_000_000_000 else { return nil }
            fraction = fraction * 10 + UInt64(digit)
            scale *= 10
            offset += 1
        }
        let (scaled, overflow) = whole.multipliedReportingOverflow(by: scale)
        let (sum, carry) = scaled.addingReportingOverflow(fraction)
        // One division of two integers below 2^53 is rounded once, so the result is the float64 nearest to the text.
        return overflow || carry ? nil : Double(sum) / Double(scale)
    }

    /// A hexadecimal number after any blanks; nil where there is none or where it exceeds UInt64.
    mutating func hexadecimal() -> UInt64? {
        skipBlanks()
        let start = offset
        var value: UInt64 = 0
        while offset < bytes.count {
            let byte = bytes[offset]
            let digit: UInt8
            switch byte {
            case 48...57: digit = byte - 48
            case 65...70: digit = byte - 55
            case 97...102: digit = byte - 87
            default: return offset > start ? value : nil
            }
            guard value >> 60 == 0 else { return nil }
            value = value << 4 | UInt64(digit)
            offset += 1
        }
        return offset > start ? value : nil
    }

    /// Where the next run of bytes that are neither blank nor end of line lies, after any blanks; nil where the line
    /// has no more.
    mutating func word() -> Range<Int>? {
        skipBlanks()
        let start = offset
        while offset < bytes.count, bytes[offset] != 32, bytes[offset] != 9, bytes[offset] != 10 { offset += 1 }
        return offset > start ? start..<offset : nil
    }

    /// Passes over `count` words; false where the line has fewer.
    mutating func skipWords(_ count: Int) -> Bool {
        for _ in 0..<count where word() == nil { return false }
        return true
    }

    /// The rest of the line without its end, which is passed over.
    mutating func line() -> Range<Int> {
        let start = offset
        skipLine()
        let hasEnd = offset > start && bytes[offset - 1] == 10
        return start..<(hasEnd ? offset - 1 : offset)
    }

    /// Goes to the first byte of the next line.
    mutating func skipLine() {
        guard offset < bytes.count else { return }
        let start = offset
        // memchr looks at count − start bytes from `start`, all of which the span holds.
        offset = unsafe bytes.withUnsafeBufferPointer { buffer in
            let rest = unsafe UnsafeRawPointer(buffer.baseAddress! + start)
            guard let end = unsafe memchr(rest, 10, buffer.count - start) else { return buffer.count }
            return unsafe start + (UnsafeRawPointer(end) - rest) + 1
        }
    }

    /// Passes over `prefix` where the bytes at the place begin with it.
    mutating func skip(_ prefix: StaticString) -> Bool {
        let count = prefix.utf8CodeUnitCount
        guard bytes.count - offset >= count else { return false }
        // A StaticString with a pointer representation points to that many bytes, for ever.
        for index in 0..<count where unsafe bytes[offset + index] != prefix.utf8Start[index] { return false }
        offset += count
        return true
    }

    /// Passes over one `byte`, if that is what comes next.
    mutating func skip(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        offset += 1
        return true
    }

    /// Passes over blanks and a minus sign behind them; whether there was one.
    mutating func skipSign() -> Bool {
        skipBlanks()
        return skip(UInt8(ascii: "-"))
    }

    /// Moves to a place found before; places outside are brought to the nearer end.
    mutating func move(to place: Int) { offset = min(max(place, 0), bytes.count) }

    /// Where `byte` occurs last within `range`; nil where it does not.
    func lastPlace(of byte: UInt8, in range: Range<Int>) -> Int? {
        var at = min(range.upperBound, bytes.count)
        while at > max(range.lowerBound, 0) {
            at -= 1
            if bytes[at] == byte { return at }
        }
        return nil
    }

    /// The whole of the bytes, as a range.
    var all: Range<Int> { 0..<bytes.count }

    func bytes(in range: Range<Int>) -> [UInt8] {
        var copy: [UInt8] = []
        append(range, to: &copy)
        return copy
    }

    /// Appends the bytes of `range`.
    func append(_ range: Range<Int>, to list: inout [UInt8]) {
        let part = range.clamped(to: all)
        unsafe bytes.withUnsafeBufferPointer { unsafe list.append(contentsOf: UnsafeBufferPointer(rebasing: $0[part])) }
    }

    /// The bytes as text; what is not UTF-8 becomes U+FFFD.
    func text(in range: Range<Int>) -> String {
        let part = range.clamped(to: all)
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe String(decoding: UnsafeBufferPointer(rebasing: buffer[part]), as: UTF8.self)
        }
    }

    func isEqual(_ range: Range<Int>, _ other: [UInt8]) -> Bool {
        guard range.count == other.count, range.upperBound <= bytes.count else { return false }
        for index in 0..<other.count where bytes[range.lowerBound + index] != other[index] { return false }
        return true
    }

    /// The eight bytes at the place as a number, the first one lowest; 0 where there are fewer.
    var nextEight: UInt64 {
        guard bytes.count - offset >= 8 else { return 0 }
        // Eight bytes from `offset` on are within the span, and any eight bytes are a number.
        let number = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe UnsafeRawPointer(buffer.baseAddress! + offset).loadUnaligned(as: UInt64.self)
        }
        return UInt64(littleEndian: number)
    }

    func begins(_ range: Range<Int>, with prefix: [UInt8]) -> Bool {
        range.count >= prefix.count && isEqual(range.lowerBound..<range.lowerBound + prefix.count, prefix)
    }
}
