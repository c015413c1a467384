/// THE list of routes. A new one is a file in this folder and a line here; the start page shows it at once.
package enum Routes {
    /// All routes of the listener.
    package static func all(_ services: Services) -> [Route] {
        var routes = [
            MetricsRoute.route(services),
            HealthRoutes.healthy,
            HealthRoutes.ready(services),
        ]
        routes += HealthRoutes.reload(services)
        if let api = services.api { routes += APIRoutes.all(api) }
        return [StartPage.route(services, listing: routes)] + routes
    }
}
