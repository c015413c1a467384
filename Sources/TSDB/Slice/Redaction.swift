import Model

/// What a slice that is handed to somebody else does not tell.
package struct Redaction: Sendable {
    /// What becomes of a label.
    package enum Rule: String, Hashable, Sendable, CaseIterable {
        /// The label is left out.
        case drop
        /// Its values are replaced by words that tell equal from different within the file and nothing else.
        case hash
    }

    /// The label that stands for the host's own name and machine id, too, whatever label has them.
    package static let hostLabel = "host"

    /// Whose name and machine id ``hostLabel`` stands for.
    var host: HostIdentity?
    private let rules: [String: Rule]
    /// Drawn anew for each slice and kept nowhere, so that no list of likely names can be tried against the words.
    private let secret: [UInt64]

    package init(_ rules: [String: Rule]) {
        self.rules = rules
        var random = SystemRandomNumberGenerator()
        secret = (0..<4).map { _ in random.next() }
    }

    package var isEmpty: Bool { rules.isEmpty }

    /// The labels that it is about, sorted.
    package var labels: [String] { rules.keys.sorted() }

    /// `labels` without what is not to be told.
    func redact(_ labels: Labels) -> Labels {
        var result = labels
        for (name, rule) in rules {
            guard let value = labels[name] else { continue }
            result = result.setting(name, to: text(value, by: rule))
        }
        guard let rule = rules[Redaction.hostLabel] else { return result }
        for label in labels where rules[label.name] == nil && isOfHost(label) {
            result = result.setting(label.name, to: text(label.value, by: rule))
        }
        return result
    }

    /// Whether a label tells whose data it is: `nodename` of `host_info` was the host's name when it was recorded.
    private func isOfHost(_ label: Label) -> Bool {
        if label.name == Labels.metricNameLabel { return false }
        if label.name == "nodename" { return true }
        guard let host else { return false }
        let isNamed = label.value == host.name || label.value.hasPrefix(host.name + ":")
        // What is shorter than any machine id tells nothing of one.
        let isNumbered = host.machineID.utf8.count >= 16 && label.value == host.machineID
        return !host.name.isEmpty && isNamed || isNumbered
    }

    /// A value of the label `name`.
    func redact(_ value: String, of name: String) -> String {
        guard let rule = rules[name] else { return value }
        return text(value, by: rule)
    }

    func redact(_ frame: ProcessFrame) -> ProcessFrame {
        var frame = frame
        for place in frame.processes.indices {
            frame.processes[place].name = redact(frame.processes[place].name, of: "name")
            frame.processes[place].username = redact(frame.processes[place].username, of: "username")
            frame.processes[place].cgroup = redactCgroup(frame.processes[place].cgroup)
            // Like a sentence, anything may be named in it.
            if !isEmpty { frame.processes[place].command = nil }
        }
        return frame
    }

    /// Control groups are called after users and programs: where those are not to be told, neither are these.
    private func redactCgroup(_ cgroup: String?) -> String? {
        guard let cgroup else { return nil }
        if let rule = rules["cgroup"] { return rule == .drop ? nil : text(cgroup, by: rule) }
        return rules["name"] == nil && rules["username"] == nil ? cgroup : nil
    }

    /// Texts are sentences, in which anything may be named.
    func redact(_ event: Event) -> Event {
        if isEmpty { return event }
        return Event(time: event.time, kind: event.kind, text: "", labels: redact(event.labels))
    }

    private func text(_ value: String, by rule: Rule) -> String {
        if value.isEmpty || rule == .drop { return "" }
        // Two passes of the standard library's keyed hash, with halves of a secret each: 16 hexadecimal digits.
        var inner = Hasher()
        inner.combine(secret[0])
        inner.combine(secret[1])
        inner.combine(value)
        var outer = Hasher()
        outer.combine(secret[2])
        outer.combine(inner.finalize())
        outer.combine(secret[3])
        let digits = String(UInt(bitPattern: outer.finalize()), radix: 16)
        return "redacted-" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
