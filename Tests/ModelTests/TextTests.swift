import TestSupport
import Testing

@testable import Model

@Suite struct DurationTextTests {
    @Test func readsWhatPromQLWrites() {
        func check(_ text: String, _ milliseconds: Int64?) {
            #expect(DurationText.parse(text) == milliseconds, "\(text)")
        }
        check("5m", 300_000)
        check("1h30m", 5_400_000)
        check("250ms", 250)
        check("1s500ms", 1500)
        check("1y", 31_536_000_000)
        check("1w2d", 777_600_000)
        check("0", 0)
        check("0s", 0)
        for bad in ["", "5", "m", "30m1h", "1m1m", "1.5m", "-5m", "5 m", "99999999999999999999y", "1M"] {
            check(bad, nil)
        }
    }

    @Test func writesTheShortest() {
        func check(_ milliseconds: Int64, _ text: String) { #expect(DurationText.format(milliseconds) == text) }
        check(0, "0s")
        check(90_000, "1m30s")
        check(604_800_000, "1w")
        check(691_200_000, "8d")
        check(-1500, "-1s500ms")
    }

    @Test func roundTrips() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<1000 {
            let value = Int64.random(in: 0...(1 << 50), using: &random)
            #expect(DurationText.parse(DurationText.format(value)) == value)
        }
    }
}

@Suite struct FloatTextTests {
    @Test func writesAsGoDoes() {
        func check(_ value: Double, _ plain: String, _ short: String) {
            #expect(FloatText.plain(value) == plain)
            #expect(FloatText.short(value) == short)
        }
        check(0, "0", "0")
        check(-0.0, "-0", "-0")
        check(1, "1", "1")
        check(-12.5, "-12.5", "-12.5")
        check(0.0001, "0.0001", "0.0001")
        check(0.00001, "0.00001", "1e-05")
        check(1e20, "100000000000000000000", "100000000000000000000")
        check(1e21, "1000000000000000000000", "1e+21")
        check(1.5e300, "15" + String(repeating: "0", count: 299), "1.5e+300")
        check(123456789.125, "123456789.125", "123456789.125")
        check(.nan, "NaN", "NaN")
        check(.infinity, "+Inf", "+Inf")
        check(-.infinity, "-Inf", "-Inf")
    }

    /// ``ShortestDecimal`` and the shortcuts before it, against Swift's own digits.
    @Test func writesShortestDigits() {
        var random = SeededGenerator(seed: 11)
        func check(_ value: Double) {
            for signed in [value, -value] { #expect(FloatText.plain(signed) == FloatText.anyPlain(signed)) }
        }
        for value in [0.1, 1.0 / 3, 0x1p53, 0x1p53 + 2, 1e-6, 1e-6.nextDown, 1e21, 1e21.nextDown, 5e-324] {
            check(value)
        }
        for exponent in -24...72 {
            // Below a power of two neighbours are nearer.
            let power = Double(sign: .plus, exponent: exponent, significand: 1)
            for value in [power.nextDown.nextDown, power.nextDown, power, power.nextUp] { check(value) }
        }
        for _ in 0..<5000 {
            let significand = UInt64.random(in: 0..<1 << 52, using: &random)
            check(Double(bitPattern: significand | UInt64.random(in: 1000...1095, using: &random) << 52))
            check(Double(Int.random(in: 0..<1 << 50, using: &random)) / 1000)
            check(Double(Int.random(in: 0..<1_000_000, using: &random)) / 285)
        }
    }

    /// Whole numbers of every length, nothing behind them.
    @Test func writesWholeNumbers() {
        var random = SeededGenerator(seed: 12)
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { buffer in
            guard let start = buffer.baseAddress else { return }
            for bits in 0..<64 {
                for _ in 0..<40 {
                    let power = UInt64(1) << UInt64(bits)
                    let number = UInt64.random(in: power - 1...(power - 1 | power), using: &random)
                    let count = unsafe NumberText.write(number, to: start)
                    let text = unsafe String(decoding: buffer[..<count], as: UTF8.self)
                    #expect(text == String(number))
                }
            }
            var power: UInt64 = 1
            for _ in 0..<20 {
                for number in [power - 1, power, power + 1] {
                    let count = unsafe NumberText.write(number, to: start)
                    #expect(unsafe String(decoding: buffer[..<count], as: UTF8.self) == String(number))
                }
                power = power.multipliedReportingOverflow(by: 10).partialValue
            }
        }
    }

    @Test func readsBackAsTheSameBits() {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<5000 {
            let value = Double(bitPattern: random.next())
            if !value.isFinite { continue }
            #expect(Double(FloatText.plain(value))?.bitPattern == value.bitPattern)
            #expect(Double(FloatText.short(value))?.bitPattern == value.bitPattern)
        }
    }
}

@Suite struct MatcherTests {
    @Test func matchesWholeValuesAndAbsence() throws {
        func check(_ matcher: Matcher, _ value: String, _ expected: Bool) {
            #expect(matcher.matches(value) == expected, "\(matcher) on \(value)")
        }
        check(try Matcher("a", .equal, "x"), "x", true)
        check(try Matcher("a", .notEqual, "x"), "x", false)
        check(try Matcher("a", .matches, "b.d"), "bad", true)
        check(try Matcher("a", .matches, "b.d"), "bade", false)
        check(try Matcher("a", .matches, "b.d"), "b\nd", true)
        check(try Matcher("a", .doesNotMatch, "b|c"), "c", false)
        check(try Matcher("a", .matches, "(?i:ABC)"), "abc", true)
        #expect(try Matcher("a", .matches, ".*").matchesEmpty)
        #expect(try !Matcher("a", .matches, ".+").matchesEmpty)
        #expect(try Matcher("gone", .notEqual, "x").matches(Labels(name: "up")))
    }

    @Test func takesLinearTimeOnWhatHangsOthers() throws {
        let matcher = try Matcher("a", .matches, "(a+)+b")
        #expect(!matcher.matches(String(repeating: "a", count: 2000)))
    }

    @Test func saysWhatIsWrongWithAnExpression() {
        let error = #expect(throws: RegularExpressionError.self) { _ = try Matcher("a", .matches, "b(") }
        #expect(error?.description.contains("b(") == true)
    }

    @Test func findsCaptures() throws {
        let expression = try RegularExpression("(?P<first>[a-z]+)-([0-9]+)?")
        #expect(expression.captures(in: "abc-12") == ["abc-12", "abc", "12"])
        #expect(expression.captures(in: "abc-") == ["abc-", "abc", nil])
        #expect(expression.captures(in: "12") == nil)
        #expect(expression.index(ofGroup: "first") == 1)
        #expect(expression.index(ofGroup: "second") == nil)
    }
}

@Suite struct TimestampTests {
    @Test func roundsToMilliseconds() {
        #expect(Timestamp(seconds: 1.0005)?.milliseconds == 1001)
        #expect(Timestamp(seconds: -1.5)?.milliseconds == -1500)
        #expect(Timestamp(seconds: .nan) == nil)
        #expect(Timestamp(seconds: 1e30) == nil)
        #expect(TimeRange(minMilliseconds: 1, maxMilliseconds: 0).isEmpty)
        #expect(TimeRange.all.contains(Timestamp(milliseconds: .min)))
    }
}
