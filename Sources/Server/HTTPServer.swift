import NIOCore
import NIOHTTP1
import NIOPosix

/// HTTP/1.1 on one port: one event loop thread moves bytes, a few workers run the routes.
///
/// Life: ``start(address:routes:allowRemote:limits:report:)`` binds and returns; requests are answered until
/// ``stop(within:)``, which lets running ones finish. The workers are started by the first request.
package final class HTTPServer: Sendable {
    /// Where it listens, with the port that was taken.
    package let address: ListenAddress
    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel
    private let connections: Connections
    private let routes: RouteTable

    /// - Parameters:
    ///   - allowRemote: whether addresses are fine that other machines can reach. Nobody is asked who he is.
    ///   - report: told what went wrong in handlers, in a sentence; called on any thread.
    /// - Throws: ``ListenError``.
    package static func start(
        address text: String, routes: [Route], allowRemote: Bool = false, limits: ServerLimits = ServerLimits(),
        report: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(ListenError) -> HTTPServer {
        let address = try ListenAddress(text)
        guard allowRemote || address.isLoopback else { throw .notLoopback(address) }
        var limits = limits
        limits.connectionsMax = DescriptorLimit.connections(atMost: limits.connectionsMax)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let connections = Connections(loop: group.next(), limits: limits, report: report)
        let table = RouteTable(routes)
        let bootstrap = ServerBootstrap(group: group)
            // A burst of clients; the kernel cuts it to net.core.somaxconn.
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // The end of a client's input is told apart from that of the connection: it ends a query at once
            // (ClientWatch), and what is being written goes out first.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Connection.addHandlers(to: channel, table, connections)
                }
            }
        do {
            let channel = try bootstrap.bind(to: address.socketAddress()).wait()
            return try HTTPServer(group, channel, connections, table, address)
        } catch {
            try? group.syncShutdownGracefully()
            throw describe(error, address)
        }
    }

    private init(
        _ group: MultiThreadedEventLoopGroup, _ channel: any Channel, _ connections: Connections,
        _ routes: RouteTable, _ asked: ListenAddress
    ) throws(ListenError) {
        self.group = group
        self.channel = channel
        self.connections = connections
        self.routes = routes
        let host = asked.host.contains(":") ? "[\(asked.host)]" : asked.host
        address = try ListenAddress("\(host):\(channel.localAddress?.port ?? asked.port)")
    }

    package var port: Int { address.port }

    /// Answers requests that begin from now on by other routes; those in hand end by the old ones.
    package func replace(routes: [Route]) { self.routes.replace(routes) }

    /// Takes no more connections, closes those that wait, lets running requests finish for as long as `deadline` says,
    /// then closes what is left. A handler that never ends keeps its thread. Call once, and not from a handler.
    package func stop(within deadline: Duration) {
        try? channel.close().wait()
        let isDone = (try? connections.drain(within: TimeAmount(deadline)).wait()) ?? false
        // A handler that still runs will hand its answer to the loop, which therefore has to live on.
        if isDone { try? group.syncShutdownGracefully() }
    }

    private static func describe(_ error: any Error, _ address: ListenAddress) -> ListenError {
        if let error = error as? ListenError { return error }
        guard let cause = error as? IOError else { return .failed(address, reason: "\(error)") }
        return ListenErrno.describe(cause.errnoCode, address)
    }
}
