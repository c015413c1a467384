import Glibc

/// The names in a folder, for folders that are looked at each minute at most.
enum DirectoryListing {
    /// Ascending by their bytes, without `.` and `..`; empty where there is no such folder or it may not be read.
    static func names(in path: String) -> [String] {
        guard let directory = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        // readdir's record is valid until the next call, and its name ends in NUL.
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
