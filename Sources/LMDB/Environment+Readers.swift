import CLMDB

/// A slot of the reader table that a process has.
package struct EnvironmentReader: Hashable, Sendable {
    package let pid: Int32
    /// Nil where it has a slot and no transaction at the moment.
    package let commit: Int?
}

extension Environment {
    /// The processes that hold read transactions now, and the commits that they show.
    package func readers() throws(StorageError) -> [EnvironmentReader] {
        var lines: [String] = []
        // LMDB calls back during the call only, once a line: a header, then pid, thread and commit.
        let code = unsafe withUnsafeMutablePointer(to: &lines) { lines in
            unsafe mdb_reader_list(
                handle,
                { text, context in
                    if let text = unsafe text, let lines = unsafe context?.assumingMemoryBound(to: [String].self) {
                        unsafe lines.pointee.append(String(cString: text))
                    }
                    return 0
                }, lines)
        }
        if code < 0 { throw StorageError(code, "list the readers of", path: path) }
        return lines.compactMap { line in
            let fields = line.split { $0 == " " || $0 == "\n" }
            guard fields.count == 3, let pid = Int32(fields[0]) else { return nil }
            return EnvironmentReader(pid: pid, commit: Int(fields[2]))
        }
    }
}
