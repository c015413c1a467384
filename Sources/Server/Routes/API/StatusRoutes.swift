import Formats
import Glibc
import Model
import TSDB

/// What Prometheus tells of itself. Rules, alerts, targets and Alertmanagers are lists that are empty here.
enum StatusRoutes {
    /// The version of Prometheus whose API this is: clients such as Grafana decide by it what they may ask.
    static let prometheusVersion = "3.4.0"

    static func all(_ services: APIServices) -> [Route] {
        [
            fixed("rules", "rules: none", "{\"groups\":[]}"),
            fixed("alerts", "alerts: none", "{\"alerts\":[]}"),
            fixed(
                "alertmanagers", "Alertmanagers: none", "{\"activeAlertmanagers\":[],\"droppedAlertmanagers\":[]}"),
            fixed(
                "targets", "scraped targets: none",
                "{\"activeTargets\":[],\"droppedTargets\":[],\"droppedTargetCounts\":{}}"),
            fixed("targets/metadata", "metadata of scraped targets: none", "[]"),
            fixed("scrape_pools", "names of scrape jobs: none", "{\"scrapePools\":[]}"),
            fixed("features", "what of the API is there", features(services)),
            fixed("status/buildinfo", "versions", buildInformation(services)),
            APIRoutes.get("status/config", "the configuration that counts") { _ in
                let yaml = "{\"yaml\":\(APIRoutes.quoted(services.configuration().yaml))}"
                return APIRoutes.json { PrometheusJSON.write(data: yaml, into: &$0) }
            },
            fixed(
                "status/flags", "flags",
                "{"
                    + services.flags.map { "\(APIRoutes.quoted($0.name)):\(APIRoutes.quoted($0.value))" }
                    .joined(separator: ",") + "}"),
            APIRoutes.get("status/runtimeinfo", "the running program") { _ in
                APIRoutes.json { PrometheusJSON.write(data: runtimeInformation(services), into: &$0) }
            },
            APIRoutes.get("status/tsdb", "figures of the store") { try tsdb($0, services) },
        ]
    }

    /// A route that always answers the same.
    private static func fixed(_ path: String, _ summary: String, _ data: String) -> Route {
        Route(.get, "/api/v1/" + path, summary: summary) { _ in
            APIRoutes.json { PrometheusJSON.write(data: data, into: &$0) }
        }
    }

    private static func features(_ services: APIServices) -> String {
        let lifecycle = "\"lifecycle\":\(services.isReloadable)"
        return "{\"api\":{\"label_values_match\":true,\(lifecycle),\"query_stats\":true,\"query_warnings\":true,"
            + "\"remote_read\":true,\"remote_write_receiver\":true,\"admin\":false,\"exemplars\":false},"
            + "\"promql\":{\"at_modifier\":true,\"negative_offset\":true,\"subqueries\":true,\"bool\":true,"
            + "\"on\":true,\"ignoring\":true,\"group_left\":true,\"group_right\":true,\"native_histograms\":false},"
            + "\"rules\":{},\"scrape\":{}}"
    }

    private static func buildInformation(_ services: APIServices) -> String {
        "{\"version\":\"\(prometheusVersion)\",\"revision\":\"\",\"branch\":\"\",\"buildUser\":\"\",\"buildDate\":\"\""
            + ",\"goVersion\":\"\",\"application\":\"mon\",\"applicationVersion\":"
            + APIRoutes.quoted(services.version) + "}"
    }

    private static func runtimeInformation(_ services: APIServices) -> String {
        let now = TimeText.rfc3339(services.now(), .utc)
        let started = TimeText.rfc3339(services.started, .utc)
        let configuration = services.configuration()
        let retention = (try? services.store.snapshot().retentionPolicy().keep.description) ?? ""
        let fields: [(String, String)] = [
            ("startTime", APIRoutes.quoted(started)), ("CWD", APIRoutes.quoted(services.store.path)),
            ("hostname", APIRoutes.quoted(services.store.host.name)), ("serverTime", APIRoutes.quoted(now)),
            ("reloadConfigSuccess", "\(configuration.isRight)"),
            ("lastConfigTime", APIRoutes.quoted(TimeText.rfc3339(configuration.read, .utc))),
            ("corruptionCount", "0"), ("goroutineCount", "0"),
            ("GOMAXPROCS", "\(sysconf(Int32(_SC_NPROCESSORS_ONLN)))"), ("GOMEMLIMIT", "0"), ("GOGC", "\"\""),
            ("GODEBUG", "\"\""), ("storageRetention", APIRoutes.quoted(retention)),
        ]
        return "{" + fields.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }

    // MARK: - Figures of the store

    /// The series of the last day, counted as Prometheus counts those of its head.
    private static func tsdb(_ request: Request, _ services: APIServices) throws -> Response {
        let limit = try APIParameters(request).limit() ?? 10
        let snapshot = try services.store.snapshot()
        let now = services.now()
        let range = TimeRange(min: Timestamp(milliseconds: now.milliseconds - 86_400_000), max: now)
        let selection = try snapshot.select([try Matcher(Labels.metricNameLabel, .notEqual, "")], in: range)
        var counts = LabelCounts()
        for labels in selection.labels { counts.add(labels) }
        let oldest = try snapshot.oldestSampleTime()?.milliseconds ?? 0
        let newest = try snapshot.newestSampleTime()?.milliseconds ?? 0
        let head =
            "{\"numSeries\":\(selection.labels.count),\"numLabelPairs\":\(counts.pairs.count),\"chunkCount\":0"
            + ",\"minTime\":\(oldest),\"maxTime\":\(newest)}"
        let data =
            "{\"headStats\":\(head),\"seriesCountByMetricName\":\(counts.top(counts.metrics, limit))"
            + ",\"labelValueCountByLabelName\":\(counts.top(counts.values.mapValues(\.count), limit))"
            + ",\"memoryInBytesByLabelName\":\(counts.top(counts.bytes, limit))"
            + ",\"seriesCountByLabelValuePair\":\(counts.top(counts.pairs, limit))}"
        return APIRoutes.json { PrometheusJSON.write(data: data, into: &$0) }
    }

    private struct LabelCounts {
        var metrics: [String: Int] = [:]
        var values: [String: Set<String>] = [:]
        var bytes: [String: Int] = [:]
        var pairs: [String: Int] = [:]

        mutating func add(_ labels: Labels) {
            for label in labels {
                if label.name == Labels.metricNameLabel { metrics[label.value, default: 0] += 1 }
                if values[label.name, default: []].insert(label.value).inserted {
                    bytes[label.name, default: 0] += label.value.utf8.count
                }
                pairs["\(label.name)=\(label.value)", default: 0] += 1
            }
        }

        /// The largest, as `[{"name":…,"value":…},…]`; of equals the first by name.
        func top(_ counts: [String: Int], _ limit: Int) -> String {
            let sorted = counts.sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }
            let items = sorted.prefix(limit).map { "{\"name\":\(APIRoutes.quoted($0.key)),\"value\":\($0.value)}" }
            return "[\(items.joined(separator: ","))]"
        }
    }
}
