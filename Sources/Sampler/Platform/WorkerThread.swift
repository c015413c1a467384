import Glibc

/// Threads that nobody waits for.
enum WorkerThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a detached thread with all signals blocked: they are for the threads that expect them.
    /// - Parameter stackBytes: of its stack, of which only what is used takes memory.
    /// - Returns: 0, or the errno with which the system refused.
    static func start(stackBytes: Int = 256 << 10, _ run: @escaping @Sendable () -> Void) -> Int32 {
        var attributes = pthread_attr_t()
        var all = sigset_t()
        var before = sigset_t()
        var thread = pthread_t()
        // The structures are initialised by the first call on each and live to the end of this function; the thread
        // takes over the reference that passRetained makes.
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        unsafe pthread_attr_setstacksize(&attributes, stackBytes)
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
        let reference = unsafe Unmanaged.passRetained(Body(run))
        let code = unsafe pthread_create(
            &thread, &attributes,
            { argument in
                unsafe Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, reference.toOpaque())
        unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
        unsafe pthread_attr_destroy(&attributes)
        if code != 0 { unsafe reference.release() }
        return code
    }
}
