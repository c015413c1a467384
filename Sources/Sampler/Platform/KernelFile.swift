import Glibc

/// A file descriptor that is closed when its last user goes.
final class Descriptor {
    let number: Int32

    init(owning number: Int32) { self.number = number }

    /// Opens a file for reading. Non-blocking, so that a named pipe in a recorded tree fails instead of stopping the
    /// tick.
    convenience init(reading path: String) throws(CollectorError) {
        let opened = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        if opened < 0 { throw CollectorError(code: errno, attempt: "open \(path)") }
        self.init(owning: opened)
    }

    deinit { close(number) }
}

/// A file that the kernel writes anew at each read, and its latest content.
///
/// On a live host the descriptor stays open and the file is read by `pread` from 0, which spares the path walk and half
/// of the time; a read that fails opens the file once more before it is given up. Elsewhere the file is opened each
/// time, since a recorded tree may be exchanged as a whole.
struct KernelFile {
    let path: String
    private let keepsOpen: Bool
    /// A read that does not fill the buffer and brings fewer bytes than this has reached the end.
    private let bytesMin: Int
    private var descriptor: Descriptor?
    private var buffer: [UInt8]
    private var count = 0
    /// How much of the file is read; nil for all of it.
    private var bytesWanted: Int?
    /// When a missing file is looked for again, on the monotonic clock.
    private var nextSearch: UInt64 = 0

    /// Beyond this the content is refused, so that no file can take the agent's memory. A guess: /proc/stat of a
    /// machine with 4,096 processors is under 1 MB.
    private static let bytesMax = 16 << 20
    /// How long a missing file is not looked for: a minute, less a little, so that the tick at which it is over does
    /// not just miss it.
    private static let searchNanoseconds: UInt64 = 59_500_000_000

    /// The kernel's own buffer for a file that it prints line by line.
    static let pageBytes = 4096

    /// - Parameters:
    ///   - endsAtShortRead: Whether a read that does not fill the buffer has reached the end. True of files that the
    ///     kernel prints in one piece (seq_file's single_open).
    ///   - lineBytesMax: Of a file that it prints line by line, in pieces of a page: more than any line has. A piece
    ///     ends early only where the next line does not fit, so that one with room for another line is the last.
    ///     Without it one more read tells the end, for which the kernel may look through its whole table again.
    init(
        _ path: String, keepsOpen: Bool, endsAtShortRead: Bool = false, lineBytesMax: Int? = nil, bytes: Int = 4096
    ) {
        self.path = path
        self.keepsOpen = keepsOpen
        bytesMin = endsAtShortRead ? .max : lineBytesMax.map { KernelFile.pageBytes - $0 } ?? 1
        buffer = [UInt8](repeating: 0, count: bytes)
    }

    /// What the latest refresh read.
    var scanner: ByteScanner {
        @_lifetime(borrow self)
        get { ByteScanner(buffer.span.extracting(0..<count)) }
    }

    /// The open descriptor, for `poll`; nil before the first refresh and where none is kept.
    var openDescriptor: Int32? { descriptor?.number }

    /// Reads the file.
    /// - Throws: `missing` where there is none, else what the system said. The content is then empty.
    mutating func refresh() throws(CollectorError) {
        count = 0
        let wasOpen = descriptor != nil
        do {
            try readAll()
        } catch {
            descriptor = nil
            count = 0
            guard wasOpen else { throw error }
            do {
                try readAll()
            } catch {
                descriptor = nil
                count = 0
                throw error
            }
        }
        if !keepsOpen { descriptor = nil }
    }

    /// Reads the file; false where this kernel has none.
    mutating func refreshIfPresent() throws(CollectorError) -> Bool {
        do {
            try refresh()
            return true
        } catch {
            if error.reason == .missing { return false }
            throw error
        }
    }

    /// The same for a file that many hosts lack: one that was not there is looked for again after a minute. In a
    /// recorded tree it is looked for each time.
    mutating func refreshIfPresent(at monotonicNanoseconds: UInt64) throws(CollectorError) -> Bool {
        if monotonicNanoseconds < nextSearch { return false }
        nextSearch = 0
        if try refreshIfPresent() { return true }
        if keepsOpen { nextSearch = monotonicNanoseconds &+ KernelFile.searchNanoseconds }
        return false
    }

    /// Has later refreshes read only the first `bytes` of the file, or all of it again for nil. A file that the kernel
    /// prints line by line is printed no further than it is read.
    mutating func want(_ bytes: Int?) { bytesWanted = bytes }

    private mutating func readAll() throws(CollectorError) {
        let file: Descriptor
        if let descriptor {
            file = descriptor
        } else {
            file = try Descriptor(reading: path)
            descriptor = file
        }
        while true {
            if count == buffer.count {
                guard buffer.count < KernelFile.bytesMax else {
                    throw .malformed(path, "more than \(KernelFile.bytesMax) bytes")
                }
                buffer.append(contentsOf: repeatElement(0, count: buffer.count))
            }
            let room = min(buffer.count, bytesWanted ?? .max) - count
            let start = count
            // The read is given exactly the bytes behind `start`.
            let got = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe pread(file.number, bytes.baseAddress! + start, room, off_t(start))
            }
            if got < 0 {
                if errno == EINTR { continue }
                throw CollectorError(code: errno, attempt: "read \(path)")
            }
            count += got
            if got == 0 || count == bytesWanted || (got < room && got < bytesMin) { return }
        }
    }
}
