import ArgumentParser
import Formats
import Model
import Query
import Server

/// What `mon serve` and `mon run` have in common where they answer queries and take samples by HTTP.
struct ServingOptions: ParsableArguments {
    @Flag(help: "Listen on addresses that other machines can reach. Nobody is asked who he is.")
    var allowRemote = false

    @Option(help: "Queries end after this time, at first 2m.")
    var queryTimeout: String?

    @Option(
        help: ArgumentHelp(
            "Memory for answers of range queries, so that a refresh costs its new steps only; 0 for none.",
            discussion: "Default: 32MiB of mon serve, 8MiB of mon run.", valueName: "size"))
    var queryCache: String?

    @Option(
        help: ArgumentHelp("Log queries that take longer, at first 1s; 0 for none.", valueName: "time"))
    var logQueriesSlowerThan: String?

    @Option(
        name: .customLong("enable"),
        help: ArgumentHelp(
            "Accept what Prometheus keeps behind feature flags: experimental functions, limitk, limit_ratio, fill.",
            valueName: "experimental"))
    var features: [String] = []

    @Option(
        help: ArgumentHelp(
            "Series that a day may name: new ones beyond are refused, counted and logged once. At first 1000000.",
            valueName: "count"))
    var maxSeries: String?

    /// What was given.
    func given() throws(CommandFailure) -> [ConfigurationFlag] {
        for feature in features where feature != "experimental" {
            throw CommandFailure(.usage, "--enable \(feature): possible is experimental")
        }
        return ConfigurationFlag.given([
            ("server.allow_remote", "--allow-remote", allowRemote ? "true" : nil),
            ("store.max_series", "--max-series", maxSeries), ("query.timeout", "--query-timeout", queryTimeout),
            ("query.cache", "--query-cache", queryCache),
            ("query.log_slower_than", "--log-queries-slower-than", logQueriesSlowerThan),
            ("query.experimental", "--enable", features.isEmpty ? nil : "true"),
        ])
    }
}

extension ServingSettings {
    /// - Parameter cacheBytes: what the cache has unless told.
    init(_ configuration: Configuration, cacheBytes: Int) {
        self.init(cacheBytes: cacheBytes)
        allowsRemote = configuration.flag("server.allow_remote") ?? false
        acceptsExperimental = configuration.flag("query.experimental") ?? false
        timeoutMilliseconds = configuration.milliseconds("query.timeout") ?? timeoutMilliseconds
        if configuration.isSet("query.cache"), let text = configuration.text("query.cache") {
            self.cacheBytes = SizeArgument.parse(text, whole: nil) ?? cacheBytes
        }
        // 0 is no length of time, and none.
        slowMilliseconds = configuration.milliseconds("query.log_slower_than")
    }
}

/// How queries are answered.
struct ServingSettings: Sendable {
    var allowsRemote = false
    var acceptsExperimental = false
    var timeoutMilliseconds: Int64 = 120_000
    /// 0 for no cache.
    var cacheBytes: Int
    /// Queries that take longer are logged; nil for none.
    var slowMilliseconds: Int64? = 1000
}

extension SlowQueryLog {
    /// One line a query, at the level of warnings.
    init?(_ settings: ServingSettings, to log: Log) {
        guard let threshold = settings.slowMilliseconds else { return nil }
        self.init(threshold: .milliseconds(threshold)) { query in
            var (start, end, step) = ("", "", "")
            switch query.time {
            case .instant(let moment): (start, end) = (Self.text(moment), Self.text(moment))
            case .range(let first, let last, let milliseconds):
                (start, end, step) = (Self.text(first), Self.text(last), DurationText.format(milliseconds))
            }
            log.warning(
                "slow query",
                [
                    "query": query.expression, "start": start, "end": end, "step": step,
                    "seconds": Self.seconds(query.duration), "series": "\(query.statistics.series)",
                    "samples": "\(query.statistics.samples)", "windows": "\(query.statistics.windows)",
                    "cache": query.use?.rawValue ?? "", "client": query.client, "error": query.failure ?? "",
                ])
        }
    }

    private static func text(_ time: Timestamp) -> String { TimeText.rfc3339(time, .utc) }

    /// Seconds with three decimals.
    private static func seconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let thousandths = String(attoseconds / 1_000_000_000_000_000)
        return "\(seconds)." + String(repeating: "0", count: 3 - thousandths.utf8.count) + thousandths
    }
}
