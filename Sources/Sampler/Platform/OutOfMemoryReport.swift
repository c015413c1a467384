import Model

/// What the kernel's log says of a process that was killed because memory ran out (mm/oom_kill.c):
/// ```
/// oom-kill:constraint=CONSTRAINT_MEMCG,…,task_memcg=/system.slice/web.service,task=php-fpm,pid=8123,uid=33
/// Memory cgroup out of memory: Killed process 8123 (php-fpm) total-vm:2100000kB, anon-rss:1990000kB, file-rss:…
/// ```
/// The second line makes the event; the first, which comes before it since Linux 5.0, tells whose process it was.
struct OutOfMemoryReport {
    private var group: (pid: UInt64, path: String)?

    /// Takes a message; the kill that it reports, if any.
    mutating func read(_ message: String, at time: Timestamp) -> Event? {
        if message.hasPrefix("oom-kill:") {
            var pid: UInt64?
            var path = ""
            for field in message.dropFirst(9).split(separator: ",") {
                if field.hasPrefix("pid=") { pid = UInt64(field.dropFirst(4)) }
                if field.hasPrefix("task_memcg=") { path = String(field.dropFirst(11)) }
            }
            group = pid.map { ($0, path) }
            return nil
        }
        guard let killed = message.range(of: "Killed process ", endingBefore: " total-vm:") else { return nil }
        // `8123 (php-fpm)`; names may hold blanks and brackets.
        guard let blank = killed.firstIndex(of: " "), let pid = UInt64(killed[..<blank]) else { return nil }
        var name = killed[killed.index(after: blank)...]
        if name.hasPrefix("("), let end = name.lastIndex(of: ")") {
            name = name[name.index(after: name.startIndex)..<end]
        }
        var labels = [Label("pid", String(pid)), Label("name", String(name))]
        var text = "out of memory: the kernel killed process \(pid) (\(name))"
        if let group, group.pid == pid, !group.path.isEmpty {
            let unit = group.path.split(separator: "/").last.map(String.init) ?? group.path
            labels.append(Label("service", ControlGroups.shownName(unit)))
            text += " of \(ControlGroups.shownName(unit))"
        }
        if let resident = message.range(of: "anon-rss:", endingBefore: "kB").flatMap({ UInt64($0) }) {
            text += ", which had \(resident / 1024) MiB"
        }
        return Event(time: time, kind: .outOfMemoryKill, text: text, labels: Labels(labels))
    }
}

extension String {
    /// What lies between the first `start` and the next `end` behind it; nil where one is missing.
    fileprivate func range(of start: String, endingBefore end: String) -> Substring? {
        var rest = self[...]
        while !rest.isEmpty {
            if rest.hasPrefix(start) {
                rest = rest.dropFirst(start.count)
                var at = rest.startIndex
                while at < rest.endIndex {
                    if rest[at...].hasPrefix(end) { return rest[..<at] }
                    at = rest.index(after: at)
                }
                return nil
            }
            rest = rest.dropFirst()
        }
        return nil
    }
}
