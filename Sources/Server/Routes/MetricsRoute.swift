import Formats
import Query

/// `/metrics`: the current values, for Prometheus and its kin. `?names=` says under which names.
enum MetricsRoute {
    static func route(_ services: Services) -> Route {
        Route(.get, "/metrics", summary: "current values, as Prometheus text or OpenMetrics by Accept") { request in
            var names = services.names
            if let asked = request.parameters.first(where: { $0.name == "names" })?.value {
                guard let known = NameForm(rawValue: asked) else {
                    let possible = NameForm.allCases.map(\.rawValue).joined(separator: ", ")
                    return .text(status: 400, "names=\(asked): possible are \(possible)")
                }
                names = known
            }
            let format = ContentNegotiation.format(accept: request.header("Accept"))
            var writer = TextWriter()
            // node_exporter has no such figures.
            let own = names == .node ? [] : services.api?.cache.map(CacheFigures.families) ?? []
            ExpositionWriter.write(try services.metrics(names) + own, as: format, into: &writer)
            var response = Response(contentType: format.mediaType, writer.take())
            response.headers.append(("Vary", "Accept"))
            return response
        }
    }
}
