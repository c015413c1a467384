import Formats
import Model

/// THE list of the routes of Prometheus' HTTP API, version 1. What of it has no meaning for one host that scrapes
/// nobody (targets, Alertmanagers) answers with an empty list, because clients ask for it.
enum APIRoutes {
    static func all(_ services: APIServices) -> [Route] {
        let families: [[Route]] = [
            both("query", "PromQL at one moment") { try QueryRoutes.instant($0, services) },
            both("query_range", "PromQL over a span") { try QueryRoutes.range($0, services) },
            both("format_query", "a query in its one form") { try ParseRoutes.format($0, services) },
            both("parse_query", "the tree of a query") { try ParseRoutes.tree($0, services) },
            both("query_exemplars", "exemplars: none are kept") { try ParseRoutes.exemplars($0, services) },
            both("series", "series that selectors select") { try SeriesRoutes.series($0, services) },
            both("labels", "names of labels") { try SeriesRoutes.names($0, services) },
            [get("label/{name}/values", "values of a label") { try SeriesRoutes.values($0, services) }],
            [get("metadata", "what metrics are") { try SeriesRoutes.metadata($0, services) }],
            StatusRoutes.all(services),
            [RemoteWriteRoute.route(services), RemoteReadRoute.route(services), FederateRoute.route(services)],
        ]
        return families.flatMap { $0 }
    }

    /// GET `/api/v1/…`.
    static func get(
        _ path: String, _ summary: String, _ handle: @escaping @Sendable (Request) throws -> Response
    ) -> Route {
        Route(.get, "/api/v1/" + path, summary: summary, lane: .long) { answer($0, handle) }
    }

    /// GET, and POST with a form.
    private static func both(
        _ path: String, _ summary: String, _ handle: @escaping @Sendable (Request) throws -> Response
    ) -> [Route] {
        let post = Route(.post, "/api/v1/" + path, summary: summary + ", by a form", lane: .long) {
            answer($0, handle)
        }
        return [get(path, summary, handle), post]
    }

    /// What `handle` answers; what it throws in Prometheus' envelope.
    static func answer(_ request: Request, _ handle: (Request) throws -> Response) -> Response {
        do {
            return try handle(request)
        } catch {
            return APIError(error).response
        }
    }

    /// A text as a JSON string.
    static func quoted(_ text: String) -> String {
        var writer = TextWriter()
        JSONText.write(string: text, into: &writer)
        return writer.text
    }

    /// An answer in JSON.
    static func json(_ write: (inout TextWriter) throws -> Void) rethrows -> Response {
        var writer = TextWriter()
        try write(&writer)
        return Response(contentType: "application/json", writer.take())
    }

    static let truncated = Annotation(.warning, "results truncated due to limit")
}
