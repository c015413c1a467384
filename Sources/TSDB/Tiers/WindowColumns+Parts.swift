// Windows of a span that was evicted while it was being recorded. What is left of its beginning are windows, what came
// later are samples, or shorter windows, of which the first ones lie in the window that both share.

extension WindowColumns {
    /// These windows, and behind what they know the windows of samples that came later.
    /// - Parameters:
    ///   - news: samples that are not in these windows.
    ///   - samples: all that are kept, whose windows are whole after the moment.
    func continued(
        _ tier: Tier, by news: SampleColumn, _ samples: SampleColumn, wholeAfter moment: Int64
    ) -> WindowColumns {
        let boundary = tier.windowEnd(of: moment)
        var result = WindowColumns()
        result.append(self, 0..<firstIndex(endingAfter: boundary))
        result.mix(Rollup.windows(of: news.prefix(through: boundary), tier))
        let rest = Rollup.windows(of: samples, tier)
        if rest.count > rest.firstIndex(endingAfter: boundary) {
            result.append(rest, rest.firstIndex(endingAfter: boundary)..<rest.count)
        } else {
            result.append(self, firstIndex(endingAfter: boundary)..<count)
        }
        return result
    }

    /// These windows of `tier`, and behind what they know those of shorter windows, which are whole after the moment.
    /// In a window that both have and of which shorter ones lack something, those count that begin after what is known
    /// of it; samples that came late into its known part are not told from those known. Shorter windows that are whole
    /// have all its samples.
    func continued(_ tier: Tier, by shorter: WindowColumns, wholeAfter moment: Int64) -> WindowColumns {
        var result = WindowColumns()
        var longer = WindowColumns()
        Rollup.append(shorter, tier, to: &longer)
        var (place, next) = (0, 0)
        while place < count || next < longer.count {
            if next == longer.count || (place < count && ends[place] < longer.ends[next]) {
                result.append(self, place..<place + 1)
                place += 1
                continue
            }
            let end = longer.ends[next]
            if place < count, ends[place] == end {
                if end - tier.windowMilliseconds < moment || counts[place] > longer.counts[next] {
                    result.append(continued(at: place, tier, by: shorter))
                } else {
                    result.append(longer, next..<next + 1)
                }
                place += 1
            } else {
                result.append(longer, next..<next + 1)
            }
            next += 1
        }
        return result
    }

    /// One window with the shorter ones in it that begin after its last sample.
    private func continued(at place: Int, _ tier: Tier, by shorter: WindowColumns) -> Window {
        var window = self[place]
        let first = shorter.firstIndex(endingAfter: window.end - tier.windowMilliseconds)
        var news = WindowColumns()
        for index in first..<shorter.firstIndex(endingAfter: window.end) {
            let isLater =
                shorter.counts[index] > 0
                ? shorter.firstTimes[index] > window.lastTime : shorter.ends[index] > window.lastTime
            if isLater || window.count == 0 { news.append(shorter, index..<index + 1) }
        }
        guard var later = news.joined(0..<news.count) else { return window }
        later.end = window.end
        window.append(later)
        return window
    }
}

extension SampleColumn {
    /// Those up to the moment, in order of time.
    func prefix(through moment: Int64) -> SampleColumn {
        let end = timestamps.firstIndex { $0 > moment } ?? count
        var part = SampleColumn()
        part.timestamps = Array(timestamps[..<end])
        part.values = Array(values[..<end])
        return part
    }

    /// Those of whose times the other column has none.
    func subtracting(_ other: SampleColumn?) -> SampleColumn {
        guard let other, other.count > 0 else { return self }
        let known = Set(other.timestamps)
        var part = SampleColumn()
        for place in timestamps.indices where !known.contains(timestamps[place]) {
            part.append(timestamps[place], values[place])
        }
        return part
    }
}
