import CLinux
import Glibc

/// The processes below a procfs: their ids, and small files of theirs by open, read, close (7 µs for a stat), or by one
/// read of a descriptor that is kept (2.9 µs).
final class ProcessDirectory {
    private let path: String
    private let directory: Descriptor
    private var entries = [UInt8](repeating: 0, count: 32_768)

    init(_ path: String) throws(CollectorError) {
        self.path = path
        let opened = unsafe open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
        if opened < 0 { throw CollectorError(code: errno, attempt: "open \(path)") }
        directory = Descriptor(owning: opened)
    }

    /// Replaces `processes` by the ids of all processes, ascending.
    func list(into processes: inout [Int32]) throws(CollectorError) {
        processes.removeAll(keepingCapacity: true)
        let rewound = mon_rewind(directory.number)
        if rewound < 0 { throw CollectorError(code: -rewound, attempt: "read \(path)") }
        while true {
            // The kernel writes at most the buffer's length.
            let got = unsafe entries.withUnsafeMutableBytes { bytes in
                unsafe mon_getdents64(directory.number, bytes.baseAddress, bytes.count)
            }
            if got < 0 { throw CollectorError(code: Int32(-got), attempt: "read \(path)") }
            if got == 0 { break }
            DirectoryEntries.appendNumbers(entries.span.extracting(0..<got), to: &processes)
        }
        // procfs lists them in this order; recorded trees need not.
        for index in processes.indices.dropFirst() where processes[index - 1] > processes[index] {
            processes.sort()
            break
        }
    }

    /// Reads the beginning of a file of a process into `buffer`.
    /// - Returns: The number of bytes, or the negative errno.
    func read(_ process: Int32, _ name: StaticString, into buffer: inout [UInt8]) -> Int {
        // A StaticString's bytes end in NUL; the kernel writes at most the buffer's length.
        unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe name.utf8Start.withMemoryRebound(to: CChar.self, capacity: name.utf8CodeUnitCount + 1) {
                unsafe mon_read_process_file(directory.number, process, $0, bytes.baseAddress, bytes.count)
            }
        }
    }

    /// The same by a descriptor that is kept from one look to the next, opened where there is none. One of a process
    /// that has ended finds nothing any more, even when its id has gone to another.
    func read(_ process: Int32, _ name: StaticString, by file: inout Descriptor?, into buffer: inout [UInt8]) -> Int {
        if let kept = file {
            let count = ProcessDirectory.read(kept, into: &buffer)
            if count > 0 { return count }
            file = nil
        }
        // A StaticString's bytes end in NUL.
        let opened = unsafe name.utf8Start.withMemoryRebound(to: CChar.self, capacity: name.utf8CodeUnitCount + 1) {
            unsafe mon_open_process_file(directory.number, process, $0)
        }
        if opened < 0 { return Int(opened) }
        let new = Descriptor(owning: opened)
        file = new
        return ProcessDirectory.read(new, into: &buffer)
    }

    private static func read(_ file: Descriptor, into buffer: inout [UInt8]) -> Int {
        while true {
            // The kernel writes at most the buffer's length.
            let got = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe pread(file.number, bytes.baseAddress, bytes.count, 0)
            }
            if got >= 0 { return got }
            if errno != EINTR { return -Int(errno) }
        }
    }

    /// How many files a process has open; nil where it is gone or that may not be known.
    func openFileCount(of process: Int32) -> UInt32? {
        let count = mon_count_open_files(directory.number, process)
        return count < 0 ? nil : UInt32(clamping: count)
    }

    /// The user that a live process runs as (its effective one, proc_pid(5)); nil where it is gone.
    func owner(of process: Int32) -> UInt32? {
        var user: UInt32 = 0
        return unsafe mon_process_owner(directory.number, process, &user) == 0 ? user : nil
    }
}

/// The records of getdents64(2):
/// ```
/// | inode u64 | offset u64 | record length u16 | type u8 | name … NUL, padded to 8 |
/// ```
enum DirectoryEntries {
    /// Appends the names that are positive numbers within Int32. Stops at a record whose length cannot be.
    static func appendNumbers(_ bytes: Span<UInt8>, to numbers: inout [Int32]) {
        var at = 0
        while bytes.count - at > 19 {
            // In the host's byte order, little-endian on every Linux that Swift runs on.
            let length = Int(bytes[at + 16]) | Int(bytes[at + 17]) << 8
            guard length > 19, length <= bytes.count - at else { return }
            var value: Int32 = 0
            var place = at + 19
            while place < at + length {
                let digit = bytes[place] &- 48
                guard digit < 10 else { break }
                let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
                let (sum, carry) = scaled.addingReportingOverflow(Int32(digit))
                if overflow || carry { break }
                value = sum
                place += 1
            }
            if place > at + 19, place < at + length, bytes[place] == 0, value > 0 { numbers.append(value) }
            at += length
        }
    }
}
