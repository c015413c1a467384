import Glibc

/// A file for what does not fit into memory. It has no name, or one that is removed as soon as it is open, so nothing
/// of it is left however the process ends, and its space is the kernel's again.
final class SpillFile {
    private let descriptor: Int32
    private let path: String
    /// Words written.
    private(set) var count = 0

    /// Makes the file in the data folder: the file system that the samples go to in the end.
    init(in folder: StoreFolder) throws(StoreError) {
        SpillFile.removeLeftovers(in: folder)
        path = "\(folder.path)/import-\(getpid()).runs"
        if let nameless = UnfinishedFile.openNameless(in: folder.path, mode: 0o600) {
            descriptor = nameless
            return
        }
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreFolder.refusal("make the temporary file", path) }
        unsafe unlink(path)
    }

    deinit { close(descriptor) }

    /// Writes words behind those that are there.
    func append(_ words: [UInt64]) throws(StoreError) {
        var done = 0
        let total = words.count * 8
        while done < total {
            // Within the array: `done` is below its bytes.
            let written = unsafe words.withUnsafeBytes { bytes in
                unsafe pwrite(descriptor, bytes.baseAddress?.advanced(by: done), total - done, count * 8 + done)
            }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw StoreFolder.refusal("write the temporary file", path) }
            done += written
        }
        count += words.count
    }

    /// Replaces `words` by the `wanted` words from `place` on, or as many as there are.
    func read(at place: Int, _ wanted: Int, into words: inout [UInt64]) throws(StoreError) {
        let length = min(wanted, count - place)
        words.removeAll(keepingCapacity: true)
        words.append(contentsOf: repeatElement(0, count: length))
        var done = 0
        while done < length * 8 {
            // Within the array, which has `length` words.
            let got = unsafe words.withUnsafeMutableBytes { bytes in
                unsafe pread(descriptor, bytes.baseAddress?.advanced(by: done), length * 8 - done, place * 8 + done)
            }
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else { throw StoreFolder.refusal("read the temporary file", path) }
            done += got
        }
    }

    /// A process that was killed between making the file and removing its name leaves an empty one.
    static func removeLeftovers(in folder: StoreFolder) {
        guard let entries = unsafe opendir(folder.path) else { return }
        defer { unsafe closedir(entries) }
        while let entry = unsafe readdir(entries) {
            // d_name is NUL-terminated within the entry, which lives until the next readdir.
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasPrefix("import-"), name.hasSuffix(".runs") { unsafe unlink("\(folder.path)/\(name)") }
        }
    }
}
