/// Whether the caller of a long look-up still waits for it: asked once in a while by loops over series, which tell it
/// what they did. A search among a million series takes a second, and nobody should wait for one that he has given up.
struct StopCheck {
    /// Nil where nobody gives up.
    var isStopped: (() -> Bool)?
    private var work = 0

    /// Series between two looks. Finding one and putting it into order takes a microsecond or two, so that a search
    /// ends within 10 ms.
    private static let workMax = 4096

    static var stopped: StoreError { .refused(.stopped, description: "the search was given up") }

    init(_ isStopped: (() -> Bool)? = nil) { self.isStopped = isStopped }

    /// - Parameter work: about how many series' worth of work was, or is about to be, done.
    /// - Throws: ``StoreError/refused(_:description:)`` with ``StoreError/Refusal/stopped``.
    @inline(__always) mutating func pass(_ work: Int = 1) throws(StoreError) {
        self.work &+= work
        if self.work >= Self.workMax { try look() }
    }

    /// As ``pass(_:)``, for who cannot throw what that throws.
    /// - Returns: False where the caller has given up.
    mutating func goesOn() -> Bool {
        work &+= 1
        if work < Self.workMax { return true }
        work = 0
        return isStopped?() != true
    }

    @inline(never) private mutating func look() throws(StoreError) {
        work = 0
        if let isStopped, isStopped() { throw StopCheck.stopped }
    }
}

extension Snapshot {
    /// Has searches ask `isStopped` once in a while, and end with ``StoreError/Refusal/stopped`` when it says so.
    package func stop(when isStopped: @escaping () -> Bool) { stopCheck = StopCheck(isStopped) }

    /// For who works on what a search has found: `work` series' worth of it, so that the search can end there, too.
    package func countWork(_ work: Int) throws(StoreError) { try stopCheck.pass(work) }
}
