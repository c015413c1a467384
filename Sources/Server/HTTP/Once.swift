import Synchronization

/// What is to be had once; asked for from any thread.
final class Once: Sendable {
    private let isTaken = Atomic(false)

    /// Whether nobody has had it before.
    func take() -> Bool { !isTaken.exchange(true, ordering: .relaxed) }
}
