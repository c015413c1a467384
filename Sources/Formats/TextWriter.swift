/// Text in the making, as UTF-8 bytes: what every format of this room writes into.
package struct TextWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Makes room for so many bytes more.
    package mutating func reserve(_ byteCount: Int) {
        bytes.reserveCapacity(bytes.count + byteCount)
    }

    /// Appends `text` as UTF-8.
    package mutating func write(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    /// Appends bytes as they are.
    package mutating func write(_ some: some Sequence<UInt8>) {
        bytes.append(contentsOf: some)
    }

    /// Appends one byte.
    package mutating func write(byte: UInt8) {
        bytes.append(byte)
    }

    /// Appends what `body` writes to memory of `capacity` bytes; it returns how many bytes it has written, from the
    /// first on.
    @inline(__always)
    @unsafe package mutating func write(capacity: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int) {
        bytes.append(addingCapacity: capacity) { span in
            // The buffer is the span's own memory; the count says how much of it is now filled.
            unsafe span.withUnsafeMutableBufferPointer { buffer, count in
                guard let start = buffer.baseAddress else { return }
                let written = unsafe body(start + count)
                precondition(written <= capacity, "no more is written than there is room for")
                count += written
            }
        }
    }

    /// Appends a number in decimal.
    package mutating func write(_ number: Int64) {
        // Digits from the right into a fixed tuple would save nothing that a page of metrics shows; this one is clear.
        write(String(number))
    }

    /// Takes back what was written beyond the first `count` bytes.
    package mutating func truncate(to count: Int) {
        bytes.removeLast(bytes.count - count)
    }

    /// Takes back the last byte, when it is `byte`: the comma after the last element of a list.
    package mutating func removeTrailing(_ byte: UInt8) {
        if bytes.last == byte { bytes.removeLast() }
    }

    /// Hands out what has been written and begins anew.
    package mutating func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }
}
