/// Bounds on what a client can take from the server. Guesses, generous for scrapers, browsers and scripts.
package struct ServerLimits: Sendable {
    /// Connections at a time, fewer where the process may not open as many files. At the bound the one that has waited
    /// longest for its next request gives way; where all are busy, new ones are refused with 503.
    package var connectionsMax = 4096
    /// Connections that are refused and have not gone yet; beyond them new ones are closed without a word.
    package var refusedMax = 64
    /// A connection that has waited for less is not taken for idle.
    package var idleMin = Duration.seconds(1)
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
