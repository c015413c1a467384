package import Model

/// How long a store keeps what it has of a series, tier by tier, in milliseconds.
package struct TierKeep: Hashable, Sendable {
    package var raw: Int64
    package var minute: Int64
    package var hour: Int64

    private static let day: Int64 = 86_400_000
    /// 30 days of samples, a year of minutes, five years of hours.
    package static let standard = TierKeep(raw: 30 * day, minute: 365 * day, hour: 5 * 365 * day)

    package init(raw: Int64, minute: Int64, hour: Int64) {
        self.raw = raw
        self.minute = minute
        self.hour = hour
    }

    /// Everything for one time.
    package init(all milliseconds: Int64) {
        self.init(raw: milliseconds, minute: milliseconds, hour: milliseconds)
    }

    package subscript(tier: Tier) -> Int64 {
        get {
            switch tier {
            case .raw: raw
            case .minute: minute
            case .hour: hour
            }
        }
        set {
            switch tier {
            case .raw: raw = newValue
            case .minute: minute = newValue
            case .hour: hour = newValue
            }
        }
    }

    /// Whether each time is positive and no tier goes before a finer one, which would leave nothing to fall back on.
    package var isOrdered: Bool { 0 < raw && raw <= minute && minute <= hour }

    /// Whether days of hours are joined into blocks of 30 days, and process frames thinned to one an hour into such.
    /// They go whole: what is kept for less than three of them would outlive its time by up to as much again, so there
    /// the days stay by themselves and go one by one.
    var joinsDays: Bool { hour >= 3 * TierBlock.longSpanSeconds * 1000 }

    /// The times that `text` gives, such as `raw=30d,1m=1y,1h=5y`. A tier that is not mentioned keeps what it has here,
    /// but at least as long as the finer ones.
    ///
    /// - Throws: ``StoreError/invalid(_:)`` with what is wrong and what would be right.
    package func changed(by text: String) throws(StoreError) -> TierKeep {
        var keep = self
        var named: Set<Tier> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2, let tier = Tier(name: sides[0]) else {
                throw .invalid(
                    "\"\(text)\": \"\(part)\" is none of raw=TIME, 1m=TIME and 1h=TIME, which commas may join")
            }
            guard let milliseconds = DurationText.parse(sides[1]), milliseconds > 0 else {
                throw .invalid("\"\(text)\": \"\(sides[1])\" is no time such as 30d, 12h or 1y")
            }
            guard named.insert(tier).inserted else { throw .invalid("\"\(text)\" names \(tier.name) twice") }
            keep[tier] = milliseconds
        }
        if !named.contains(.minute) { keep.minute = max(keep.minute, keep.raw) }
        if !named.contains(.hour) { keep.hour = max(keep.hour, keep.minute) }
        if !named.contains(.raw) { keep.raw = min(keep.raw, keep.minute, keep.hour) }
        if !named.contains(.minute) { keep.minute = min(keep.minute, keep.hour) }
        guard keep.isOrdered else {
            throw .invalid(
                "\"\(text)\": a finer tier is kept as long as a coarser one at most (raw, then 1m, then 1h); this "
                    + "would be \(keep)")
        }
        return keep
    }
}

extension TierKeep: CustomStringConvertible {
    package var description: String {
        Tier.allCases.map { "\($0.name)=\(DurationText.format(self[$0]))" }.joined(separator: ",")
    }
}

/// How long a store keeps what, a value. What a store was told last is kept in it (``RetentionClass``), so that a
/// recorder and a line of a crontab need not be told the same.
package struct RetentionPolicy: Hashable, Sendable {
    /// Series that all matchers select are kept for other times. The first that fits a series counts.
    package struct Exception: Hashable, Sendable {
        package var matchers: [Matcher]
        package var keep: TierKeep

        package init(matchers: [Matcher], keep: TierKeep) {
            self.matchers = matchers
            self.keep = keep
        }
    }

    package var keep: TierKeep
    /// Process frames: all of them as long as raw, one a minute as long as 1m, one an hour as long as 1h; one a minute
    /// as long as that, where days are not joined.
    package var frames: TierKeep
    package var exceptions: [Exception]

    package static let standard = RetentionPolicy(keep: .standard)

    /// `frames` nil: as long as series.
    package init(keep: TierKeep, frames: TierKeep? = nil, exceptions: [Exception] = []) {
        self.keep = keep
        self.frames = frames ?? keep
        self.exceptions = exceptions
    }
}
