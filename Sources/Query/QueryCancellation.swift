import Synchronization

/// The word to end a query early, from any thread: a server sets it when its client has gone.
///
/// Whoever runs the query hands it to ``Interruption/init(timeout:cancellation:)``. The query ends with
/// ``QueryError/cancelled`` within 50 ms; nothing that it has taken outlives it.
package final class QueryCancellation: Sendable {
    private let flag = Atomic(false)

    package init() {}

    /// Ends the query, or the queries, that watch this. It stays said: a query that begins afterwards ends at once.
    package func cancel() { flag.store(true, ordering: .relaxed) }

    package var isCancelled: Bool { flag.load(ordering: .relaxed) }
}
