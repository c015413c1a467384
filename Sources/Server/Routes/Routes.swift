/// THE list of routes. A new one is a file in this folder and a line here; the start page shows it at once.
package enum Routes {
    /// All routes of the listener.
    package static func all(_ services: Services) -> [Route] {
        let routes = [
            MetricsRoute.route(services),
            HealthRoutes.healthy,
            HealthRoutes.ready(services),
        ]
        return [StartPage.route(services, listing: routes)] + routes
    }
}
