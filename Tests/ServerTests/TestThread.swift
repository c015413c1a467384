import Glibc
import Synchronization

/// Lets a handler wait until the test says go.
final class Gate: Sendable {
    private let semaphore: Mutex<Int> = Mutex(0)

    func open() { semaphore.withLock { $0 = 1 } }

    /// Waits by giving the processor away; bounded, so that a broken test ends.
    func pass() {
        for _ in 0..<2_000_000 {
            if semaphore.withLock({ $0 }) == 1 { return }
            sched_yield()
        }
    }
}

/// A thread that is waited for.
final class TestThread {
    private var thread = pthread_t()

    init(_ body: @escaping @Sendable () -> Void) {
        let boxed = Unmanaged.passRetained(Box(body))
        pthread_create(
            &thread, nil,
            { pointer in
                Unmanaged<Box>.fromOpaque(pointer!).takeRetainedValue().body()
                return nil
            }, boxed.toOpaque())
    }

    func join() { pthread_join(thread, nil) }

    private final class Box {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
