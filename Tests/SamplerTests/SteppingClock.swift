import Synchronization

/// A clock that advances by a fixed step at each look.
final class SteppingClock: Sendable {
    private let now = Atomic<UInt64>(0)
    private let step: UInt64

    init(step: UInt64) { self.step = step }

    func next() -> UInt64 { now.add(step, ordering: .relaxed).newValue }
}
