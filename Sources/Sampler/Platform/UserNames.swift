import Glibc

/// Names of users by number, from `etc/passwd` (passwd(5)), read again when the file changes. Users of directory
/// services are shown by number: asking for them may block for seconds.
struct UserNames {
    private let path: String
    private var names: [UInt32: String] = [:]
    /// Names of numbers that the file lacks, so that they are made once.
    private var numbers: [UInt32: String] = [:]
    private var version: Version?

    private struct Version: Hashable {
        var seconds: Int
        var nanoseconds: Int
        var size: Int
        var inode: UInt64
    }

    init(rootfs: String) { path = "\(rootfs)/etc/passwd" }

    /// Looks whether the file has changed, and reads it if so. A file that is missing leaves numbers.
    mutating func refresh() {
        var status = stat()
        // The kernel fills `status`.
        guard unsafe stat(path, &status) == 0 else {
            names.removeAll()
            version = nil
            return
        }
        let present = Version(
            seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec, size: Int(status.st_size),
            inode: UInt64(status.st_ino))
        guard present != version else { return }
        version = present
        names.removeAll(keepingCapacity: true)
        numbers.removeAll(keepingCapacity: true)
        do throws(CollectorError) {
            var read: [UInt32: String] = [:]
            try LineReader.forEachLine(ofFileAt: path) { line in
                guard let (user, name) = UserNames.parse(&line) else { return }
                // Several names may share a number; the first is the one that getpwuid finds.
                if read[user] == nil { read[user] = name }
            }
            names = read
        } catch {
            // Unreadable though there: numbers are shown, and the next change is tried again.
        }
    }

    mutating func name(of user: UInt32) -> String {
        if let name = names[user] ?? numbers[user] { return name }
        let name = String(user)
        numbers[user] = name
        return name
    }

    /// `name:password:uid:…`; nil for a line of another form.
    static func parse(_ line: inout ByteScanner) -> (user: UInt32, name: String)? {
        let colon = UInt8(ascii: ":")
        let start = line.offset
        while let byte = line.next, byte != colon { line.move(to: line.offset + 1) }
        let name = start..<line.offset
        guard line.skip(colon), !name.isEmpty else { return nil }
        while let byte = line.next, byte != colon { line.move(to: line.offset + 1) }
        guard line.skip(colon), let number = line.number(), let user = UInt32(exactly: number), line.skip(colon)
        else { return nil }
        return (user, line.text(in: name))
    }
}
