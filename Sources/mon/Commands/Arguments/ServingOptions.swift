import ArgumentParser
import Formats
import Model
import Query
import Server

/// What `mon serve` and `mon run` have in common where they answer queries by HTTP.
struct ServingOptions: ParsableArguments {
    @Flag(help: "Listen on addresses that other machines can reach. Nobody is asked who he is.")
    var allowRemote = false

    @Option(help: "Queries end after this time.")
    var queryTimeout = "2m"

    @Option(
        help: ArgumentHelp(
            "Memory for answers of range queries, so that a refresh costs its new steps only; 0 for none.",
            discussion: "Default: 32MiB of mon serve, 8MiB of mon run.", valueName: "size"))
    var queryCache: String?

    @Option(
        help: ArgumentHelp("Log queries that take longer; 0 for none.", valueName: "time"))
    var logQueriesSlowerThan = "1s"

    @Option(
        name: .customLong("enable"),
        help: ArgumentHelp(
            "Accept what Prometheus keeps behind feature flags: experimental functions, limitk, limit_ratio, fill.",
            valueName: "experimental"))
    var features: [String] = []

    /// The flags, checked.
    /// - Parameter cacheBytes: what the cache has unless told.
    func settings(cacheBytes: Int) throws(CommandFailure) -> ServingSettings {
        for feature in features where feature != "experimental" {
            throw CommandFailure(.usage, "--enable \(feature): possible is experimental")
        }
        var settings = ServingSettings(cacheBytes: cacheBytes)
        settings.allowsRemote = allowRemote
        settings.acceptsExperimental = !features.isEmpty
        settings.timeoutMilliseconds = try DurationArgument.parse(queryTimeout, option: "--query-timeout")
        if let queryCache {
            guard let bytes = SizeArgument.parse(queryCache, whole: nil) else {
                throw CommandFailure(
                    .usage, "--query-cache: \"\(queryCache)\" is no size; possible are 32MiB, 64M, bytes, or 0 for none"
                )
            }
            settings.cacheBytes = bytes
        }
        settings.slowMilliseconds =
            logQueriesSlowerThan == "0" || logQueriesSlowerThan == "0s"
            ? nil : try DurationArgument.parse(logQueriesSlowerThan, option: "--log-queries-slower-than")
        return settings
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
