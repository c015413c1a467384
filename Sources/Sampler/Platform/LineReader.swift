import Glibc

/// Reads a file of any length line by line through one small buffer.
enum LineReader {
    /// Calls `body` with a scanner over each line, its end not included. A line longer than the buffer is passed on
    /// in pieces.
    /// - Throws: what the system said.
    static func forEachLine(ofFileAt path: String, _ body: (inout ByteScanner) -> Void) throws(CollectorError) {
        var file = LineFile(path, keepsOpen: false, bufferBytes: 65_536)
        try file.forEachLine(body)
    }

    /// Gives the whole lines of `bytes` to `body`, and the rest too if `isLast`; the number of bytes used.
    fileprivate static func split(_ bytes: Span<UInt8>, isLast: Bool, _ body: (inout ByteScanner) -> Void) -> Int {
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

/// A file of any length that is read line by line through one small buffer, again and again.
struct LineFile {
    private let path: String
    private let keepsOpen: Bool
    private var descriptor: Descriptor?
    private var buffer: [UInt8]
    /// A read of fewer bytes than this has reached the end.
    private let bytesMin: Int
    /// Bytes in the buffer that are not used yet, and the place in the file behind them.
    private var held = 0
    private var place: off_t = 0

    /// - Parameters:
    ///   - keepsOpen: Whether the descriptor is kept, as by ``KernelFile``.
    ///   - lineBytesMax: As of ``KernelFile``.
    init(_ path: String, keepsOpen: Bool, lineBytesMax: Int? = nil, bufferBytes: Int = KernelFile.pageBytes) {
        self.path = path
        self.keepsOpen = keepsOpen
        buffer = [UInt8](repeating: 0, count: bufferBytes)
        bytesMin = lineBytesMax.map { min(KernelFile.pageBytes, bufferBytes) - $0 } ?? 1
    }

    var isOpen: Bool { descriptor != nil }

    /// Calls `body` with a scanner over each line; see ``LineReader``.
    ///
    /// What does not depend on `body` is apart: this is compiled for each of them.
    mutating func forEachLine(_ body: (inout ByteScanner) -> Void) throws(CollectorError) {
        (held, place) = (0, 0)
        var isLast = false
        while !isLast {
            isLast = try fill()
            let takesAll = isLast || isFullWithoutLineEnd
            let used = LineReader.split(buffer.span.extracting(0..<held), isLast: takesAll, body)
            keep(from: used)
        }
        if !keepsOpen { descriptor = nil }
    }

    private var isFullWithoutLineEnd: Bool { held == buffer.count && !buffer.contains(10) }

    /// Reads as much as there is room for; whether that was the last.
    private mutating func fill() throws(CollectorError) -> Bool {
        let file: Descriptor
        if let descriptor {
            file = descriptor
        } else {
            file = try Descriptor(reading: path)
            descriptor = file
        }
        let (start, from) = (held, place)
        var got = -1
        repeat {
            // The read is given exactly the bytes behind `start`.
            got = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe pread(file.number, bytes.baseAddress! + start, bytes.count - start, from)
            }
        } while got < 0 && errno == EINTR
        if got < 0 {
            let code = errno
            descriptor = nil
            throw CollectorError(code: code, attempt: "read \(path)")
        }
        held += got
        place += off_t(got)
        return got < bytesMin && held < buffer.count
    }

    /// Moves what was not used to the beginning.
    private mutating func keep(from used: Int) {
        buffer.replaceSubrange(0..<held - used, with: Array(buffer[used..<held]))
        held -= used
    }
}
