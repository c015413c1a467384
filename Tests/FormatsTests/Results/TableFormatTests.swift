import Formats
import Model
import Query
import Testing

@Suite struct TableFormatTests {
    @Test func vectorOfOneMetric() throws {
        let value = QueryValue.vector([
            series(Labels(name: "disk_io_read_bytes_total", ["device": "sda"]), (0, 18_769_510)),
            series(Labels(name: "disk_io_read_bytes_total", ["device": "nvme0n1"]), (0, 512)),
        ])
        #expect(
            try formatted("table", value) == """
                device   disk_io_read_bytes_total
                sda                      17.9 MiB
                nvme0n1                 512.0 B

                """)
    }

    @Test func theQuerysUnitWhereTheNameIsGone() throws {
        let value = QueryValue.vector([series(Labels([Label("device", "sda")]), (0, 18_769_510))])
        let text = try formatted("table", value, []) { $0.unit = DisplayUnit(.bytes, isPerSecond: true) }
        #expect(text == "device       value\nsda     17.9 MiB/s\n")
    }

    @Test func severalMetricsHaveAColumnForTheirNamesAndTheirOwnUnits() throws {
        let value = QueryValue.vector([
            series(Labels(name: "cpu_usage_percent"), (0, 9.63)), series(Labels(name: "load"), (0, 2)),
        ])
        #expect(
            try formatted("table", value, [], { $0.showsHeader = false })
                == "cpu_usage_percent  9.6 %\nload                 2\n")
    }

    @Test func singleValues() throws {
        #expect(try formatted("table", .scalar(Sample(time: Timestamp(milliseconds: 0), value: 0.5))) == "0.500\n")
        #expect(try formatted("table", .string(time: Timestamp(milliseconds: 0), value: "a\u{1b}[2J")) == "a\\x1b[2J\n")
        #expect(try formatted("table", .vector([])) == "")
        #expect(try formatted("table", .matrix([])) == "")
    }

    @Test func fewSeriesHaveTheirTimesDown() throws {
        let value = QueryValue.matrix([
            series(Labels(name: "load", ["period": "1m", "host": "a"]), (0, 0.5), (60_000, 1.25)),
            series(Labels(name: "load", ["period": "5m", "host": "a"]), (60_000, .nan)),
        ])
        #expect(
            try formatted("table", value) == """
                1970-01-01 UTC     1m   5m
                00:00           0.500    -
                00:01           1.250  NaN

                """)
    }

    @Test func datesAndOffsetsAppearWhereTheyChange() throws {
        let zone = TimeZoneRule { $0.milliseconds < 82_800_000 ? 7200 : 3600 }
        let value = QueryValue.matrix([series(Labels(name: "a"), (0, 1), (82_800_000, 2))])
        #expect(
            try formatted("table", value, [], { $0.zone = zone }) == """
                time                    a
                1970-01-01 02:00+02:00  1
                1970-01-02 00:00+01:00  2

                """)
    }

    @Test func manySeriesHaveARowEach() throws {
        let all = (0..<9).map { index in
            series(Labels(name: "x_bytes", ["n": "\(index)"]), (0, Double(index) * 1024), (60_000, 4096))
        }
        let lines = try formatted("table", .matrix(all)).split(separator: "\n")
        #expect(lines.count == 10)
        #expect(lines[0] == "n     last      min     mean      max  00:00 – 00:01")
        #expect(lines[1] == "0  4.0 KiB  0.0 B    2.0 KiB  4.0 KiB  ▁█")
        #expect(lines[5] == "4  4.0 KiB  4.0 KiB  4.0 KiB  4.0 KiB  ▁▁")
    }

    @Test func aWideTableBecomesNarrow() throws {
        let value = QueryValue.matrix([series(Labels(name: "a_metric_with_a_name"), (0, 1), (60_000, 3))])
        let text = try formatted("table", value, []) { $0.width = 20 }
        #expect(text == "last  min  mean  max  00:00 – 00:01\n   3    1     2    3  ▁█\n")
    }

    @Test func widthsAreThoseOfATerminal() {
        func check(_ text: String, _ width: Int) { #expect(TextTable.width(of: text) == width, "\(text)") }
        check("abc", 3)
        check("é", 1)
        check("e\u{301}", 1)
        check("温度", 4)
        check("🌡", 2)
        check("▁█", 2)
    }

    @Test func headersAreBoldOnATerminalOnly() throws {
        let value = QueryValue.vector([series(Labels(name: "a"), (0, 1))])
        #expect(try formatted("table", value, [], { $0.isStyled = true }) == "\u{1b}[1ma\u{1b}[0m\n1\n")
        #expect(try formatted("table", value) == "a\n1\n")
    }

    @Test func labelsCannotBreakTheTable() throws {
        let value = QueryValue.vector([series(Labels(name: "a", ["l": "x\ny\u{202e}z"]), (0, 1))])
        #expect(try formatted("table", value) == "l              a\nx\\ny\\u{202e}z  1\n")
    }
}
