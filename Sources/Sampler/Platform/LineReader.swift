import Glibc

/// Reads a file of any length line by line through one small buffer.
enum LineReader {
    /// Calls `body` with a scanner over each line, its end not included. A line longer than the buffer is passed on
    /// in pieces.
    /// - Throws: what the system said.
    static func forEachLine(ofFileAt path: String, _ body: (inout ByteScanner) -> Void) throws(CollectorError) {
        let opened = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        if opened < 0 { throw CollectorError(code: errno, attempt: "open \(path)") }
        let file = Descriptor(owning: opened)
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var held = 0
        while true {
            let start = held
            // The read is given exactly the bytes behind `start`.
            let got = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe read(file.number, bytes.baseAddress! + start, bytes.count - start)
            }
            if got < 0 {
                if errno == EINTR { continue }
                throw CollectorError(code: errno, attempt: "read \(path)")
            }
            held += got
            let isLast = got == 0
            var used = split(buffer.span.extracting(0..<held), isLast: isLast, body)
            if isLast { return }
            // A full buffer without the end of a line.
            if used == 0 && held == buffer.count {
                used = split(buffer.span.extracting(0..<held), isLast: true, body)
            }
            buffer.replaceSubrange(0..<held - used, with: Array(buffer[used..<held]))
            held -= used
        }
    }

    /// Gives the whole lines of `bytes` to `body`, and the rest too if `isLast`; the number of bytes used.
    private static func split(_ bytes: Span<UInt8>, isLast: Bool, _ body: (inout ByteScanner) -> Void) -> Int {
        var text = ByteScanner(bytes)
        while !text.isAtEnd {
            let start = text.offset
            let line = text.line()
            if line.upperBound == bytes.count && !isLast { return start }
            var scanner = ByteScanner(bytes.extracting(line))
            body(&scanner)
        }
        return bytes.count
    }
}
