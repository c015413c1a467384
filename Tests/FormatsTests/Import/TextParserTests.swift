import Model
import TestSupport
import Testing

@testable import Formats

@Suite struct TextParserTests {
    private func check(
        _ text: String, _ samples: String..., format: SampleFormat = .openmetrics,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let end = format == .openmetrics ? "\n# EOF\n" : "\n"
        let read = ReadSamples(text + end, format)
        #expect(read.samples == samples, sourceLocation: sourceLocation)
        #expect(read.problems.isEmpty, sourceLocation: sourceLocation)
        // The second time the series is known, and the line takes the fast path.
        let twice = ReadSamples("\(text)\n\(text)" + end, format)
        #expect(twice.samples == samples + samples, sourceLocation: sourceLocation)
    }

    @Test func samplesOfOpenMetrics() {
        check("up 1 1700000000", "up 1.0 1700000000000")
        check("up 1 1700000000.5", "up 1.0 1700000000500")
        check("up 1 1700000000.1234", "up 1.0 1700000000123")
        check("up 1 1700000000.1235", "up 1.0 1700000000124")
        check("up 1 -0.001", "up 1.0 -1")
        check("up 1 1.7e9", "up 1.0 1700000000000")
        check("up 1", "up 1.0 42")
        check("up{} 1 2", "up 1.0 2000")
        check("up{a=\"b\"} -2.5e-3 2", "up{a=\"b\"} -0.0025 2000")
        check("up{b=\"2\",a=\"1\",} 1 2", "up{a=\"1\", b=\"2\"} 1.0 2000")
        check("up {a=\"b\"}  1  2", "up{a=\"b\"} 1.0 2000")
        check("up{a=\"\"} 1 2", "up 1.0 2000")
        check("up{a=\"x\\\"y\\\\z\\nw\"} 1 2", "up{a=\"x\\\"y\\\\z\\nw\"} 1.0 2000")
        check("up{a=\"} 9 9\"} 1 2", "up{a=\"} 9 9\"} 1.0 2000")
        check("{\"a.b\",c=\"d\"} 1 2", "{__name__=\"a.b\", c=\"d\"} 1.0 2000")
        check("up{\"my.label\"=\"ü\"} 1 2", "up{\"my.label\"=\"ü\"} 1.0 2000")
        check("up 1 2\r", "up 1.0 2000")
        check("up -0 2", "up -0.0 2000")
        check("up +Inf 2", "up inf 2000")
        check("up -Inf 2", "up -inf 2000")
        check("up NaN 2", "up NaN:7ff8000000000000 2000")
        check("up nAN 2", "up NaN:7ff0000000000002 2000")
        check("up nan 2", "up NaN:7ff8000000000000 2000")
        check("# HELP mon_bits fff8000000000001\nup NaN 2", "up NaN:fff8000000000001 2000")
        check("up_total 5 2 # {trace=\"a b # c\"} 0.5 1.5", "up_total 5.0 2000")
        check("up 1.7976931348623157e308 2", "up 1.7976931348623157e+308 2000")
        check("up 5e-324 2", "up 5e-324 2000")
        check("up 12345678901234567890 2", "up 1.2345678901234567e+19 2000")
    }

    @Test func samplesOfThePrometheusText() {
        check("up 1 1700000000123", "up 1.0 1700000000123", format: .prometheus)
        check("up 1 -5", "up 1.0 -5", format: .prometheus)
        check("  up\t1", "up 1.0 42", format: .prometheus)
        check("# a comment\nup 1 1", "up 1.0 1", format: .prometheus)
        check("# mon_bits 7ff0000000000002\nup NaN 1", "up NaN:7ff0000000000002 1", format: .prometheus)
        check(
            "# mon_bits fff8000000000001\nup NaN 1\nup NaN 2", "up NaN:fff8000000000001 1",
            "up NaN:7ff8000000000000 2", format: .prometheus)
        check("up 1 9223372036854775807", "up 1.0 9223372036854775807", format: .prometheus)
    }

    @Test func whatMetricsAre() {
        let text = """
            # TYPE reads counter
            # HELP reads All of\\nthem "here" \\\\.
            # UNIT reads seconds
            reads_total 1 1
            # TYPE build info
            # TYPE "a.b" gauge
            # EOF
            """
        let read = ReadSamples(text, .openmetrics)
        #expect(read.problems.isEmpty)
        #expect(
            read.families == [
                MetricFamily(name: "a.b", kind: .gauge, help: ""),
                MetricFamily(name: "build_info", kind: .info, help: ""),
                MetricFamily(
                    name: "reads_total", kind: .counter, unit: "seconds", help: "All of\nthem \"here\" \\."),
            ])
        let plain = ReadSamples("# HELP reads_total Some.\n# TYPE reads_total counter\n", .prometheus)
        #expect(plain.families == [MetricFamily(name: "reads_total", kind: .counter, help: "Some.")])
    }

    @Test func faultsTellLineAndColumn() {
        func check(
            _ line: String, _ reason: String, format: SampleFormat = .openmetrics,
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            let end = format == .openmetrics ? "# EOF\n" : ""
            let read = ReadSamples("up 1 1\n\(line)\nup 2 2\n" + end, format)
            #expect(read.problems == ["line 2, " + reason], sourceLocation: sourceLocation)
            #expect(read.samples.count == 2, sourceLocation: sourceLocation)
        }
        check("up", "column 3: a value is missing")
        check("up one 2", "column 4: one is no number")
        check("up 0x10 2", "column 4: 0x10 is no number")
        check("up 1_0 2", "column 4: 1_0 is no number")
        check("up 1 now", "column 6: now is no time in seconds since 1970")
        check("up 1 1e300", "column 6: 1e300 is no time in seconds since 1970")
        check("up 1 2 3", "column 8: the end of the line is expected")
        check("up{a=\"b\" 1 2", "column 13: } is missing")
        check("up{a=\"b} 1 2", "column 13: a quote is not closed")
        check("up{a=b} 1 2", "column 6: a quote is expected")
        check("up{a} 1 2", "column 5: = is expected")
        check("up{a=\"b\"c=\"d\"} 1 2", "column 9: , or } is expected")
        check("up{a=\"b\",a=\"c\"} 1 2", "column 1: the label a is given twice")
        check("up{\"a\"} 1 2", "column 1: the label __name__ is given twice")
        check("{a=\"b\"} 1 2", "column 1: the name of a metric is missing")
        check("9up 1 2", "column 1: a name is expected")
        let name = "a name has letters, digits and _ only; others stand in quotes within the braces"
        check("u-v 1 2", "column 2: \(name)")
        check("a.b 3 2", "column 2: \(name)")
        check("a.b{l=\"1\"} 3 2", "column 2: \(name)")
        check("a\u{e4} 3 2", "column 2: \(name)")
        check("up 1 2 # trace", "column 10: an exemplar begins with {")
        check("# TYPE up thing", "column 11: thing is no type of a metric")
        check("up 1 1.5", "column 6: 1.5 is no time in milliseconds since 1970", format: .prometheus)
        check(
            "# mon_bits 12", "column 1: mon_bits is followed by the 16 hexadecimal digits of a NaN",
            format: .prometheus)
    }

    @Test func theEndIsLookedAfter() {
        #expect(ReadSamples("up 1 1\n", .openmetrics).problems.first?.contains("no # EOF") == true)
        let behind = ReadSamples("up 1 1\n# EOF\nup 2 2\n", .openmetrics)
        #expect(behind.problems == ["line 3, column 1: the input goes on behind # EOF"])
        #expect(behind.samples.count == 1)
        #expect(ReadSamples("up 1 1\n# EOF\n\n", .openmetrics).problems.isEmpty)
        // No end of the last line.
        #expect(ReadSamples("up 1 1\n# EOF", .openmetrics) == ReadSamples("up 1 1\n# EOF\n", .openmetrics))
        #expect(ReadSamples("", .prometheus).samples.isEmpty)
    }

    @Test func aStrictReaderStopsAtTheFirstFault() {
        let read = ReadSamples("up 1 1\nup 2 2\nup x 3\nup 4 4\n# EOF\n", .openmetrics, isStrict: true)
        #expect(read.samples.count == 2 && read.problems.count == 1 && read.lines == 2)
        #expect(ReadSamples("up 1 1\n", .openmetrics, isStrict: true).problems.count == 1)
    }

    @Test func aLineMayBeSplitAnywhere() {
        let text = "# TYPE a counter\na_total{b=\"c\"} 1.5 1\r\na_total{b=\"c\"} 2.5 2\nbad line\nd NaN 3\n# EOF\n"
        let whole = ReadSamples(text, .openmetrics)
        #expect(whole.samples.count == 3 && whole.problems.count == 1)
        for size in 1...text.utf8.count {
            #expect(ReadSamples(Array(text.utf8), .openmetrics, pieces: { size }) == whole, "\(size)")
        }
    }

    @Test func aRecordThatIsTooLongIsPassedOver() {
        let long = "up{a=\"" + String(repeating: "x", count: 5000) + "\"} 1 1\n"
        let text = "up 1 1\n" + long + "up 2 2\n# EOF\n"
        let read = ReadSamples(Array(text.utf8), .openmetrics, recordBytesMax: 1000, pieces: { 300 })
        #expect(read.samples == ["up 1.0 1000", "up 2.0 2000"])
        #expect(read.problems.count == 1 && read.problems[0].hasPrefix("line 2, column 1: a record of more than 1000"))
        #expect(ReadSamples(text, .openmetrics).samples.count == 3)
    }

    @Test func hostileBytesNeverTrap() {
        let seeds: [(SampleFormat, String)] = [
            (
                .openmetrics,
                "# TYPE a counter\na_total{b=\"c\\n\"} 1 1.5 # {x=\"y\"} 1\n{\"q.z\"} NaN 2\n# EOF\n"
            ),
            (.prometheus, "# HELP a b\n# mon_bits 7ff0000000000002\na{b=\"c\"} NaN 1\n"),
            (
                .csv,
                "__name__,a,time,value\r\nup,\"x,\"\"y\",2026-01-01T00:00:00.5+01:00,1\r\n"
                    + "up,,1.5,nan(0x7ff0000000000002)\r\n"
            ),
            (
                .jsonl,
                #"{"metric":{"__name__":"u\u00fc"},"values":[1,null,"Infinity"],"timestamps":[1,2,3],"#
                    + #""mon_bits":{"1":"7ff0000000000002"}}"# + "\n"
            ),
            (
                .sar,
                #"{"sysstat":{"hosts":[{"a":1,"statistics":[{"timestamp":{"date":"2026-01-01","time":"00:00:00","#
                    + #""utc":1,"interval":5},"queue":{"ldavg-1":1.5}}]}]}}"# + "\n"
            ),
        ]
        var random = SeededGenerator(seed: 11)
        for (format, text) in seeds {
            let bytes = Array(text.utf8)
            #expect(ReadSamples(bytes, format).problems.isEmpty, "\(format)")
            #expect(!ReadSamples(bytes, format).samples.isEmpty, "\(format)")
            for count in bytes.indices { _ = ReadSamples(Array(bytes.prefix(count)), format, readBytes: 512) }
            for _ in 0..<1500 {
                var damaged = bytes
                for _ in 0..<Int.random(in: 1...6, using: &random) {
                    let place = Int.random(in: damaged.indices, using: &random)
                    let some = Array("\"\\{}[],:#\n\r\t 0e-.\0\u{ff}".utf8) + [0xff, 0x80]
                    damaged[place] = some.randomElement(using: &random) ?? 0
                }
                let size = Int.random(in: 1...40, using: &random)
                // Where it is cut makes no difference.
                let whole = ReadSamples(damaged, format, readBytes: 512)
                #expect(ReadSamples(damaged, format, readBytes: 512, pieces: { size }) == whole)
            }
        }
    }
}
