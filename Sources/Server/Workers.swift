import NIOCore
import NIOPosix
import Synchronization

/// The threads that run handlers; there are none before the first piece of work.
final class Workers: Sendable {
    private let pool: NIOThreadPool
    private let isStarted = Mutex(false)

    init(count: Int) {
        pool = NIOThreadPool(numberOfThreads: count)
    }

    /// Runs `work` on one of the threads; drops it when they are being stopped.
    func run(_ work: @escaping @Sendable () -> Void) {
        isStarted.withLock { isStarted in
            if !isStarted { pool.start() }
            isStarted = true
        }
        pool.submit { state in
            switch state {
            case .active: work()
            case .cancelled: break
            }
        }
    }

    /// Calls `done`, on any thread, when all work has ended.
    func stop(_ done: @escaping @Sendable () -> Void) {
        guard isStarted.withLock({ $0 }) else { return done() }
        pool.shutdownGracefully { _ in done() }
    }
}
