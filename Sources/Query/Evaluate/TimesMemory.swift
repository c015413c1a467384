/// What was found out about the times of a few series before, for the next that has the same array of times: series of
/// some targets, each of which is sampled at moments of its own, come in turns.
struct TimesMemory<Finding> {
    private var entries: [(times: [Int64], finding: Finding)] = []

    private static var countMax: Int { 3 }
    /// Of fewer times it is found out as quickly as looked up.
    static var timesMin: Int { 64 }

    /// Keeps what is known of one array of times, for which it lets go of the oldest, and gives what is known of the
    /// next one, if anything, which it then keeps no longer.
    mutating func exchange(_ finding: Finding, of times: [Int64], for next: [Int64]) -> Finding? {
        let place = entries.firstIndex { $0.times.isSameArray(as: next) }
        let known = place.map { entries.remove(at: $0).finding }
        if times.count >= Self.timesMin {
            if entries.count == Self.countMax { entries.removeFirst() }
            entries.append((times, finding))
        }
        return known
    }

    mutating func removeAll() { entries.removeAll() }
}

extension TimesMemory: Sendable where Finding: Sendable {}
