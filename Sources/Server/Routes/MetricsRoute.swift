import Formats

/// `/metrics`: the current values, for Prometheus and its kin.
enum MetricsRoute {
    static func route(_ services: Services) -> Route {
        Route(.get, "/metrics", summary: "current values, as Prometheus text or OpenMetrics by Accept") { request in
            let format = ContentNegotiation.format(accept: request.header("Accept"))
            var writer = TextWriter()
            let own = services.api?.cache.map(CacheFigures.families) ?? []
            ExpositionWriter.write(try services.metrics() + own, as: format, into: &writer)
            var response = Response(contentType: format.mediaType, writer.take())
            response.headers.append(("Vary", "Accept"))
            return response
        }
    }
}
