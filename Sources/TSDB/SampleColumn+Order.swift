/// Samples of one time that met: the later arrival stays.
struct DuplicateCounts: Hashable {
    /// They had the same bits.
    var identical = 0
    /// They had not.
    var conflicting = 0
}

extension SampleColumn {
    /// Takes away what was appended beyond `count` samples.
    mutating func truncate(to count: Int) {
        timestamps.removeLast(timestamps.count - count)
        values.removeLast(values.count - count)
    }

    /// Whether the times ascend strictly, as they do in all columns but those that are being put together.
    var isAscending: Bool {
        let span = timestamps.span
        var previous = Int64.min
        for place in span.indices {
            // The least time of all may only come first.
            if span[place] <= previous && place > 0 { return false }
            previous = span[place]
        }
        return true
    }

    /// Puts samples that came from several places into order of time; of samples with equal times the last stays.
    mutating func normalize() {
        var counts = DuplicateCounts()
        normalize(&counts)
    }

    /// As ``normalize()``, and counts the samples that gave way.
    mutating func normalize(_ counts: inout DuplicateCounts) {
        if isAscending { return }
        // Stable, so that what was appended last comes last among equals.
        let order = timestamps.indices.sorted { (timestamps[$0], $0) < (timestamps[$1], $1) }
        var sorted = SampleColumn()
        sorted.timestamps.reserveCapacity(count)
        sorted.values.reserveCapacity(count)
        for place in order { sorted.appendOrReplace(timestamps[place], values[place], &counts) }
        self = sorted
    }

    /// Merges samples that came later; both columns ascend.
    mutating func merge(_ later: SampleColumn, _ counts: inout DuplicateCounts) {
        guard let first = later.timestamps.first else { return }
        if let last = timestamps.last, last >= first {
            var merged = SampleColumn()
            merged.timestamps.reserveCapacity(count + later.count)
            merged.values.reserveCapacity(count + later.count)
            var (left, right) = (0, 0)
            while left < count, right < later.count {
                // Of equals the older one first, for the newer to replace it.
                if timestamps[left] <= later.timestamps[right] {
                    merged.appendOrReplace(timestamps[left], values[left], &counts)
                    left += 1
                } else {
                    merged.appendOrReplace(later.timestamps[right], later.values[right], &counts)
                    right += 1
                }
            }
            while left < count {
                merged.appendOrReplace(timestamps[left], values[left], &counts)
                left += 1
            }
            while right < later.count {
                merged.appendOrReplace(later.timestamps[right], later.values[right], &counts)
                right += 1
            }
            self = merged
        } else {
            timestamps += later.timestamps
            values += later.values
        }
    }

    private mutating func appendOrReplace(_ time: Int64, _ value: Double, _ counts: inout DuplicateCounts) {
        guard let last = timestamps.last, last == time else { return append(time, value) }
        if values[count - 1].bitPattern == value.bitPattern {
            counts.identical += 1
        } else {
            counts.conflicting += 1
            values[count - 1] = value
        }
    }
}
