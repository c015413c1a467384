/// From when on a series can be read at each tier. Finer tiers are forgotten first, so `raw >= minute >= hour`.
///
/// What is not sealed yet, or was never written as windows, counts: reading makes its windows from the samples. So a
/// tier covers all that a finer one does, up to the newest sample.
package struct TierCoverage: Hashable, Sendable {
    /// Samples later than this are all there, in milliseconds; `Int64.min` where none were forgotten.
    package var raw: Int64 = .min
    /// Windows of a minute whose start is not before this are complete.
    package var minute: Int64 = .min
    /// Windows of an hour whose start is not before this are complete.
    package var hour: Int64 = .min

    /// Everything is there.
    package init() {}

    package init(raw: Int64, minute: Int64, hour: Int64) {
        self.raw = raw
        self.minute = minute
        self.hour = hour
    }

    /// The moment from which on the tier is complete.
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

    /// The finest tier that has everything later than `start`; the hour where none has.
    package func finest(after start: Int64) -> Tier {
        if start >= raw { return .raw }
        return start >= minute ? .minute : .hour
    }
}
