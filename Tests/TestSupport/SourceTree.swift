import Glibc

/// The repository's own files, for tests that check how the code looks.
package enum SourceTree {
    /// The repository's root.
    package static let root: String = {
        // …/Tests/TestSupport/SourceTree.swift
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/")
    }()

    /// Paths, relative to the root, of the files below `folder` whose names end with `suffix`; sorted.
    package static func files(in folder: String, suffix: String) -> [String] {
        var found: [String] = []
        var folders = [folder]
        while let next = folders.popLast() {
            for entry in FolderEntry.all(in: root + "/" + next) ?? [] where !entry.name.hasPrefix(".") {
                if entry.isFolder {
                    folders.append(next + "/" + entry.name)
                } else if entry.name.hasSuffix(suffix) {
                    found.append(next + "/" + entry.name)
                }
            }
        }
        return found.sorted()
    }

    /// The lines of a file; `path` is relative to the root.
    package static func lines(of path: String) -> [Substring] {
        text(of: path).split(separator: "\n", omittingEmptySubsequences: false)
    }

    package static func text(of path: String) -> String { String(decoding: bytes(of: path), as: UTF8.self) }

    /// The content of a file; empty where there is none.
    package static func bytes(of path: String) -> [UInt8] {
        guard let file = fopen(path.hasPrefix("/") ? path : root + "/" + path, "r") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return bytes
    }
}
