/// What was found out about the times of a few series before, for the next that has the same array of times: series of
/// some targets, each of which is sampled at moments of its own, come in turns.
struct TimesMemory<Finding> {
    private var entries: [(times: [Int64], finding: Finding)] = []

    private static var countMax: Int { 3 }
    /// Of fewer times it is found out as quickly as looked up.
    static var timesMin: Int { 64 }

    /// What is known of an array of times, if anything; it is not kept any longer.
    mutating func take(of times: [Int64]) -> Finding? {
        guard let place = entries.firstIndex(where: { $0.times.isSameArray(as: times) }) else { return nil }
        return entries.remove(at: place).finding
    }

    /// Keeps what is known of an array, and lets go of the oldest.
    mutating func keep(_ finding: Finding, of times: [Int64]) {
        if times.count < Self.timesMin { return }
        if entries.count == Self.countMax { entries.removeFirst() }
        entries.append((times, finding))
    }

    mutating func removeAll() { entries.removeAll() }
}

extension TimesMemory: Sendable where Finding: Sendable {}
