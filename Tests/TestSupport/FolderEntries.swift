import Glibc

/// What lies in a folder.
package struct FolderEntry: Hashable, Sendable {
    package let name: String
    package let isFolder: Bool

    /// The entries of the folder `path`, by name; nil where there is no such folder.
    package static func all(in path: String) -> [FolderEntry]? {
        guard let handle = opendir(path) else { return nil }
        defer { closedir(handle) }
        var entries: [FolderEntry] = []
        while let entry = readdir(handle) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name == "." || name == ".." { continue }
            entries.append(FolderEntry(name: name, isFolder: entry.pointee.d_type == UInt8(DT_DIR)))
        }
        return entries.sorted { $0.name < $1.name }
    }

    /// The names in the folder `path`, sorted.
    package static func names(in path: String) -> [String] { (all(in: path) ?? []).map(\.name) }
}
