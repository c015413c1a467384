// What a process's control group is shown as:
//
//     /system.slice/ssh.service                                     ssh.service
//     /user.slice/user-1000.slice/user@1000.service/app.slice/x     user-1000.slice/user@1000.service/app.slice/x
//     /system.slice/docker-4f0c…64 digits….scope                    docker-4f0c9d2e11aa
//     /docker/4f0c…64 digits…                                       docker-4f0c9d2e11aa
//     /kubepods/besteffort/pod1/4f0c…                               kubepods/besteffort/pod1/4f0c9d2e11aa
//     /                                                             /
//
// Up to the first slash that is the name under which the metrics of services know it, so the two can be joined.

extension ControlGroups {
    /// Bytes that are shown of a group at most. A guess, beyond what systemd makes.
    private static let shownBytesMax = 200

    /// From the lines `number:controllers:path` of /proc/pid/cgroup (cgroups(7)): the path in the version 2 tree where
    /// that is not its root, else in systemd's, in that of memory, or in any. Nil where there is none.
    static func shownGroup(_ text: consuming ByteScanner) -> String? {
        var best: (rank: Int, path: String)?
        while !text.isAtEnd {
            let fields = text.text(in: text.line()).split(
                separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3, fields[2].hasPrefix("/") else { continue }
            let (controllers, path) = (fields[1], String(fields[2]))
            var rank = path == "/" ? 0 : 10
            switch controllers {
            case "": rank += 3
            case "name=systemd": rank += 2
            case "memory": rank += 1
            default: break
            }
            if rank > best?.rank ?? -1 { best = (rank, path) }
        }
        return best.map { shownPath($0.path) }
    }

    /// As drawn above.
    static func shownPath(_ path: String) -> String {
        var parts = path.split(separator: "/").map { String($0) }
        let unit = parts.firstIndex { $0.hasSuffix(".service") || $0.hasSuffix(".scope") }
        if parts.first == "user.slice", parts.count > 1 {
            parts.removeFirst()
        } else if let unit, parts[..<unit].allSatisfy({ $0.hasSuffix(".slice") }) {
            parts.removeFirst(unit)
        } else if parts.first == "docker", parts.count > 1, isIdentity(parts[1]) {
            parts[1] = "docker-\(parts[1].prefix(12))"
            parts.removeFirst()
        }
        var shown = parts.map { isIdentity($0) ? String($0.prefix(12)) : shownName($0) }.joined(separator: "/")
        while shown.utf8.count > shownBytesMax { shown.removeLast() }
        return shown.isEmpty ? "/" : shown
    }

    /// Whether a name is the 64 digits by which containers are known.
    private static func isIdentity(_ name: String) -> Bool {
        name.utf8.count == 64 && name.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}
