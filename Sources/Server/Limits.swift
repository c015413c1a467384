/// Bounds on what a client can take from the server. Guesses, generous for scrapers, browsers and scripts.
package struct ServerLimits: Sendable {
    /// Connections at a time; more are closed as they come. A connection that waits costs some 10 KiB.
    package var connectionsMax = 256
    /// Bytes of all header names and values of a request.
    package var headerBytesMax = 32 * 1024
    package var headerCountMax = 100
    /// How long a connection may wait for its next request, head included. Above a minute, so that a scraper with the
    /// usual interval keeps its connection.
    package var idleTimeout = Duration.seconds(90)
    /// How long a request's body may take.
    package var bodyTimeout = Duration.seconds(30)
    /// How long a client may take to read an answer.
    package var writeTimeout = Duration.seconds(30)
    /// How long a client may take to close after the server has; see ``Connection``.
    package var lingerTimeout = Duration.seconds(1)
    /// Threads that run handlers.
    package var workerCount = 2
    /// Threads that run handlers that may take long, such as queries; more wait for their turn.
    package var longWorkerCount = 4
    /// Bytes of request bodies in memory, all connections together; beyond them requests are refused with 503.
    package var bodyBytesTotalMax = 64 << 20

    package init() {}
}
