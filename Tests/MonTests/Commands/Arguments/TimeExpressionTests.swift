import Formats
import Glibc
import Model
import TestSupport
import Testing

@testable import mon

@Suite struct TimeExpressionTests {
    /// 2023-11-14T22:13:20Z
    private let now = Timestamp(milliseconds: 1_700_000_000_000)

    private func parse(_ text: String, _ zone: TimeZoneRule, notBefore: Timestamp? = nil) throws -> String {
        let time = try TimeExpression.parse(text, option: "--at", now: now, zone: zone, notBefore: notBefore)
        return TimeText.rfc3339(time, .utc)
    }

    @Test func forms() throws {
        func check(_ text: String, _ expected: String) throws {
            #expect(try parse(text, .fixed(offsetSeconds: 3600)) == expected, "\(text)")
        }
        try check("0", "1970-01-01T00:00:00Z")
        try check("1700000000.500", "2023-11-14T22:13:20.500Z")
        try check("-300", "1969-12-31T23:55:00Z")
        try check("1.7e9", "2023-11-14T22:13:20Z")
        try check("now", "2023-11-14T22:13:20Z")
        try check("now-1h", "2023-11-14T21:13:20Z")
        try check("now+250ms", "2023-11-14T22:13:20.250Z")
        try check("-1h5m", "2023-11-14T21:08:20Z")
        try check("+1d", "2023-11-15T22:13:20Z")
        try check("2026-03-29T01:02:03Z", "2026-03-29T01:02:03Z")
        try check("2026-03-29T01:02:03.0456-09:30", "2026-03-29T10:32:03.045Z")
        try check("2026-03-29t01:02z", "2026-03-29T01:02:00Z")
        try check("2026-03-29T01:02", "2026-03-29T00:02:00Z")
        try check("2026-03-29 01:02:03", "2026-03-29T00:02:03Z")
        try check("2026-03-29", "2026-03-28T23:00:00Z")
        try check("0001-01-01", "0000-12-31T23:00:00Z")
        // 23:13:20 on the clock now.
        try check("23:13", "2023-11-14T22:13:00Z")
        try check("23:13:20", "2023-11-14T22:13:20Z")
        try check("23:14", "2023-11-13T22:14:00Z")
        try check("00:00", "2023-11-13T23:00:00Z")
    }

    @Test func anEndIsNotBeforeItsStart() throws {
        let start = Timestamp(milliseconds: now.milliseconds - 600_000)
        #expect(try parse("22:10", .utc, notBefore: start) == "2023-11-14T22:10:00Z")
        #expect(try parse("22:20", .utc, notBefore: start) == "2023-11-14T22:20:00Z")
        #expect(try parse("00:10", .utc, notBefore: start) == "2023-11-15T00:10:00Z")
    }

    @Test(arguments: [
        "", "yesterday", "24:00", "3:12", "03:60", "03:12:", "03:12:3", "03:12x", "2026-3-29", "2026-02-29",
        "2026-13-01", "2026-00-10", "2026-03-29T", "2026-03-29T25:00", "2026-03-29T01:02+1", "2026-03-29T01:02:03.Z",
        "now-", "now1h",
        "now-1x", "-1h5", "1m", "nan", "inf", "0x10", "1e400", "--1h", "2026-03-29T01:02Zx",
    ])
    func bad(_ text: String) {
        do {
            let time = try TimeExpression.parse(text, option: "--at", now: now, zone: .utc)
            Issue.record("\(text) became \(TimeText.rfc3339(time, .utc))")
        } catch {
            #expect(error.status == .usage && error.message.hasPrefix("--at: \"\(text)\" is no time"))
        }
    }

    @Test func lengths() throws {
        func check(_ text: String, _ expected: Int64?) {
            #expect((try? DurationArgument.parse(text, option: "--step")) == expected, "\(text)")
        }
        check("60", 60_000)
        check("0.5", 500)
        check("1h30m", 5_400_000)
        check("250ms", 250)
        check("7d", 604_800_000)
        for text in ["", "0", "0s", "-5", "-5m", "5 m", "5x", ".", "nan", "1e3"] { check(text, nil) }
    }
}

/// The zone's own rules, as the C library tells them. TZ belongs to the process, so only this suite touches it.
@Suite(.serialized) struct LocalZoneTests {
    private let berlin: TimeZoneRule

    init() {
        setenv("TZ", "Europe/Berlin", 1)
        berlin = LocalZone.rule()
    }

    /// Machines without the zone's file know UTC only.
    private var isKnown: Bool { berlin.offsetSeconds(Timestamp(milliseconds: 1_783_000_000_000)) == 7200 }

    private func parse(_ text: String, at now: String = "2026-12-31T00:00:00Z") throws -> String {
        let start = try TimeExpression.parse(now, option: "", now: Timestamp(milliseconds: 0), zone: .utc)
        return TimeText.rfc3339(try TimeExpression.parse(text, option: "", now: start, zone: berlin), .utc)
    }

    @Test func gapAndOverlap() throws {
        guard isKnown else { return }
        func check(_ text: String, _ expected: String) throws {
            #expect(try parse(text) == expected, "\(text)")
        }
        // Clocks go from 02:00 to 03:00 on 2026-03-29 at 01:00 UTC.
        try check("2026-03-29T01:59:59", "2026-03-29T00:59:59Z")
        try check("2026-03-29T02:00", "2026-03-29T01:00:00Z")
        try check("2026-03-29T02:30", "2026-03-29T01:30:00Z")
        try check("2026-03-29T03:00", "2026-03-29T01:00:00Z")
        try check("2026-03-29T03:30", "2026-03-29T01:30:00Z")
        try check("2026-03-29", "2026-03-28T23:00:00Z")
        try check("2026-03-30", "2026-03-29T22:00:00Z")
        // They go from 03:00 back to 02:00 on 2026-10-25 at 01:00 UTC: the first 02:30 is meant.
        try check("2026-10-25T01:59", "2026-10-24T23:59:00Z")
        try check("2026-10-25T02:00", "2026-10-25T00:00:00Z")
        try check("2026-10-25T02:30", "2026-10-25T00:30:00Z")
        try check("2026-10-25T03:00", "2026-10-25T02:00:00Z")
        try check("2026-10-25T02:30+01:00", "2026-10-25T01:30:00Z")
    }

    @Test func timesOfDayNearAChange() throws {
        guard isKnown else { return }
        // The day of the change has 23 hours; 12:00 of the day before is 23 hours before 12:00.
        #expect(try parse("12:00", at: "2026-03-29T09:59:00Z") == "2026-03-28T11:00:00Z")
        #expect(try parse("12:00", at: "2026-03-29T10:00:00Z") == "2026-03-29T10:00:00Z")
        #expect(try parse("02:30", at: "2026-10-25T06:00:00Z") == "2026-10-25T00:30:00Z")
    }

    /// What the clock shows at a moment is read back as a moment at which it shows the same.
    @Test(arguments: [UInt64(21), 22])
    func whatTheClockShowsComesBack(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let time = Timestamp(
                milliseconds: Int64.random(in: 0...2_000_000_000, using: &generator) * 1000)
            let offset = berlin.offsetSeconds(time)
            let calendar = CalendarTime(time, offsetSeconds: offset)
            let back = calendar.moment(in: berlin)
            #expect(CalendarTime(back, offsetSeconds: berlin.offsetSeconds(back)) == calendar, "seed \(seed)")
            #expect(back <= time, "seed \(seed): of two moments the first")
            let text = TimeText.rfc3339(time, berlin)
            #expect(
                try TimeExpression.parse(text, option: "", now: time, zone: .utc) == time, "seed \(seed): \(text)")
        }
    }

    @Test func timesBefore1970() {
        guard isKnown else { return }
        #expect(berlin.offsetSeconds(Timestamp(milliseconds: -1)) == 3600)
    }
}
