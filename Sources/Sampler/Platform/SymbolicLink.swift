import Glibc

/// Symbolic links of sysfs.
enum SymbolicLink {
    /// The whole path that a link leads to; nil where there is none.
    static func target(of path: String) -> String? {
        // realpath allocates the result, and what it allocates ends in NUL.
        guard let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }
}
