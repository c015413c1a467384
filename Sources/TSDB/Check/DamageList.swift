package import Model

/// What a reading met that is damaged and went on without, each thing once. What is not named here is whole: an answer
/// with an empty list is the answer.
///
/// Belongs to one snapshot, and so to one thread at a time.
package final class DamageList {
    /// One thing that cannot be read.
    package struct Loss: Hashable, Sendable {
        /// `raw block of group 1 from 1700000000`.
        package var record: String
        package var reason: String
        /// The times whose samples it costs, where that is known.
        package var range: TimeRange?
        /// How many series met it; 0 where it is not about series.
        package var series = 0

        /// `raw block of group 1 from … is damaged (wrong checksum of stripe 3): 12 series miss samples …`
        package var description: String {
            var text = "\(record) is damaged (\(reason))"
            if series > 0 { text += "; \(series) series lack its samples" }
            if let range, range.min.milliseconds != .min {
                text += ", from \(UTCText.format(range.min)) to \(UTCText.format(range.max))"
            }
            return text
        }
    }

    package private(set) var losses: [Loss] = []
    private var places: [String: Int] = [:]

    /// Whether a record of a format that is not known is passed over, too.
    private let passesOverFormats: Bool

    package init() { passesOverFormats = true }

    /// For those who write something else in place of what they read: a record of a newer version is not damaged, and
    /// not theirs to drop.
    init(writing: Void) { passesOverFormats = false }

    package var isEmpty: Bool { losses.isEmpty }

    /// Keeps damage in mind; all else is the caller's.
    /// - Parameter series: whether a series' samples are what is lost.
    func tolerate(_ error: StoreError, range: TimeRange? = nil, series: Bool = false) throws(StoreError) {
        guard let (record, reason) = describe(error) else { throw error }
        add(record, reason, range: range, series: series)
    }

    /// What `body` makes; nil where it meets damage, which is kept in mind.
    func tolerating<Value>(
        _ range: TimeRange? = nil, series: Bool = false, _ body: () throws(StoreError) -> Value
    ) throws(StoreError) -> Value? {
        do throws(StoreError) {
            return try body()
        } catch {
            try tolerate(error, range: range, series: series)
            return nil
        }
    }

    /// What is damaged, and how; nil for an error that is the caller's.
    func describe(_ error: StoreError) -> (record: String, reason: String)? {
        switch error {
        case .damaged(_, let record, let reason): (record, reason)
        case .unknownFormat(_, let record, let version) where passesOverFormats:
            (record, "format \(version) is not known to this version; use a newer mon")
        default: nil
        }
    }

    /// - Returns: the place of the loss among ``losses``.
    @discardableResult
    func add(_ record: String, _ reason: String, range: TimeRange? = nil, series: Bool = false) -> Int {
        let place = places["\(record)\n\(reason)"] ?? losses.count
        if place == losses.count {
            places["\(record)\n\(reason)"] = place
            losses.append(Loss(record: record, reason: reason, range: range))
        }
        if series { losses[place].series += 1 }
        if losses[place].range == nil { losses[place].range = range }
        return place
    }

    /// The losses as events of the store, for those who go on without what was damaged for good.
    func events(at milliseconds: Int64) -> [Event] {
        losses.map { loss in
            Event(
                time: loss.range?.max ?? Timestamp(milliseconds: milliseconds), kind: .gap,
                text: "\(loss.description); what cannot be read was left out")
        }
    }

    /// Has a loss cost the samples up to `time`, too.
    func extend(_ place: Int, through time: Int64) {
        guard var range = losses[place].range else { return }
        range.max = max(range.max, Timestamp(milliseconds: time))
        losses[place].range = range
    }
}

/// Times for people, in UTC: what a message of the store names.
enum UTCText {
    /// `2026-03-29T01:02:03Z`, `2026-03-29T01:02:03.500Z`; milliseconds since 1970 beyond the years 0 to 9999.
    static func format(_ time: Timestamp) -> String {
        let milliseconds = time.milliseconds
        guard (-62_167_219_200_000...253_402_300_799_999).contains(milliseconds) else { return "\(milliseconds) ms" }
        let (quotient, remainder) = milliseconds.quotientAndRemainder(dividingBy: Block.daySeconds * 1000)
        let day = remainder < 0 ? quotient - 1 : quotient
        let rest = milliseconds - day * Block.daySeconds * 1000
        // Days to a date of the proleptic Gregorian calendar, counted from 0000-03-01 (Hinnant, chrono-compatible
        // low-level date algorithms).
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        let date = dayOfYear - (153 * month + 2) / 5 + 1
        let civilMonth = month < 10 ? month + 3 : month - 9
        let civilYear = year + era * 400 + (civilMonth <= 2 ? 1 : 0)
        var text = "\(padded(civilYear, 4))-\(padded(civilMonth, 2))-\(padded(date, 2))T"
        text += "\(padded(rest / 3_600_000, 2)):\(padded(rest / 60_000 % 60, 2)):\(padded(rest / 1000 % 60, 2))"
        if rest % 1000 != 0 { text += ".\(padded(rest % 1000, 3))" }
        return text + "Z"
    }

    /// A time in seconds since 1970.
    static func format(seconds: Int64) -> String {
        let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? "\(seconds) s" : format(Timestamp(milliseconds: milliseconds))
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
