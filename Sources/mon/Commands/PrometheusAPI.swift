import Model
import Query
import Server
import TSDB

/// Prometheus' API as `mon serve` and `mon run` have it.
enum PrometheusAPI {
    /// What groups of remote-written samples name as their source.
    static let source = "remote-write"

    static func services(
        _ store: Store, _ settings: ServingSettings, _ log: Log, threadsMax: Int = 1,
        now: @escaping @Sendable () -> Timestamp, flags: [(name: String, value: String)]
    ) -> APIServices {
        APIServices(
            store: store,
            engine: QueryEngine(
                limits: QueryLimits(timeout: .milliseconds(settings.timeoutMilliseconds), threadsMax: threadsMax),
                acceptsExperimental: settings.acceptsExperimental),
            cache: settings.cacheBytes > 0 ? ResultCache(bytesMax: settings.cacheBytes) : nil,
            slowQueries: SlowQueryLog(settings, to: log), now: now, started: WallClock.now(),
            version: Version.number, flags: flags)
    }
}
