import Glibc

/// A file descriptor that is closed when its last user goes.
final class Descriptor {
    let number: Int32

    init(owning number: Int32) { self.number = number }

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
    /// Whether a read that does not fill the buffer has reached the end. True of files that the kernel prints in one
    /// piece (seq_file's single_open); others come in pieces of a page.
    private let endsAtShortRead: Bool
    private var descriptor: Descriptor?
    private var buffer: [UInt8]
    private var count = 0

    /// Beyond this the content is refused, so that no file can take the agent's memory. A guess: /proc/stat of a
    /// machine with 4,096 processors is under 1 MB.
    private static let bytesMax = 16 << 20

    init(_ path: String, keepsOpen: Bool, endsAtShortRead: Bool = false, bytes: Int = 4096) {
        self.path = path
        self.keepsOpen = keepsOpen
        self.endsAtShortRead = endsAtShortRead
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

    private mutating func readAll() throws(CollectorError) {
        let file: Descriptor
        if let descriptor {
            file = descriptor
        } else {
            // Non-blocking, so that a named pipe in a recorded tree fails instead of stopping the tick.
            let opened = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            if opened < 0 { throw CollectorError(code: errno, attempt: "open \(path)") }
            file = Descriptor(owning: opened)
            descriptor = file
        }
        while true {
            if count == buffer.count {
                guard buffer.count < KernelFile.bytesMax else {
                    throw .malformed(path, "more than \(KernelFile.bytesMax) bytes")
                }
                buffer.append(contentsOf: repeatElement(0, count: buffer.count))
            }
            let room = buffer.count - count
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
            if got == 0 || (endsAtShortRead && got < room) { return }
        }
    }
}
