import Formats
import Model
import Query
import TSDB

/// What there is to ask about: series, labels, and what metrics are.
enum SeriesRoutes {
    static func series(_ request: Request, _ services: APIServices) throws -> Response {
        let parameters = APIParameters(request)
        guard !parameters.all("match[]").isEmpty else { throw APIError(.badData, "no match[] parameter provided") }
        let limit = try parameters.limit()
        let range = try parameters.range()
        let selectors = try parameters.selectors()
        let view = StoreView(try services.store.snapshot())
        view.snapshot.stop { request.cancellation.isCancelled }
        var found: Set<Labels> = []
        for matchers in selectors {
            found.formUnion(try view.select(matchers, in: range).labels)
            if request.cancellation.isCancelled { throw APIError(.canceled, "the client has left") }
        }
        let (shown, annotations) = limited(found.sorted(), limit, view.snapshot)
        return APIRoutes.json { PrometheusJSON.write(series: shown, annotations: annotations, into: &$0) }
    }

    static func names(_ request: Request, _ services: APIServices) throws -> Response {
        try texts(request, services) { matchers, range, view in
            try view.labelNames(matching: matchers, in: range)
        }
    }

    static func values(_ request: Request, _ services: APIServices) throws -> Response {
        let name = unescaped(request.pathParameters["name"] ?? "")
        // What was no UTF-8 has come as U+FFFD.
        guard !name.isEmpty, !name.unicodeScalars.contains("\u{fffd}") else {
            throw APIError(.badData, "invalid label name: \(Labels.quote(name))")
        }
        return try texts(request, services) { matchers, range, view in
            try view.labelValues(of: name, matching: matchers, in: range)
        }
    }

    /// Texts of all selectors together, sorted.
    private static func texts(
        _ request: Request, _ services: APIServices, _ find: ([Matcher], TimeRange, StoreView) throws -> [String]
    ) throws -> Response {
        let parameters = APIParameters(request)
        let limit = try parameters.limit()
        let range = try parameters.range()
        let selectors = try parameters.selectors(isNamed: false)
        let view = StoreView(try services.store.snapshot())
        view.snapshot.stop { request.cancellation.isCancelled }
        let found: [String]
        if selectors.count <= 1 {
            found = try find(selectors.first ?? [], range, view)
        } else {
            var all: Set<String> = []
            for matchers in selectors { all.formUnion(try find(matchers, range, view)) }
            found = all.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
        let (shown, annotations) = limited(found, limit, view.snapshot)
        return APIRoutes.json { PrometheusJSON.write(names: shown, annotations: annotations, into: &$0) }
    }

    private static func limited<Element>(
        _ found: [Element], _ limit: Int?, _ snapshot: Snapshot
    ) -> ([Element], [Annotation]) {
        var annotations = snapshot.damage.losses.map { Annotation(.warning, "store warning: \($0.description)") }
        guard let limit, found.count > limit else { return (found, annotations) }
        annotations.append(APIRoutes.truncated)
        return (Array(found[..<limit]), annotations)
    }

    /// `U__a_2e_b` is `a.b`: how clients write names that are more than letters (Prometheus, `U__` escaping).
    static func unescaped(_ name: String) -> String {
        guard name.hasPrefix("U__") else { return name }
        var text = ""
        var rest = name.dropFirst(3)
        while let character = rest.popFirst() {
            guard character == "_" else {
                text.append(character)
                continue
            }
            if rest.first == "_" {
                rest.removeFirst()
                text.append("_")
                continue
            }
            guard let end = rest.firstIndex(of: "_"),
                let scalar = UInt32(rest[..<end], radix: 16).flatMap(Unicode.Scalar.init)
            else { return name }
            text.unicodeScalars.append(scalar)
            rest = rest[rest.index(after: end)...]
        }
        return text
    }

    // MARK: - Metadata

    static func metadata(_ request: Request, _ services: APIServices) throws -> Response {
        let parameters = APIParameters(request)
        let limit = try parameters.limit()
        // Here a metric has one description, which any limit above 0 leaves.
        _ = try parameters.limit("limit_per_metric")
        let view = StoreView(try services.store.snapshot())
        let names =
            try parameters["metric"].map { [$0] }
            ?? view.labelValues(of: Labels.metricNameLabel, matching: [], in: .all)
        var families: [MetricFamily] = []
        var seen: Set<String> = []
        for name in names {
            guard families.count < limit ?? .max else { break }
            guard let family = try MetricFamily.ofSamples(named: name, known: { try view.metadata(of: $0) }),
                seen.insert(family.name).inserted
            else { continue }
            families.append(family)
        }
        return APIRoutes.json { PrometheusJSON.write(families: families, into: &$0) }
    }
}
