/// `/-/healthy`, `/-/ready` and `/-/reload`, as Prometheus has them: whether the program runs, whether it can answer,
/// and that it read its configuration again.
enum HealthRoutes {
    static let healthy = Route(.get, "/-/healthy", summary: "200 while the program runs") { _ in
        .text("mon is healthy.")
    }

    static func ready(_ services: Services) -> Route {
        Route(.get, "/-/ready", summary: "200 when requests can be answered, else 503") { _ in
            services.isReady() ? .text("mon is ready.") : .text(status: 503, "mon is not ready yet.")
        }
    }

    /// POST as well as PUT.
    static func reload(_ services: Services) -> [Route] {
        guard let reload = services.reload else { return [] }
        return [Method.post, .put].map { method in
            Route(method, "/-/reload", summary: "reads the configuration again, whole or not at all", lane: .writing) {
                _ in
                guard let problem = reload() else { return .text("The configuration was read.") }
                return .text(status: 500, "The configuration stays as it was:\n\(problem)")
            }
        }
    }
}
