import Model
import Testing

@testable import Formats

@Suite struct ColumnFormatTests {
    private func column(_ unit: DisplayUnit, _ values: Double...) -> [String] {
        let pairs = values.map { (value: $0, unit: unit) }
        let format = ColumnFormat(pairs, zone: .utc)
        return values.map { format.cell($0, unit).text }
    }

    @Test func plainNumbersShareTheirDecimals() {
        #expect(column(.none, 1, 2, 30) == ["1", "2", "30"])
        #expect(column(.none, 0.5, 12, 3.14159) == ["0.50", "12.00", "3.14"])
        #expect(column(.none, 1234.5) == ["1234.5"])
        #expect(column(.none, 0.012345) == ["0.0123"])
        #expect(column(.none, -0.0004, 0.5) == ["0.000", "0.500"])
        #expect(column(.none, .nan, .infinity, -.infinity, 1) == ["NaN", "+Inf", "-Inf", "1"])
        #expect(column(.none, 1e300, 1e-300) == ["1e+300", "1e-300"])
        #expect(column(.none, -0.0) == ["0"])
    }

    @Test func bytes() {
        let unit = DisplayUnit(.bytes)
        #expect(column(unit, 0, 512, 1023) == ["0 B", "512 B", "1023 B"])
        #expect(column(unit, 512, 1024, 18_769_510) == ["512.0 B", "1.0 KiB", "17.9 MiB"])
        #expect(column(unit, -1_048_576) == ["-1.0 MiB"])
        #expect(column(unit, 1_048_575.9) == ["1.0 MiB"])
        #expect(column(unit, 0x1p60) == ["1.0 EiB"])
        #expect(column(unit, 1e300) == ["1e+300 B"])
        #expect(column(DisplayUnit(.bytes, isPerSecond: true), 18_769_510) == ["17.9 MiB/s"])
    }

    @Test func seconds() {
        let unit = DisplayUnit(.seconds)
        #expect(column(unit, 7380, 90, 3_542_400) == ["2 h 3 m", "1 m 30 s", "41 d 0 h"])
        #expect(column(unit, 5, 0) == ["5 s", "0 s"])
        #expect(column(unit, 0.35, 1.5, 0.000_02, 3e-9) == ["350.00 ms", "1.50 s", "20.00 µs", "3.00 ns"])
        #expect(column(unit, -7380) == ["-2 h 3 m"])
        #expect(column(unit, 59.999) == ["1 m 0 s"])
        #expect(column(unit, 86_399) == ["1 d 0 h"])
    }

    @Test func percentRatioNamedAndMoments() {
        #expect(column(DisplayUnit(.percent), 9.63, 100) == ["9.6 %", "100.0 %"])
        #expect(column(DisplayUnit(.ratio), 0.0963) == ["9.6 %"])
        #expect(column(DisplayUnit(.named("°C")), 41.5) == ["41.50 °C"])
        #expect(column(DisplayUnit(.plain, isPerSecond: true), 12.5) == ["12.50 /s"])
        #expect(column(DisplayUnit(.timestamp), 1_700_001_265) == ["2023-11-14 22:34:25"])
        #expect(column(DisplayUnit(.timestamp), 1e300) == ["1e+300"])
    }

    @Test func fixedDecimals() {
        func check(_ value: Double, _ decimals: Int, _ expected: String) {
            #expect(ColumnFormat.fixed(value, decimals: decimals) == expected)
        }
        check(0, 0, "0")
        check(0, 2, "0.00")
        check(-0.001, 2, "0.00")
        check(0.005, 2, "0.01")
        check(-1.5, 0, "-2")
        check(999.96, 1, "1000.0")
        check(0.05, 1, "0.1")
    }
}
