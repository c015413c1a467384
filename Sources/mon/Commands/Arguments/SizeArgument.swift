import Glibc

/// A size on the command line: `512MiB`, `2GB`, `1.5G`, a number of bytes, or a share of the disk such as `10%`.
enum SizeArgument {
    /// What a store needs to be one: the head of two hours, a few blocks, and pages to free some with.
    static let storeBytesMin = 16 << 20

    /// The default of `--max-size`: 1 GiB, or a tenth of the disk where that is less, but what a store needs; on a disk
    /// that is hardly larger, half of it, so that the bound is reached before the disk is full.
    static let defaultStoreBytes = 1 << 30

    /// A disk of less than twice that is none to record to.
    private static let diskStoreBytesMin = 4 << 20

    private static let units: [(suffix: String, bytes: Double)] = [
        ("kib", 1024), ("mib", 1_048_576), ("gib", 1_073_741_824), ("tib", 1_099_511_627_776), ("kb", 1e3), ("mb", 1e6),
        ("gb", 1e9), ("tb", 1e12), ("k", 1024), ("m", 1_048_576), ("g", 1_073_741_824), ("t", 1_099_511_627_776),
        ("b", 1), ("", 1),
    ]

    /// How large a store may become.
    ///
    /// - Parameters:
    ///   - text: nil for the default.
    ///   - diskBytes: the size of the store's disk; nil where that cannot be told.
    static func storeBytes(_ text: String?, option: String, diskBytes: Int?) throws(CommandFailure) -> Int {
        guard let text else {
            let disk = diskBytes ?? .max
            return min(max(storeBytesMin, min(defaultStoreBytes, disk / 10)), max(diskStoreBytesMin, disk / 2))
        }
        guard let bytes = parse(text, whole: diskBytes) else {
            throw CommandFailure(
                .usage, "\(option): \"\(text)\" is no size; possible are 512MiB, 2GB, 10% of the disk, or bytes")
        }
        guard bytes >= storeBytesMin else {
            throw CommandFailure(.usage, "\(option): a store needs \(storeBytesMin >> 20)MiB at least, not \(text)")
        }
        return bytes
    }

    /// Bytes; nil where the text is no size, or a share of what is not known.
    static func parse(_ text: String, whole: Int?) -> Int? {
        if text.hasSuffix("%") {
            guard let share = Double(text.dropLast()), share > 0, share <= 100, let whole else { return nil }
            return Int(Double(whole) / 100 * share)
        }
        let lower = text.lowercased()
        guard let unit = units.first(where: { lower.hasSuffix($0.suffix) }),
            let number = Double(lower.dropLast(unit.suffix.utf8.count)), number.isFinite, number >= 0
        else { return nil }
        return Int(exactly: (number * unit.bytes).rounded(.down))
    }
}

/// The disk below a path.
enum Disk {
    /// Its size; that of the nearest folder above for a path that is not there yet.
    static func bytes(below path: String) -> Int? {
        var path = path.hasPrefix("/") ? path : "./" + path
        var status = statvfs()
        // The kernel fills the structure; the path is a C string during the call only.
        while unsafe statvfs(path, &status) != 0 {
            guard errno == ENOENT, let slash = path.lastIndex(of: "/"), path != "/" else { return nil }
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
        return Int(clamping: UInt64(status.f_blocks) &* UInt64(status.f_frsize))
    }

    /// What may still be written below a folder by this user; nil where that cannot be told.
    static func freeBytes(at path: String) -> Int? {
        var status = statvfs()
        // The kernel fills the structure; the path is a C string during the call only.
        guard unsafe statvfs(path, &status) == 0 else { return nil }
        return Int(clamping: UInt64(geteuid() == 0 ? status.f_bfree : status.f_bavail) &* UInt64(status.f_frsize))
    }
}
