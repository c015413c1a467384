import NIOCore

/// The open connections, and what they share. Everything here happens on the server's one event loop, except
/// ``drain(within:)``, which may be called from outside.
///
/// `@unchecked Sendable`: the mutable state is touched on that loop only, and each method checks it.
final class Connections: @unchecked Sendable {
    let loop: any EventLoop
    private let lanes: [Lane: Workers]
    let limits: ServerLimits
    let report: @Sendable (String) -> Void
    private var open: [ObjectIdentifier: Connection] = [:]
    /// Those that were refused and are still to go.
    private var refused: Set<ObjectIdentifier> = []
    /// Bytes of request bodies that are in memory.
    private var bodyBytes = 0
    private var isDraining = false
    private var isStoppingWorkers = false
    private var drained: EventLoopPromise<Bool>?

    init(
        loop: any EventLoop, limits: ServerLimits, report: @escaping @Sendable (String) -> Void
    ) {
        self.loop = loop
        lanes = [
            .quick: Workers(count: limits.workerCount), .long: Workers(count: limits.longWorkerCount),
            .writing: Workers(count: 1),
        ]
        self.limits = limits
        self.report = report
    }

    /// What becomes of a new connection.
    enum Admission {
        case welcome
        /// To be told that there is no room.
        case refused
        /// To be closed: too many wait to be told, or the server ends.
        case closed
    }

    /// Takes a connection in. At the bound the one that has waited longest between requests, or for the rest of a
    /// head, gives way: clients that keep connections open for later make new ones where they find them closed.
    func add(_ connection: Connection) -> Admission {
        loop.preconditionInEventLoop()
        if isDraining { return .closed }
        if open.count >= limits.connectionsMax, let idle = longestWaiting() {
            open[ObjectIdentifier(idle)] = nil
            idle.closeNow()
        }
        if open.count < limits.connectionsMax {
            open[ObjectIdentifier(connection)] = connection
            return .welcome
        }
        guard refused.count < limits.refusedMax else { return .closed }
        refused.insert(ObjectIdentifier(connection))
        return .refused
    }

    private func longestWaiting() -> Connection? {
        let latest = NIODeadline.now() - TimeAmount(limits.idleMin)
        var longest: (since: NIODeadline, connection: Connection)?
        for connection in open.values {
            guard let since = connection.waitingSince, since <= latest, longest.map({ since < $0.since }) ?? true else {
                continue
            }
            longest = (since, connection)
        }
        return longest?.connection
    }

    func remove(_ connection: Connection) {
        loop.preconditionInEventLoop()
        refused.remove(ObjectIdentifier(connection))
        open[ObjectIdentifier(connection)] = nil
        if open.isEmpty { finishDraining() }
    }

    /// Runs a handler on a thread of its lane.
    func run(on lane: Lane, _ work: @escaping @Sendable () -> Void) { lanes[lane]?.run(work) }

    /// Takes room for bytes of a body; false where there is none.
    func reserve(_ bytes: Int) -> Bool {
        loop.preconditionInEventLoop()
        guard bodyBytes + bytes <= limits.bodyBytesTotalMax else { return false }
        bodyBytes += bytes
        return true
    }

    func release(_ bytes: Int) {
        loop.preconditionInEventLoop()
        bodyBytes -= bytes
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
        stop(Array(lanes.values))
    }

    /// Waits for the handlers of one lane after the other.
    private func stop(_ rest: [Workers]) {
        guard let next = rest.last else {
            drained?.succeed(true)
            drained = nil
            return
        }
        next.stop { self.loop.execute { self.stop(Array(rest.dropLast())) } }
    }

    private func giveUp() {
        guard let promise = drained else { return }
        drained = nil
        for connection in open.values { connection.closeNow() }
        promise.succeed(false)
    }
}
