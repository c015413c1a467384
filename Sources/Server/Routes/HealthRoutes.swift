/// `/-/healthy` and `/-/ready`, as Prometheus has them: whether the program runs, whether it can answer.
enum HealthRoutes {
    static let healthy = Route(.get, "/-/healthy", summary: "200 while the program runs") { _ in
        .text("mon is healthy.")
    }

    static func ready(_ services: Services) -> Route {
        Route(.get, "/-/ready", summary: "200 when requests can be answered, else 503") { _ in
            services.isReady() ? .text("mon is ready.") : .text(status: 503, "mon is not ready yet.")
        }
    }
}
