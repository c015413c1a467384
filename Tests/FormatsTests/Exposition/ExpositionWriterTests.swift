import Formats
import Model
import Query
import TestSupport
import Testing

@Suite struct ExpositionWriterTests {
    private func page(_ format: ExpositionFormat, _ families: ExpositionFamily...) -> String {
        var writer = TextWriter()
        ExpositionWriter.write(families, as: format, into: &writer)
        return writer.text
    }

    private func family(
        _ name: String, _ kind: MetricFamily.Kind, unit: String = "", help: String = "Help.",
        _ samples: (Labels, Double)...
    ) -> ExpositionFamily {
        ExpositionFamily(
            family: MetricFamily(name: name, kind: kind, unit: unit, help: help),
            samples: samples.map { ExpositionSample(labels: $0.0, value: $0.1) })
    }

    @Test func counterWithUnit() {
        let reads = family(
            "read_bytes_total", .counter, unit: "bytes", (Labels(name: "read_bytes_total", ["device": "sdb"]), 2),
            (Labels(name: "read_bytes_total", ["device": "sda"]), 1.5))
        #expect(
            page(.text, reads) == """
                # HELP read_bytes_total Help.
                # TYPE read_bytes_total counter
                read_bytes_total{device="sda"} 1.5
                read_bytes_total{device="sdb"} 2

                """)
        #expect(
            page(.openMetrics, reads) == """
                # HELP read_bytes Help.
                # TYPE read_bytes counter
                # UNIT read_bytes bytes
                read_bytes_total{device="sda"} 1.5
                read_bytes_total{device="sdb"} 2
                # EOF

                """)
    }

    @Test func familiesAreSortedMergedAndWithoutEmptyOnes() {
        let text = page(
            .text, family("b", .gauge, (Labels(name: "b"), 1)), family("c", .gauge),
            family("a", .gauge, (Labels(name: "a"), .nan)),
            family("b", .gauge, (Labels(name: "b", ["l": "x"]), -.infinity)))
        #expect(
            text == """
                # HELP a Help.
                # TYPE a gauge
                a NaN
                # HELP b Help.
                # TYPE b gauge
                b 1
                b{l="x"} -Inf

                """)
    }

    @Test func escapes() {
        let one = family("a", .gauge, help: "back\\slash \"quoted\"\nline", (Labels(name: "a", ["l": "\\ \" \n é"]), 1))
        #expect(page(.text, one).contains(#"# HELP a back\\slash "quoted"\nline"# + "\n"))
        #expect(page(.openMetrics, one).contains(#"# HELP a back\\slash \"quoted\"\nline"# + "\n"))
        #expect(page(.text, one).contains(#"a{l="\\ \" \n é"} 1"# + "\n"))
    }

    @Test func noHelpIsNoLine() {
        #expect(page(.text, family("a", .unknown, help: "", (Labels(name: "a"), 1))) == "# TYPE a untyped\na 1\n")
        #expect(
            page(.openMetrics, family("a", .unknown, help: "", (Labels(name: "a"), 1)))
                == "# TYPE a unknown\na 1\n# EOF\n")
    }

    @Test func infoAndStateSet() {
        let info = family("build_info", .info, unit: "info", (Labels(name: "build_info", ["version": "1"]), 1))
        #expect(
            page(.openMetrics, info)
                == "# HELP build Help.\n# TYPE build info\nbuild_info{version=\"1\"} 1\n# EOF\n")
        #expect(page(.text, info).contains("# TYPE build_info gauge\n"))
        let states = family(
            "state", .stateSet, (Labels(name: "state", ["state": "up"]), 1),
            (Labels(name: "state", ["state": "down"]), 0))
        #expect(page(.openMetrics, states).contains("# TYPE state stateset\nstate{state=\"down\"} 0\n"))
    }

    @Test func histogramsStayTogether() {
        let histogram = family(
            "d_seconds", .histogram, unit: "seconds",
            (Labels(name: "d_seconds_sum", ["c": "x"]), 3), (Labels(name: "d_seconds_count", ["c": "x"]), 2),
            (Labels(name: "d_seconds_bucket", ["c": "x", "le": "+Inf"]), 2),
            (Labels(name: "d_seconds_bucket", ["c": "x", "le": "10"]), 2),
            (Labels(name: "d_seconds_bucket", ["c": "x", "le": "2.5"]), 1),
            (Labels(name: "d_seconds_count", ["c": "w"]), 0),
            (Labels(name: "d_seconds_bucket", ["c": "w", "le": "+Inf"]), 0))
        #expect(
            page(.openMetrics, histogram) == """
                # HELP d_seconds Help.
                # TYPE d_seconds histogram
                # UNIT d_seconds seconds
                d_seconds_bucket{c="w",le="+Inf"} 0
                d_seconds_count{c="w"} 0
                d_seconds_bucket{c="x",le="2.5"} 1
                d_seconds_bucket{c="x",le="10"} 2
                d_seconds_bucket{c="x",le="+Inf"} 2
                d_seconds_count{c="x"} 2
                d_seconds_sum{c="x"} 3
                # EOF

                """)
    }

    @Test func whatBreaksTheRulesOfItsKindLosesItsKindOnly() {
        func check(_ one: ExpositionFamily, _ expected: String, line: Int = #line) {
            let text = page(.openMetrics, one)
            #expect(text.contains("# TYPE \(expected)\n"), "line \(line): \(text)")
        }
        check(family("reads", .counter, (Labels(name: "reads"), 1)), "reads unknown")
        check(family("_total", .counter, (Labels(name: "_total"), 1)), "_total unknown")
        check(family("a_total", .counter, (Labels(name: "a_total"), .nan)), "a_total unknown")
        check(family("a_total", .counter, (Labels(name: "a_total"), -1)), "a_total unknown")
        check(family("a_info", .info, (Labels(name: "a_info"), 2)), "a_info unknown")
        check(family("a", .stateSet, (Labels(name: "a"), 1)), "a unknown")
        check(family("a", .histogram, (Labels(name: "a_bucket"), 1)), "a unknown")
        check(family("a", .summary, (Labels(name: "a", ["quantile": "1.5"]), 1)), "a unknown")
        check(family("a", .summary, (Labels(name: "a", ["quantile": "0.5"]), 1)), "a summary")
    }

    @Test func unitOnlyWhereTheNameEndsInIt() {
        let one = family("load", .gauge, unit: "processes", (Labels(name: "load"), 1))
        #expect(!page(.openMetrics, one).contains("# UNIT"))
        #expect(!page(.text, family("a_bytes", .gauge, unit: "bytes", (Labels(name: "a_bytes"), 1))).contains("# UNIT"))
    }

    @Test func aCounterGivesWayToAGaugeOfItsShortName() {
        let text = page(
            .openMetrics, family("x", .gauge, (Labels(name: "x"), 1)),
            family("x_total", .counter, (Labels(name: "x_total"), 2)))
        #expect(text.contains("# TYPE x gauge\nx 1\n"))
        #expect(text.contains("# TYPE x_total unknown\nx_total 2\n"))
    }

    @Test func staleSeriesAndForeignCharacters() {
        let text = page(
            .text,
            family(
                "a.b", .gauge, (Labels(name: "a.b", ["k é": "1"]), 1), (Labels(name: "a.b"), .staleMarker),
                (Labels(name: "a_b", ["k_ü": "1"]), 2)))
        #expect(text == "# HELP a_b Help.\n# TYPE a_b gauge\na_b{k__=\"1\"} 1\n")
        #expect(page(.text, family("1a", .gauge, (Labels(name: "1a"), 1))).contains("\n_1a 1\n"))
    }

    @Test func emptyPage() {
        #expect(page(.text) == "")
        #expect(page(.openMetrics) == "# EOF\n")
    }

    @Test func queryAnswersHaveTheirTimes() throws {
        let matrix = QueryValue.matrix([
            series(Labels(name: "a_total", ["l": "2"]), (1500, 1), (3000, 2)),
            series(Labels(name: "a_total"), (1500, 5)),
        ])
        let text = try formatted("openmetrics", matrix, []) {
            $0.families = ["a_total": MetricFamily(name: "a_total", kind: .counter, help: "A.")]
        }
        #expect(
            text == """
                # HELP a A.
                # TYPE a counter
                a_total 5 1.5
                a_total{l="2"} 1 1.5
                a_total{l="2"} 2 3
                # EOF

                """)
        #expect(throws: FormatError.self) { try formatted("openmetrics", .vector([series(.empty, (0, 1))])) }
        #expect(throws: FormatError.self) {
            try formatted("openmetrics", .scalar(Sample(time: Timestamp(milliseconds: 0), value: 1)))
        }
    }

    /// A small reader of the text format finds again what was written, whatever labels and values are.
    @Test(arguments: [UInt64(11), 12, 13])
    func anyPageComesBack(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("ab\\\"\n{},= é")
        let values: [Double] = [0, -0.0, 1, 0.1, 1e-300, 1e300, .infinity, -.infinity, 123_456_789.125]
        for _ in 0..<100 {
            var expected: [Labels: Double] = [:]
            for _ in 0..<Int.random(in: 1...5, using: &generator) {
                let text = String((0..<4).map { _ in alphabet.randomElement(using: &generator)! })
                let name = ["a", "b_c", "d:e"].randomElement(using: &generator)!
                expected[Labels(name: name, ["l1": text, "l2": "x"])] = values.randomElement(using: &generator)!
            }
            let samples = expected.map { ExpositionSample(labels: $0.key, value: $0.value) }
            var writer = TextWriter()
            ExpositionWriter.write(ExpositionFamily.group(samples, families: [:]), as: .text, into: &writer)
            let read = try read(writer.text)
            #expect(read.mapValues(\.bitPattern) == expected.mapValues(\.bitPattern), "seed \(seed)")
        }
    }

    private func read(_ text: String) throws -> [Labels: Double] {
        var found: [Labels: Double] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let end = try #require(line.lastIndex(of: " "))
            let value = try #require(Double(line[line.index(after: end)...]))
            var rest = Array(line[..<end])[...]
            var builder = LabelsBuilder()
            builder.set("__name__", String(rest.prefix { $0 != "{" }))
            rest = rest.drop { $0 != "{" }.dropFirst()
            while !rest.isEmpty, rest.first != "}" {
                let name = String(rest.prefix { $0 != "=" })
                rest = rest.drop { $0 != "=" }.dropFirst(2)
                var text = ""
                while let character = rest.popFirst(), character != "\"" {
                    if character != "\\" {
                        text.append(character)
                    } else if let escaped = rest.popFirst() {
                        text.append(escaped == "n" ? "\n" : escaped)
                    }
                }
                builder.set(name, text)
                if rest.first == "," { rest.removeFirst() }
            }
            found[builder.labels()] = value
        }
        return found
    }
}
