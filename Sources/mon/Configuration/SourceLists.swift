import Formats
import Model
import Sampler

// `exec` and `scrape` of a configuration: lists of mappings, read with their places.

/// What is wrong in a list, with where it stands.
struct ListProblem: Error, Hashable {
    var place: YAMLPlace
    var text: String
}

/// The values of one mapping of a list, taken one by one; what nobody takes is no key.
private struct ListEntry {
    let list: String
    let place: YAMLPlace
    private var rest: [YAMLNode.Entry]
    private var known: [String] = []

    init(_ node: YAMLNode, of list: String) throws(ListProblem) {
        guard case .mapping(let entries) = node.content else {
            throw ListProblem(place: node.place, text: "\(list): an entry is a mapping, not \(node.kind)")
        }
        self.list = list
        place = node.place
        rest = entries
    }

    mutating func take(_ key: String) -> YAMLNode? {
        known.append(key)
        guard let index = rest.firstIndex(where: { $0.key == key }) else { return nil }
        let value = rest.remove(at: index).value
        return value.isNull ? nil : value
    }

    mutating func text(_ key: String) throws(ListProblem) -> (text: String, place: YAMLPlace)? {
        guard let node = take(key) else { return nil }
        guard case .scalar(let text, _) = node.content else {
            throw ListProblem(place: node.place, text: "\(list): \(key): it takes one value, not \(node.kind)")
        }
        return (text, node.place)
    }

    /// A key that is there to be refused with a better word than that there is none.
    mutating func forbidden(_ key: String) throws(ListProblem) -> (text: String, place: YAMLPlace)? {
        defer { known.removeAll { $0 == key } }
        return try text(key)
    }

    mutating func needed(_ key: String) throws(ListProblem) -> (text: String, place: YAMLPlace) {
        guard let found = try text(key) else { throw ListProblem(place: place, text: "\(list): an entry needs \(key)") }
        return found
    }

    /// A value that has to be of a kind, or what counts otherwise.
    mutating func checked(_ key: String, _ kind: SettingKind, default fallback: String) throws(ListProblem) -> String {
        guard let (text, place) = try text(key) else { return fallback }
        if let found = kind.problem(with: text) {
            throw ListProblem(place: place, text: "\(list): \(key): \"\(text)\" \(found)")
        }
        return text
    }

    mutating func milliseconds(
        _ key: String, _ kind: SettingKind, default fallback: String
    ) throws(ListProblem) -> Int64 {
        SettingKind.milliseconds(try checked(key, kind, default: fallback)) ?? 0
    }

    func end() throws(ListProblem) {
        guard let other = rest.first else { return }
        let possible = known.joined(separator: ", ")
        throw ListProblem(place: other.place, text: "\(list): \(other.key): possible are \(possible)")
    }

    /// The interval, and a timeout that is not longer.
    mutating func times(interval: String) throws(ListProblem) -> (interval: Int64, timeout: Int64) {
        let interval = try milliseconds("interval", .interval(1000...3_600_000), default: interval)
        let fallback = DurationText.format(min(interval, 10_000))
        let given = rest.first { $0.key == "timeout" }?.value.place
        let timeout = try milliseconds("timeout", .duration(10...600_000), default: fallback)
        guard timeout <= interval else {
            throw ListProblem(
                place: given ?? place,
                text: "\(list): timeout: it is longer than the interval of "
                    + DurationText.format(interval))
        }
        return (interval, timeout)
    }
}

extension CommandSource {
    /// `{name: backup, command: [/usr/local/bin/backup-status, --prom], interval: 1m, timeout: 10s}`
    init(_ node: YAMLNode) throws(ListProblem) {
        var entry = try ListEntry(node, of: "exec")
        let (name, place) = try entry.needed("name")
        guard !name.isEmpty, name.utf8.count <= 100 else {
            throw ListProblem(place: place, text: "exec: name: it has 1 to 100 bytes")
        }
        guard let list = entry.take("command") else {
            throw ListProblem(place: entry.place, text: "exec: an entry needs command")
        }
        var words: [String] = []
        guard case .sequence(let items) = list.content else {
            throw ListProblem(
                place: list.place,
                text:
                    "exec: command: it is a list of the program and its arguments, not \(list.kind); there is no shell")
        }
        for item in items {
            guard case .scalar(let word, _) = item.content, !word.utf8.contains(0) else {
                throw ListProblem(place: item.place, text: "exec: command: a word of it is \(item.kind)")
            }
            words.append(word)
        }
        guard let program = words.first, program.hasPrefix("/") else {
            throw ListProblem(
                place: list.place, text: "exec: command: it begins with the program's whole path, as /usr/bin/true")
        }
        let times = try entry.times(interval: "1m")
        try entry.end()
        self.init(
            name: name, command: words, intervalMilliseconds: times.interval, timeoutMilliseconds: times.timeout)
    }
}

extension ScrapeTarget {
    /// `{job: nginx, url: http://127.0.0.1:9113/metrics, interval: 15s, timeout: 10s, series_max: 500, labels: {a: b},
    /// bearer_token_file: /etc/mon/nginx.token}`
    init(_ node: YAMLNode) throws(ListProblem) {
        var entry = try ListEntry(node, of: "scrape")
        let (job, jobPlace) = try entry.needed("job")
        guard !job.isEmpty else { throw ListProblem(place: jobPlace, text: "scrape: job: it is empty") }
        let (url, place) = try entry.needed("url")
        let times = try entry.times(interval: "15s")
        let seriesMax = try entry.checked("series_max", .whole(1...50_000), default: "2000")
        let labels = try ScrapeTarget.labels(entry.take("labels"))
        let token = try entry.text("bearer_token_file")
        if let (name, place) = token, name.isEmpty || name.utf8.contains(0) {
            throw ListProblem(
                place: place,
                text: "scrape: bearer_token_file: it is a path, or the name of a credential of the service manager")
        }
        // What stands here is read by whoever may read the configuration.
        if let (_, place) = try entry.forbidden("bearer_token") {
            throw ListProblem(
                place: place,
                text: "scrape: bearer_token: a secret does not stand in this file; put it into one that only mon may "
                    + "read, and name that by bearer_token_file")
        }
        try entry.end()
        guard
            var target = ScrapeTarget(
                job: job, url: url, intervalMilliseconds: times.interval, timeoutMilliseconds: times.timeout,
                seriesMax: Int(seriesMax) ?? 2000, labels: labels)
        else {
            throw ListProblem(
                place: place,
                text: "scrape: url: \"\(url)\" is no page of this machine; possible are http://127.0.0.1:9113/metrics, "
                    + "http://localhost:…, http://[::1]:…")
        }
        target.bearerToken = token.map { SecretFile($0.text) }
        self = target
    }

    private static func labels(_ node: YAMLNode?) throws(ListProblem) -> [Label] {
        guard let node else { return [] }
        guard case .mapping(let entries) = node.content else {
            throw ListProblem(place: node.place, text: "scrape: labels: they are a mapping, not \(node.kind)")
        }
        var labels: [Label] = []
        for entry in entries {
            guard Labels.isLabelName(entry.key), !entry.key.hasPrefix("__"), !["job", "instance"].contains(entry.key)
            else {
                throw ListProblem(
                    place: entry.place, text: "scrape: labels: \"\(entry.key)\" cannot be the name of a label here")
            }
            guard case .scalar(let value, _) = entry.value.content else {
                throw ListProblem(
                    place: entry.value.place, text: "scrape: labels: a label has one value, not \(entry.value.kind)")
            }
            labels.append(Label(entry.key, value))
        }
        return labels
    }
}

/// Entries of a list, each with where it stands; what is wrong is told, and left out.
struct SourceList<Source: Sendable>: Sendable {
    private(set) var sources: [(source: Source, place: YAMLPlace)] = []

    /// - Parameters:
    ///   - identity: What no two entries share.
    ///   - problem: Called for each fault.
    mutating func read(
        _ node: YAMLNode, _ list: String, _ make: (YAMLNode) throws(ListProblem) -> Source,
        identity: (Source) -> String, problem: (ListProblem) -> Void
    ) {
        if node.isNull { return }
        guard case .sequence(let items) = node.content else {
            return problem(ListProblem(place: node.place, text: "\(list): it is a list of mappings, not \(node.kind)"))
        }
        for item in items {
            do throws(ListProblem) {
                let source = try make(item)
                if sources.contains(where: { identity($0.source) == identity(source) }) {
                    throw ListProblem(place: item.place, text: "\(list): \(identity(source)) is there twice")
                }
                sources.append((source, item.place))
            } catch {
                problem(error)
            }
        }
    }
}
