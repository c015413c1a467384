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
    mutating func forEachLine(_ body: (inout ByteScanner) -> Void) throws(CollectorError) {
        do {
            try readLines(body)
        } catch {
            descriptor = nil
            throw error
        }
        if !keepsOpen { descriptor = nil }
    }

    private mutating func readLines(_ body: (inout ByteScanner) -> Void) throws(CollectorError) {
        let file: Descriptor
        if let descriptor {
            file = descriptor
        } else {
            let opened = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            if opened < 0 { throw CollectorError(code: errno, attempt: "open \(path)") }
            file = Descriptor(owning: opened)
            descriptor = file
        }
        var held = 0
        var place: off_t = 0
        while true {
            let start = held
            // The read is given exactly the bytes behind `start`.
            let got = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe pread(file.number, bytes.baseAddress! + start, bytes.count - start, place)
            }
            if got < 0 {
                if errno == EINTR { continue }
                throw CollectorError(code: errno, attempt: "read \(path)")
            }
            held += got
            place += off_t(got)
            let isLast = got < bytesMin && held < buffer.count
            var used = LineReader.split(buffer.span.extracting(0..<held), isLast: isLast, body)
            if isLast { return }
            // A full buffer without the end of a line.
            if used == 0 && held == buffer.count {
                used = LineReader.split(buffer.span.extracting(0..<held), isLast: true, body)
            }
            buffer.replaceSubrange(0..<held - used, with: Array(buffer[used..<held]))
            held -= used
        }
    }
}
