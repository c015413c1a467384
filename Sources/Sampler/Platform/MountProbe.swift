/// Asks for the statistics of mounts that may block, without ever waiting longer than a deadline.
///
/// statvfs on a dead network mount cannot be cancelled. So a worker thread asks, mount after mount, while the caller
/// waits. When the deadline passes, the mount that the worker is at is marked stuck, that worker is left to itself, and
/// another goes on with the rest. A stuck mount is not asked again until its worker comes back: it has cost one
/// deadline and holds one thread, once.
struct MountProbe {
    private let ask: @Sendable ([UInt8]) -> MountAnswer
    private let deadlineMilliseconds: Int64
    private var worker: ProbeWorker?
    /// The abandoned workers, by the path they hang on.
    private var stuck: [[UInt8]: ProbeWorker] = [:]

    /// How many deadlines one round may cost; mounts behind are told as timed out this time and asked the next.
    private static let deadlineCountMax = 2

    init(deadlineMilliseconds: Int64, ask: @escaping @Sendable ([UInt8]) -> MountAnswer) {
        self.deadlineMilliseconds = deadlineMilliseconds
        self.ask = ask
    }

    /// Paths that are left alone because their statvfs has not come back.
    var stuckPaths: Set<[UInt8]> { Set(stuck.keys) }

    /// The answers in the order of `paths`.
    /// - Throws: where no thread can be started.
    mutating func probe(_ paths: [[UInt8]]) throws(CollectorError) -> [MountAnswer] {
        if !stuck.isEmpty { stuck = stuck.filter { !$0.value.hasReturned } }
        var answers = [MountAnswer](repeating: .timedOut, count: paths.count)
        var rest = paths.indices.filter { stuck[paths[$0]] == nil }
        for _ in 0..<MountProbe.deadlineCountMax where !rest.isEmpty {
            let current: ProbeWorker
            if let worker { current = worker } else { current = try ProbeWorker(ask: ask) }
            worker = current
            let outcome = current.run(rest.map { paths[$0] }, deadlineMilliseconds: deadlineMilliseconds)
            for (place, answer) in zip(rest, outcome) { answers[place] = answer }
            if outcome.count < rest.count {
                stuck[paths[rest[outcome.count]]] = current
                worker = nil
                rest.removeFirst(outcome.count + 1)
            } else {
                rest = []
            }
        }
        return answers
    }
}
