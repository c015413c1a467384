/// The values of a window in ``Quantile``'s order, kept up as the window moves forward.
///
/// Values are held as whole numbers of the same order, which compare in one instruction: the bits of a number, those of
/// a negative one turned round, and the least number for NaN.
struct SortedWindow {
    private var keys: [Int64] = []
    private var window = 0..<0
    /// Room that is used again.
    private var spare: [Int64] = []
    /// What entered together, sorted. Where the range is a multiple of the step it leaves together as well.
    private var batches: [(places: Range<Int>, keys: [Int64])] = []
    private var nextBatch = 0

    /// So few values are sorted by insertion in Go, which keeps 0 and −0 in order of time; above, their order is open.
    private static let stableCountMax = 12
    private var stable: [Double]?

    init() {}

    /// The φ-quantile of the window's values.
    func quantile(_ phi: Double) -> Double {
        if let stable { return Quantile.value(phi, ofSorted: stable[...]) }
        guard let (low, high, weight) = Quantile.ranks(phi, count: keys.count) else {
            return Quantile.value(phi, ofSorted: [0])
        }
        return Self.value(keys[low]) * (1 - weight) + Self.value(keys[high]) * weight
    }

    /// Both ends of the window only move forward.
    mutating func move(to next: Range<Int>, of samples: [Double]) {
        stable = nil
        if next.count <= Self.stableCountMax {
            keys.removeAll(keepingCapacity: true)
            window = next.lowerBound..<next.lowerBound
            stable = Self.sortedStably(samples[next])
            return
        }
        let gone = window.lowerBound..<min(max(next.lowerBound, window.lowerBound), window.upperBound)
        let new = max(window.upperBound, next.lowerBound)..<next.upperBound
        let kept = window.count - gone.count
        window = next
        if kept < next.count / 3 {
            keys.removeAll(keepingCapacity: true)
            for place in next { keys.append(Self.key(samples[place])) }
            keys.sort()
        } else if gone.count + new.count <= 6 {
            // A few look-ups cost less than going over all.
            for place in gone { keys.remove(at: firstPlace(of: Self.key(samples[place]))) }
            for place in new {
                let key = Self.key(samples[place])
                keys.insert(key, at: firstPlace(of: key))
            }
        } else {
            let entering = Self.sortedKeys(samples[new])
            merge(leaving: batch(gone) ?? Self.sortedKeys(samples[gone]), entering: entering)
            batches.append((new, entering))
        }
    }

    private static func sortedKeys(_ samples: ArraySlice<Double>) -> [Int64] {
        var keys = samples.map { key($0) }
        keys.sort()
        return keys
    }

    /// The sorted keys of places that entered together; nil where they did not.
    private mutating func batch(_ places: Range<Int>) -> [Int64]? {
        while nextBatch < batches.count, batches[nextBatch].places.lowerBound < places.lowerBound { nextBatch += 1 }
        guard nextBatch < batches.count, batches[nextBatch].places == places else { return nil }
        defer {
            batches[nextBatch].keys = []
            nextBatch += 1
        }
        return batches[nextBatch].keys
    }

    /// Goes once over the values, leaves out those that leave and puts in those that enter.
    private mutating func merge(leaving: [Int64], entering: [Int64]) {
        var merged = spare
        spare = []
        let count = keys.count - leaving.count + entering.count
        if merged.count > count { merged.removeLast(merged.count - count) }
        while merged.count < count { merged.append(0) }
        var place = 0
        var nextLeaving = 0
        var nextEntering = 0
        for key in keys {
            if nextLeaving < leaving.count, leaving[nextLeaving] == key {
                nextLeaving += 1
                continue
            }
            while nextEntering < entering.count, entering[nextEntering] < key {
                merged[place] = entering[nextEntering]
                place += 1
                nextEntering += 1
            }
            merged[place] = key
            place += 1
        }
        for key in entering[nextEntering...] {
            merged[place] = key
            place += 1
        }
        spare = keys
        keys = merged
    }

    /// Where the first key stands that is not below `key`.
    private func firstPlace(of key: Int64) -> Int {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func sortedStably(_ samples: ArraySlice<Double>) -> [Double] {
        var sorted: [Double] = []
        sorted.reserveCapacity(samples.count)
        for value in samples {
            var place = sorted.count
            while place > 0, Quantile.precedes(value, sorted[place - 1]) { place -= 1 }
            sorted.insert(value, at: place)
        }
        return sorted
    }

    // MARK: - Keys

    private static func key(_ value: Double) -> Int64 {
        if value.isNaN { return .min }
        let bits = Int64(bitPattern: value.bitPattern)
        return bits ^ ((bits >> 63) & .max)
    }

    private static func value(_ key: Int64) -> Double {
        if key == .min { return .nan }
        return Double(bitPattern: UInt64(bitPattern: key ^ ((key >> 63) & .max)))
    }
}
