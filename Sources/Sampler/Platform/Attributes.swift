import Glibc

/// The small files of a sysfs folder: one value a file.
///
/// They are read each minute at most, so each is opened, read and closed. Many are missing on most machines, and asking
/// for those costs a failed open and nothing more.
struct Attributes {
    let folder: String
    /// The folder itself, held open: see ``opened()``.
    private var directory: Descriptor?

    /// A page: sysfs has no longer values (Documentation/filesystems/sysfs.rst).
    private static let bytesMax = 4096

    init(_ folder: String) { self.folder = folder }

    /// The same, held open while many of its files are read: the kernel then walks the path once and not for each,
    /// which is most of what a small file costs. Not to be kept: a device that comes back has another folder.
    func opened() -> Attributes {
        var same = self
        let opened = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if opened >= 0 { same.directory = Descriptor(owning: opened) }
        return same
    }

    /// The first line of a file without the blanks around it; nil where it is missing, unreadable or empty. sysfs
    /// answers EINVAL for what a device has not got, so every refusal but a lack of right is "has not got".
    func text(_ name: String) -> String? {
        read(name) { text in
            text.skipBlanks()
            let line = text.text(in: text.line())
            var end = line.endIndex
            while end > line.startIndex {
                let before = line.index(before: end)
                guard line[before] == " " || line[before] == "\t" else { break }
                end = before
            }
            return end == line.startIndex ? nil : String(line[..<end])
        }
    }

    /// A whole number, decimal or after `0x` hexadecimal; nil where the file has none.
    func number(_ name: String) -> Double? {
        read(name) { text in
            let isNegative = text.skipSign()
            let value = text.skip("0x") ? text.hexadecimal() : text.number()
            return value.map { isNegative ? -Double($0) : Double($0) }
        }
    }

    /// The file's first page; nil where it cannot be opened or read.
    private func read<Value>(_ name: String, _ body: (inout ByteScanner) -> Value?) -> Value? {
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK
        let opened =
            if let directory { unsafe openat(directory.number, name, flags) } else {
                unsafe open("\(folder)/\(name)", flags)
            }
        if opened < 0 { return nil }
        defer { close(opened) }
        return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Attributes.bytesMax) { buffer in
            var got = 0
            repeat {
                // The kernel writes at most the buffer's length.
                got = unsafe Glibc.read(opened, buffer.baseAddress, buffer.count)
            } while got < 0 && errno == EINTR
            guard got > 0 else { return nil }
            // The first `got` bytes are the kernel's, and the scanner does not outlive the buffer.
            let bytes = unsafe UnsafeBufferPointer(rebasing: buffer[..<got])
            var text = unsafe ByteScanner(bytes.span)
            return body(&text)
        }
    }

    /// The number behind `prefix` in the line that begins so; nil where there is none.
    func number(_ name: String, after prefix: StaticString) -> Double? {
        var file = KernelFile("\(folder)/\(name)", keepsOpen: false, endsAtShortRead: true, bytes: 512)
        guard (try? file.refresh()) != nil else { return nil }
        var text = file.scanner
        while !text.isAtEnd {
            if text.skip(prefix) { return text.number().map { Double($0) } }
            text.skipLine()
        }
        return nil
    }
}
