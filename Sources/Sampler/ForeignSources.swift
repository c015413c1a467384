package import Model

/// A program of the configuration whose output is metrics.
package struct CommandSource: Hashable, Sendable {
    /// The value of the label `name` of what is told about it.
    package var name: String
    /// The program's path and its arguments.
    package var command: [String]
    package var intervalMilliseconds: Int64
    package var timeoutMilliseconds: Int64

    package init(name: String, command: [String], intervalMilliseconds: Int64, timeoutMilliseconds: Int64) {
        self.name = name
        self.command = command
        self.intervalMilliseconds = intervalMilliseconds
        self.timeoutMilliseconds = timeoutMilliseconds
    }
}

/// A page of metrics that another program of this machine serves.
package struct ScrapeTarget: Hashable, Sendable {
    package let job: String
    package let url: String
    /// An address of this machine, without brackets.
    package let host: String
    package let port: UInt16
    /// With what follows a `?`.
    package let path: String
    package var intervalMilliseconds: Int64
    package var timeoutMilliseconds: Int64
    /// A page of more series is refused as a whole.
    package var seriesMax: Int
    /// Beside `job` and `instance`.
    package var labels: [Label]
    /// Sent as `Authorization: Bearer …`; nil for none.
    package var bearerToken: SecretFile?

    /// Nil where the URL is none of this machine.
    package init?(
        job: String, url: String, intervalMilliseconds: Int64, timeoutMilliseconds: Int64, seriesMax: Int = 2000,
        labels: [Label] = []
    ) {
        guard url.lowercased().hasPrefix("http://") else { return nil }
        let rest = url.dropFirst("http://".count)
        let slash = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<slash]
        var (host, port) = (authority[...], Substring("80"))
        if authority.hasPrefix("[") {
            guard let bracket = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<bracket]
            let behind = authority[authority.index(after: bracket)...]
            if behind.hasPrefix(":") { port = behind.dropFirst() } else if !behind.isEmpty { return nil }
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        guard let number = UInt16(port), number > 0, let address = ScrapeTarget.loopback(host) else { return nil }
        // It goes into a line of the request as it is.
        guard url.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else { return nil }
        let path = rest[slash...]
        self.job = job
        self.url = url
        self.host = address
        self.port = number
        self.path = path.hasPrefix("/") ? String(path) : "/" + path
        self.intervalMilliseconds = intervalMilliseconds
        self.timeoutMilliseconds = timeoutMilliseconds
        self.seriesMax = seriesMax
        self.labels = labels
    }

    /// The value of the label `instance`, and of the header Host.
    package var instance: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func loopback(_ host: Substring) -> String? {
        if host.lowercased() == "localhost" { return "127.0.0.1" }
        if host == "::1" { return "::1" }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return numbers.count == 4 && numbers[0] == 127 && !numbers.contains(nil) ? String(host) : nil
    }
}

/// When a source outside is asked again, and what came of it.
struct ForeignSchedule {
    private let intervalNanoseconds: UInt64
    private var lastBegin: UInt64?

    init(intervalMilliseconds: Int64) { intervalNanoseconds = UInt64(intervalMilliseconds) * 1_000_000 }

    /// Whether it is time; a twentieth early counts, so that the tick at which it is due does not just miss it.
    mutating func isDue(at now: UInt64) -> Bool {
        if let lastBegin, now &- lastBegin < intervalNanoseconds - intervalNanoseconds / 20 { return false }
        lastBegin = now
        return true
    }

    /// Whether work that was begun last should have ended long since.
    func isOverdue(at now: UInt64, timeoutMilliseconds: Int64) -> Bool {
        lastBegin.map { now &- $0 > UInt64(timeoutMilliseconds + 10_000) * 1_000_000 } ?? false
    }
}

extension CommandSource {
    /// The command as it may be shown: without what looks like a secret.
    package var shownCommand: String { CommandLineText.redacted(command).joined(separator: " ") }
}

extension ScrapeTarget {
    /// The address as it may be shown: without what looks like a secret.
    package var shownURL: String { SecretText.redacted(url) }
}
