/// Finds the name that a mistyped one was perhaps meant to be.
enum NameSuggestion {
    /// The nearest of `names`, the first of equally near ones; nil where none is near: a third of the letters may be
    /// wrong, at most three.
    static func nearest(to name: String, among names: [String]) -> String? {
        let typed = Array(name.lowercased().utf8)
        // Longer than any function's name: nothing is near, and the distance would be costly.
        guard typed.count <= 64 else { return nil }
        var best: (name: String, distance: Int)?
        for candidate in names {
            let distance = distance(typed, Array(candidate.utf8))
            if distance < best?.distance ?? Int.max { best = (candidate, distance) }
        }
        guard let best, best.distance <= min(3, max(1, typed.count / 3)) else { return nil }
        return best.name
    }

    /// How many letters have to be put in, left out, changed or swapped with their neighbour (the restricted distance
    /// of Damerau and Levenshtein).
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var beforePrevious = [Int](repeating: 0, count: b.count + 1)
        var previous = Array(0...b.count)
        for i in 0..<a.count {
            var current = [i + 1]
            current.reserveCapacity(b.count + 1)
            for j in 0..<b.count {
                var cost = min(previous[j + 1] + 1, current[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforePrevious[j - 1] + 1) }
                current.append(cost)
            }
            (beforePrevious, previous) = (previous, current)
        }
        return previous[b.count]
    }
}
