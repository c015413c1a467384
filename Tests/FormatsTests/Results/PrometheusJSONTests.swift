import Formats
import Model
import Query
import Testing

@Suite struct PrometheusJSONTests {
    @Test func vector() throws {
        let value = QueryValue.vector([
            series(Labels(name: "up", ["job": "node"]), (1_700_001_265_000, 42)),
            series(.empty, (1_700_001_302_500, .nan)),
        ])
        #expect(
            try formatted("json", value) == """
                {"status":"success","data":{"resultType":"vector","result":[\
                {"metric":{"__name__":"up","job":"node"},"value":[1700001265,"42"]},\
                {"metric":{},"value":[1700001302.500,"NaN"]}]}}

                """)
    }

    @Test func matrixScalarStringAndNothing() throws {
        let matrix = QueryValue.matrix([series(Labels(name: "a"), (-1500, .infinity), (1, -.infinity))])
        #expect(
            try formatted("json", matrix)
                == #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"a"},"#
                + #""values":[[-1.500,"+Inf"],[0.001,"-Inf"]]}]}}"# + "\n")
        let scalar = QueryValue.scalar(Sample(time: Timestamp(milliseconds: 10), value: 0.5))
        #expect(
            try formatted("json", scalar)
                == #"{"status":"success","data":{"resultType":"scalar","result":[0.01,"0.5"]}}"# + "\n")
        let text = QueryValue.string(time: Timestamp(milliseconds: 2000), value: "a\"b")
        #expect(
            try formatted("json", text)
                == #"{"status":"success","data":{"resultType":"string","result":[2,"a\"b"]}}"# + "\n")
        #expect(
            try formatted("json", .vector([]))
                == #"{"status":"success","data":{"resultType":"vector","result":[]}}"# + "\n")
    }

    @Test func annotationsAreThereOnlyWhenThereAreSome() throws {
        let annotations = [Annotation(.info, "i (1:1)"), Annotation(.warning, "w (1:2)"), Annotation(.info, "j")]
        #expect(
            try formatted("json", .vector([]), annotations)
                == #"{"status":"success","data":{"resultType":"vector","result":[]},"warnings":["w (1:2)"],"#
                + #""infos":["i (1:1)","j"]}"# + "\n")
    }

    @Test func manyAnnotationsAreCounted() throws {
        let annotations = (1...12).map { Annotation(.info, "i\($0)") } + [Annotation(.warning, "w")]
        let text = try formatted("json", .vector([]), annotations)
        #expect(text.contains(#","warnings":["w"],"infos":["i1","i2","#))
        #expect(text.hasSuffix(#","i10","2 more info annotations omitted"]}"# + "\n"))
    }

    @Test func numbersAsPrometheusWritesThem() throws {
        func check(_ value: Double, _ expected: String) throws {
            let text = try formatted("json", .vector([series(.empty, (0, value))]))
            #expect(text.hasSuffix(#""value":[0,"\#(expected)"]}]}}"# + "\n"), "\(value): \(text)")
        }
        // A scalar never has an exponent.
        for (value, expected) in [(1e21, "1000000000000000000000"), (-1e-10, "-0.0000000001"), (.infinity, "+Inf")] {
            let text = try formatted("json", .scalar(Sample(time: Timestamp(milliseconds: 0), value: value)))
            #expect(text.hasSuffix(#""result":[0,"\#(expected)"]}}"# + "\n"), "\(value): \(text)")
        }
        try check(0, "0")
        try check(-0.0, "-0")
        try check(0.000001, "0.000001")
        try check(0.00000012, "1.2e-07")
        try check(123456789012, "123456789012")
        try check(1e20, "100000000000000000000")
        try check(1e21, "1e+21")
        try check(1.7976931348623157e308, "1.7976931348623157e+308")
        try check(.leastNonzeroMagnitude, "5e-324")
    }

    @Test func escapesWhatJSONAsksFor() {
        func check(_ text: String, _ expected: String) {
            var writer = TextWriter()
            JSONText.write(string: text, into: &writer)
            #expect(writer.text == expected)
        }
        check("", #""""#)
        check(#"a"b\c"#, #""a\"b\\c""#)
        check("\n\r\t\u{0}\u{1f}\u{7f}", #""\n\r\t\u0000\u001f"# + "\u{7f}\"")
        check("größe 温度 🌡", "\"größe 温度 🌡\"")
    }

    @Test func errorEnvelope() {
        var writer = TextWriter()
        PrometheusJSON.write(errorType: "bad_data", message: "1:2: \"x\"", into: &writer)
        #expect(writer.text == #"{"status":"error","errorType":"bad_data","error":"1:2: \"x\""}"#)
    }

    @Test func listings() {
        var writer = TextWriter()
        PrometheusJSON.write(names: ["a", "b"], into: &writer)
        #expect(writer.take() == Array(#"{"status":"success","data":["a","b"]}"#.utf8))
        PrometheusJSON.write(series: [Labels(name: "a"), .empty], into: &writer)
        #expect(writer.take() == Array(#"{"status":"success","data":[{"__name__":"a"},{}]}"#.utf8))
        let family = MetricFamily(name: "a_bytes", kind: .gauge, unit: "bytes", help: "How much.")
        PrometheusJSON.write(families: [family, family], into: &writer)
        let entry = #""a_bytes":[{"type":"gauge","help":"How much.","unit":"bytes"}]"#
        #expect(writer.text == #"{"status":"success","data":{\#(entry),\#(entry)}}"#)
    }
}
