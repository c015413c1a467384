import ArgumentParser
import Formats
import Model
import Query

/// The span of time that is asked about.
struct SpanOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "Start: 03:12, 2026-03-29T01:02, -6h, seconds since 1970.")
    var from: String?

    @Option(parsing: .unconditional, help: "End; now unless given.")
    var to: String?

    @Option(help: "The span that ends now: 1h, 7d.")
    var last: String?

    @Flag(help: "Times in UTC instead of the local zone.")
    var utc = false

    func zone(on console: Console) -> TimeZoneRule { utc ? .utc : console.zone }

    /// Nil where no span is asked for.
    /// - Parameter needsStart: whether an end alone is none.
    func span(on console: Console, needsStart: Bool = true) throws(CommandFailure) -> TimeRange? {
        let zone = zone(on: console)
        if let last {
            if from != nil || to != nil { throw CommandFailure(.usage, "--last goes without --from and --to") }
            let length = try DurationArgument.parse(last, option: "--last")
            let (start, overflow) = console.now.milliseconds.subtractingReportingOverflow(length)
            return TimeRange(min: Timestamp(milliseconds: overflow ? .min : start), max: console.now)
        }
        guard let from else {
            guard let to else { return nil }
            if needsStart { throw CommandFailure(.usage, "--to needs --from") }
            let end = try TimeExpression.parse(to, option: "--to", now: console.now, zone: zone)
            return TimeRange(min: TimeRange.all.min, max: end)
        }
        let start = try TimeExpression.parse(from, option: "--from", now: console.now, zone: zone)
        guard let to else {
            if start > console.now { throw CommandFailure(.usage, "--from \(from) lies in the future; give --to, too") }
            return TimeRange(min: start, max: console.now)
        }
        let end = try TimeExpression.parse(to, option: "--to", now: console.now, zone: zone, notBefore: start)
        guard start <= end else { throw CommandFailure(.usage, "--to \(to) is before --from \(from)") }
        return TimeRange(min: start, max: end)
    }
}

/// The step between the points of a range, where nobody gives one.
enum AutomaticStep {
    /// Steps that fall on the marks of a clock, in seconds.
    private static let steps: [Int64] = [
        1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
    ]

    /// The smallest that gives at most a hundred points: what a screen shows.
    static func milliseconds(for span: TimeRange) -> Int64 {
        let (length, overflow) = span.max.milliseconds.subtractingReportingOverflow(span.min.milliseconds)
        let seconds = overflow ? Int64.max / 1000 : length / 1000
        if let step = steps.first(where: { seconds / $0 <= 100 }) { return step * 1000 }
        // Whole days.
        return (seconds / 100 / 86_400 + 1) * 86_400_000
    }
}
