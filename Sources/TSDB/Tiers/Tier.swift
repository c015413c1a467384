/// A level of resolution: the samples as they came, or windows of a minute or an hour.
package enum Tier: UInt8, CaseIterable, Comparable, Sendable {
    case raw = 0
    case minute = 1
    case hour = 2

    /// Length of a window in milliseconds; 0 for raw, which has none.
    package var windowMilliseconds: Int64 {
        switch self {
        case .raw: 0
        case .minute: 60_000
        case .hour: 3_600_000
        }
    }

    /// What users call it.
    package var name: String {
        switch self {
        case .raw: "raw"
        case .minute: "1m"
        case .hour: "1h"
        }
    }

    /// The tier that users call `name`.
    package init?(name: some StringProtocol) {
        guard let tier = Tier.allCases.first(where: { $0.name == name }) else { return nil }
        self = tier
    }

    package static func < (lhs: Tier, rhs: Tier) -> Bool { lhs.rawValue < rhs.rawValue }

    /// End of the window (end - length, end] that the moment lies in. Windows begin at multiples of their length.
    /// - Precondition: the tier has windows.
    package func windowEnd(of milliseconds: Int64) -> Int64 {
        let length = windowMilliseconds
        precondition(length > 0, "raw has no windows")
        let (quotient, remainder) = milliseconds.quotientAndRemainder(dividingBy: length)
        // Division truncates toward zero, which already rounds up where the moment is negative.
        return (remainder > 0 ? quotient + 1 : quotient) * length
    }
}
