import Model
import Testing

@testable import Formats

@Suite struct CSVParserTests {
    private func check(
        _ text: String, _ samples: String..., problems: [String] = [], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let read = ReadSamples(text, .csv)
        #expect(read.samples == samples, sourceLocation: sourceLocation)
        #expect(read.problems == problems, sourceLocation: sourceLocation)
        for size in 1...20 {
            #expect(
                ReadSamples(Array(text.utf8), .csv, pieces: { size }) == read, "\(size)", sourceLocation: sourceLocation
            )
        }
    }

    @Test func whatDumpWrites() {
        check(
            "metric,labels,time,value\r\nup,,1.5,1\r\nup,,2,-0\r\nup,\"{a=\"\"b,c\"\"}\",2,NaN\r\n",
            "up 1.0 1500", "up -0.0 2000", "up{a=\"b,c\"} NaN:7ff8000000000000 2000")
        check("metric,labels,time,value\nup,,1,nan(0x7ff0000000000002)\n", "up NaN:7ff0000000000002 1000")
    }

    @Test func whatQueryWrites() {
        check(
            "__name__,period,time,value\r\nload,1m,2023-11-14T22:13:20Z,0.5\r\n"
                + "load,1m,2023-11-14T23:13:20.25+01:00,1\r\n",
            "load{period=\"1m\"} 0.5 1700000000000", "load{period=\"1m\"} 1.0 1700000000250")
        // A label that is called as a column is, too.
        check("__name__,value,time,value\nup,x,1,2\n", "up{value=\"x\"} 2.0 1000")
    }

    @Test func anyOrderOfColumns() {
        check("value,metric,timestamp,host\n1,up,5,a\n2,up,6,\n", "up{host=\"a\"} 1.0 5000", "up 2.0 6000")
        check("\u{feff}metric,time,value\nup,1,2\n", "up 2.0 1000")
        check("\u{feff}\"metric\",time,value\nup,1,2\n", "up 2.0 1000")
        check(
            "metric,a,time,value\nup,\"x\ny\",1,2\nup,\"x\ny\",2,3\n", "up{a=\"x\\ny\"} 2.0 1000",
            "up{a=\"x\\ny\"} 3.0 2000")
    }

    @Test func faultsTellLineAndColumn() {
        let head = "metric,labels,time,value\n"
        check("a,b\nup,1\n", problems: ["line 1, column 1: no column is called value"])
        check(head + "up,,1\n", problems: ["line 2, column 1: 3 fields where the first line has 4"])
        check(
            head + "up,,yesterday,1\n",
            problems: [
                "line 2, column 5: yesterday is no time: RFC 3339 or seconds since 1970"
            ])
        check(head + "up,,1,x\nup,,2,3\n", "up 3.0 2000", problems: ["line 2, column 7: x is no number"])
        check(head + "up,{a},1,x\n", problems: ["line 2, column 10: x is no number"])
        check(head + "up,{a},1,1\n", problems: ["line 2, column 6: = is expected"])
        check(head + ",,1,1\n", problems: ["line 2, column 1: the name of a metric is missing"])
        check(head + "\"up,,1,1\n", problems: ["line 2, column 1: a quote is not closed"])
    }

    @Test func momentsOfTheCalendar() {
        func check(_ text: String, _ milliseconds: Int64?, sourceLocation: SourceLocation = #_sourceLocation) {
            #expect(RFC3339.milliseconds(Array(text.utf8)) == milliseconds, sourceLocation: sourceLocation)
        }
        check("1970-01-01T00:00:00Z", 0)
        check("1969-12-31T23:59:59.999Z", -1)
        check("2024-02-29T12:00:00+05:30", 1_709_188_200_000)
        check("2026-03-29T01:02:03-01:00", 1_774_749_723_000)
        check("2026-13-01T00:00:00Z", nil)
        check("2026-01-01T00:00:00", nil)
        check("2026-01-01", nil)
        for milliseconds in stride(from: -3_000_000_000_000, through: 5_000_000_000_000, by: 86_399_123_457)
            as StrideThrough<Int64>
        {
            check(TimeText.rfc3339(Timestamp(milliseconds: milliseconds), .utc), milliseconds)
        }
    }
}

@Suite struct JSONLinesParserTests {
    private func check(
        _ line: String, _ samples: String..., problem: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let read = ReadSamples(line + "\n", .jsonl)
        #expect(read.samples == samples, sourceLocation: sourceLocation)
        #expect(read.problems == (problem.map { ["line 1, " + $0] } ?? []), sourceLocation: sourceLocation)
    }

    @Test func series() {
        let up = "\"metric\":{\"__name__\":\"up\",\"a\":\"b\"}"
        check(
            "{\(up),\"values\":[1,-2.5],\"timestamps\":[5,1700000000000]}", "up{a=\"b\"} 1.0 5",
            "up{a=\"b\"} -2.5 1700000000000")
        check("{ \"timestamps\" : [ 5 ] , \"values\" : [ 1e3 ] , \(up) }", "up{a=\"b\"} 1000.0 5")
        check(
            "{\(up),\"values\":[null,\"Infinity\",\"-Infinity\",\"NaN\"],\"timestamps\":[1,2,3,4]}",
            "up{a=\"b\"} NaN:7ff8000000000000 1", "up{a=\"b\"} inf 2", "up{a=\"b\"} -inf 3",
            "up{a=\"b\"} NaN:7ff8000000000000 4")
        check(
            "{\(up),\"values\":[1,null],\"timestamps\":[1,2],\"mon_bits\":{\"1\":\"7ff0000000000002\"},"
                + "\"x\":{\"y\":[1]}}",
            "up{a=\"b\"} 1.0 1", "up{a=\"b\"} NaN:7ff0000000000002 2")
        check(
            "{\"metric\":{\"__name__\":\"a\\u00fc\\ud83d\\ude00\\n\"},\"values\":[1],\"timestamps\":[-5]}",
            "{__name__=\"aü😀\\n\"} 1.0 -5")
        check(
            "{\(up),\"values\":[-Inf,NaN],\"timestamps\":[1,2]}", "up{a=\"b\"} -inf 1",
            "up{a=\"b\"} NaN:7ff8000000000000 2")
        check("{\(up),\"values\":[],\"timestamps\":[]}")
        check("")
    }

    @Test func whatQueryWrites() {
        let up = "\"metric\":{\"__name__\":\"up\"}"
        check("{\(up),\"values\":[[1.5,\"1\"],[2,\"NaN\"]]}", "up 1.0 1500", "up NaN:7ff8000000000000 2000")
        check("{\(up),\"value\":[1,\"+Inf\"]}", "up inf 1000")
    }

    @Test func faults() {
        let up = "\"metric\":{\"__name__\":\"up\"}"
        check("{\(up),\"values\":[1],\"timestamps\":[]}", problem: "column 1: 1 values, but 0 timestamps")
        check("{\"values\":[1],\"timestamps\":[1]}", problem: "column 1: \"metric\" is missing")
        check("{\(up),\"values\":[1]}", problem: "column 1: \"timestamps\" is missing")
        check("{\(up),\"values\":[1x],\"timestamps\":[1]}", problem: "column 40: ] is expected")
        check("{\(up),\"values\":[1],\"timestamps\":[1.5]}", problem: "column 56: a whole number is expected")
        check(
            "{\"metric\":{},\"values\":[1],\"timestamps\":[1]}",
            problem: "column 11: the name of a metric, __name__, is missing")
        check("{\(up)", problem: "column 28: } is expected")
        check("[1]", problem: "column 1: { is expected")
        check("{\(up),\"values\":[1],\"timestamps\":[1]} x", problem: "column 60: the end of the line is expected")
    }
}

@Suite struct FirstBytesTests {
    /// Whoever edits a file may put a byte order mark before it.
    @Test func aByteOrderMarkIsPassedOver() {
        for (text, format) in [
            ("up 1 5\n", SampleFormat.prometheus), ("up 1 0.005\n# EOF\n", .openmetrics),
            ("{\"metric\":{\"__name__\":\"up\"},\"values\":[1],\"timestamps\":[5]}", .jsonl),
            ("metric,labels,time,value\nup,,0.005,1\n", .csv),
        ] {
            for size in 1...5 {
                let read = ReadSamples(Array("\u{feff}\(text)".utf8), format, pieces: { size })
                #expect(read.samples == ["up 1.0 5"] && read.problems.isEmpty, "\(format): \(read.problems)")
            }
        }
        #expect(ReadSamples("", .prometheus).samples.isEmpty)
        #expect(ReadSamples("x", .prometheus).problems.count == 1)
    }

    @Test func gzipIsNamed() {
        let bytes: [UInt8] = [0x1f, 0x8b, 8, 0, 10, 10, 10, 65, 10, 0x1f, 0x8b, 10]
        for format in SampleFormat.allCases {
            for size in [1, 2, 5, 100] {
                let read = ReadSamples(bytes, format, pieces: { size })
                #expect(read.samples.isEmpty && read.problems.count == 1, "\(format): \(read.problems)")
                #expect(read.problems.first?.contains("gzip, no text; unpack it: zcat FILE | mon import") == true)
            }
        }
    }

    /// Not an infinity that nobody has measured.
    @Test func numbersBeyondAFloat64AreRefused() {
        let fault = " is beyond the largest number that a sample can have"
        func check(_ text: String, _ format: SampleFormat, sourceLocation: SourceLocation = #_sourceLocation) {
            let read = ReadSamples(text, format)
            #expect(read.samples.isEmpty && read.problems.count == 1, sourceLocation: sourceLocation)
            #expect(read.problems.first?.hasSuffix(fault) == true, "\(read.problems)", sourceLocation: sourceLocation)
        }
        check("up 1e400 1\n", .prometheus)
        check("up -1e400 1\n# EOF\n", .openmetrics)
        check("metric,labels,time,value\nup,,1,1e309\n", .csv)
        for value in ["1e400", "-1e400", "\"1e400\""] {
            check("{\"metric\":{\"__name__\":\"up\"},\"values\":[\(value)],\"timestamps\":[1]}", .jsonl)
        }
        #expect(ReadSamples("up 1e308 1\nup +Inf 2\n", .prometheus).samples == ["up 1e+308 1", "up inf 2"])
        #expect(ReadSamples("up 1e-400 1\n", .prometheus).samples == ["up 0.0 1"])
    }
}

@Suite struct SarParserTests {
    @Test func mapsWhatTheAgentKnows() {
        let text = """
            {"sysstat":{"hosts":[{"nodename":"a{[","statistics":[
            {"timestamp":{"date":"2026-01-01","time":"00:00:05","utc":1,"interval":5},
             "cpu-load":[{"cpu":"all","usr":20.0,"idle":70.0,"iowait":5.0},
                         {"cpu":"0","usr":20.0,"guest":10.0,"idle":70.0}],
             "queue":{"ldavg-1":1.5},"io":{"tps":1},
             "disk":[{"disk-device":"sda","rd_sec":8.0,"wr_sec":0.0,"util-percent":50.0,"aqu-sz":2.0}],
             "memory":{"memfree":600,"avail":700,"memused":200,"memused-percent":20.0,"buffers":50,"cached":100,
                       "slab":50}},
            {"timestamp":{"date":"2026-01-01","time":"00:00:10","utc":1,"interval":5},
             "disk":[{"disk-device":"sda","rd_sec":2.0,"wr_sec":0.0}]}
            ]}]}}
            """
        let read = ReadSamples(text, .sar)
        #expect(read.problems.isEmpty)
        for sample in [
            "cpu_usage_percent 25.0 1767225605000", "load_average{period=\"1m\"} 1.5 1767225605000",
            "cpu_time_seconds_total{cpu=\"0\", mode=\"user\"} 1.5 1767225605000",
            "disk_io_read_bytes_total{device=\"sda\"} 20480.0 1767225605000",
            "disk_io_read_bytes_total{device=\"sda\"} 25600.0 1767225610000",
            "disk_io_busy_seconds_total{device=\"sda\"} 2.5 1767225605000",
            "memory_total_bytes 1024000.0 1767225605000", "memory_used_bytes 307200.0 1767225605000",
        ] {
            #expect(read.samples.contains(sample), "\(sample) is not among \(read.samples)")
        }
        for size in 1...60 { #expect(ReadSamples(Array(text.utf8), .sar, pieces: { size }) == read, "\(size)") }
    }

    @Test func refusesLocalTimes() {
        let text =
            #"{"sysstat":{"hosts":[{"statistics":[{"timestamp":{"date":"2026-01-01","time":"00:00:05","#
            + #""utc":0}}]}]}}"#
        #expect(ReadSamples(text, .sar).problems.first?.contains("have sadf print UTC") == true)
    }
}
