import Synchronization

/// The routes of a listener, which a new configuration may exchange while it serves.
final class RouteTable: Sendable {
    private let router: Mutex<Router>

    init(_ routes: [Route]) { router = Mutex(Router(routes)) }

    var current: Router { router.withLock { $0 } }

    func replace(_ routes: [Route]) {
        let new = Router(routes)
        router.withLock { $0 = new }
    }
}
