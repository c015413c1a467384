import NIOCore

/// The open connections, and what they share. Everything here happens on the server's one event loop, except
/// ``drain(within:)``, which may be called from outside.
///
/// `@unchecked Sendable`: the mutable state is touched on that loop only, and each method checks it.
final class Connections: @unchecked Sendable {
    let loop: any EventLoop
    let workers: Workers
    let limits: ServerLimits
    let report: @Sendable (String) -> Void
    private var open: [ObjectIdentifier: Connection] = [:]
    private var isDraining = false
    private var isStoppingWorkers = false
    private var drained: EventLoopPromise<Bool>?

    init(
        loop: any EventLoop, workers: Workers, limits: ServerLimits, report: @escaping @Sendable (String) -> Void
    ) {
        self.loop = loop
        self.workers = workers
        self.limits = limits
        self.report = report
    }

    /// Whether the connection may stay.
    func add(_ connection: Connection) -> Bool {
        loop.preconditionInEventLoop()
        if isDraining || open.count >= limits.connectionsMax { return false }
        open[ObjectIdentifier(connection)] = connection
        return true
    }

    func remove(_ connection: Connection) {
        loop.preconditionInEventLoop()
        open[ObjectIdentifier(connection)] = nil
        if open.isEmpty { finishDraining() }
    }

    /// True when no connection is open and no handler runs; false when the time is over before.
    func drain(within time: TimeAmount) -> EventLoopFuture<Bool> {
        let promise = loop.makePromise(of: Bool.self)
        loop.execute {
            self.isDraining = true
            self.drained = promise
            self.loop.scheduleTask(in: time) { self.giveUp() }
            for connection in self.open.values { connection.closeWhenIdle() }
            if self.open.isEmpty { self.finishDraining() }
        }
        return promise.futureResult
    }

    private func finishDraining() {
        guard isDraining, !isStoppingWorkers else { return }
        isStoppingWorkers = true
        workers.stop {
            self.loop.execute {
                self.drained?.succeed(true)
                self.drained = nil
            }
        }
    }

    private func giveUp() {
        guard let promise = drained else { return }
        drained = nil
        for connection in open.values { connection.closeNow() }
        promise.succeed(false)
    }
}
