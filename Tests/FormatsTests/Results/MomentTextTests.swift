import Formats
import Model
import Testing

@Suite struct MomentTextTests {
    @Test func moments() {
        func check(_ text: String, _ expected: Int64?) {
            #expect(MomentText.parse(text)?.milliseconds == expected, "\(text)")
        }
        check("0", 0)
        check("1700000000.1234", 1_700_000_000_123)
        check("-1.5", -1500)
        check("1.7e9", 1_700_000_000_000)
        check("2015-07-01T20:10:51.781Z", 1_435_781_451_781)
        check("2015-07-01T22:10:51+02:00", 1_435_781_451_000)
        check("2015-07-01T20:10:51.7819999Z", 1_435_781_451_781)
        for text in [
            "", "now", "inf", "NaN", "2015-07-01", "2015-07-01T20:10:51", "2015-13-01T20:10:51Z", "1e30", "5x",
        ] {
            check(text, nil)
        }
    }

    @Test func lengths() {
        func check(_ text: String, _ expected: Int64?) { #expect(MomentText.duration(text) == expected, "\(text)") }
        check("15", 15_000)
        check("0.5", 500)
        check("1h30m", 5_400_000)
        check("250ms", 250)
        check("-5", -5000)
        for text in ["", "x", "1y2", "nan", "1e300"] { check(text, nil) }
    }
}
