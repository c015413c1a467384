/// Numbers label sets in order of arrival, each once.
///
/// Open addressing over hashes that are kept: the table grows without looking at a label again, so that among a million
/// sets no single step takes longer than some milliseconds, and whoever adds them can be stopped between any two.
package struct LabelNumbers: Sendable {
    /// The sets by number.
    package private(set) var labels: [Labels] = []
    private var hashes: [Int] = []
    /// A power of two, at most half of them taken; number + 1, 0 where free.
    private var slots: [UInt32] = []

    package init() {}

    package var count: Int { labels.count }

    /// The number of a set; nil where it has none.
    package func number(of set: Labels) -> Int? {
        if slots.isEmpty { return nil }
        let slot = slot(of: set, LabelNumbers.hash(set))
        return slots[slot] == 0 ? nil : Int(slots[slot]) - 1
    }

    /// The number of a set, a new one where it had none: then it is the highest.
    package mutating func insert(_ set: Labels) -> Int {
        if count * 2 >= slots.count { grow() }
        let hash = LabelNumbers.hash(set)
        let slot = slot(of: set, hash)
        if slots[slot] != 0 { return Int(slots[slot]) - 1 }
        labels.append(set)
        hashes.append(hash)
        slots[slot] = UInt32(count)
        return count - 1
    }

    /// Where the set is, or would be.
    private func slot(of set: Labels, _ hash: Int) -> Int {
        var slot = hash & (slots.count - 1)
        while slots[slot] != 0 {
            let number = Int(slots[slot]) - 1
            if hashes[number] == hash, labels[number] == set { break }
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private mutating func grow() {
        var larger = [UInt32](repeating: 0, count: max(16, slots.count * 2))
        for (number, hash) in hashes.enumerated() {
            var slot = hash & (larger.count - 1)
            while larger[slot] != 0 { slot = (slot + 1) & (larger.count - 1) }
            larger[slot] = UInt32(number + 1)
        }
        slots = larger
    }

    private static func hash(_ set: Labels) -> Int {
        var hasher = Hasher()
        // The bytes are read during the call only.
        unsafe set.bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return hasher.finalize()
    }
}
