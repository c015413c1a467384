import Model
import TestSupport
import Testing

@testable import Formats

@Suite struct SampleDumpTests {
    private static func text(_ series: [(Labels, [Int64], [Double])], _ format: SampleFormat) -> [UInt8] {
        let dump = SampleDump(format)
        var writer = TextWriter()
        dump.start(into: &writer)
        for (labels, times, values) in series { dump.write(labels, times, values, into: &writer) }
        dump.finish(into: &writer)
        return writer.bytes
    }

    @Test func forms() {
        let labels = Labels(name: "up", ["a": "x\"\n\\,", "b.c": "d"])
        let series: [(Labels, [Int64], [Double])] = [(labels, [-500, 1000], [.staleMarker, 0.5])]
        func text(_ format: SampleFormat) -> String { String(decoding: Self.text(series, format), as: UTF8.self) }
        #expect(
            text(.openmetrics) == #"""
                up{a="x\"\n\\,","b.c"="d"} nAN -0.5
                up{a="x\"\n\\,","b.c"="d"} 0.5 1
                # EOF

                """#)
        #expect(
            text(.prometheus) == #"""
                # mon_bits 7ff0000000000002
                up{a="x\"\n\\,","b.c"="d"} NaN -500
                up{a="x\"\n\\,","b.c"="d"} 0.5 1000

                """#)
        #expect(
            text(.csv) == "metric,labels,time,value\r\n"
                + #"up,"{a=""x\""\n\\,"",""b.c""=""d""}",-0.5,nan(0x7ff0000000000002)"# + "\r\n"
                + #"up,"{a=""x\""\n\\,"",""b.c""=""d""}",1,0.5"# + "\r\n")
        #expect(
            text(.jsonl) == #"{"metric":{"__name__":"up","a":"x\"\n\\,","b.c":"d"},"values":[null,0.5],"#
                + #""timestamps":[-500,1000],"mon_bits":{"0":"7ff0000000000002"}}"# + "\n")
    }

    @Test func familiesAreToldOnce() {
        func head(_ family: MetricFamily, _ format: SampleFormat) -> String {
            var writer = TextWriter()
            SampleDump(format).begin(family, into: &writer)
            return writer.text
        }
        let reads = MetricFamily(name: "io_bytes_total", kind: .counter, unit: "bytes", help: "A \"b\".")
        #expect(
            head(reads, .openmetrics)
                == "# HELP io_bytes A \\\"b\\\".\n# TYPE io_bytes counter\n# UNIT io_bytes bytes\n")
        #expect(head(reads, .prometheus) == "# HELP io_bytes_total A \"b\".\n# TYPE io_bytes_total counter\n")
        let odd = MetricFamily(name: "a.b", kind: .counter, help: "")
        #expect(head(odd, .openmetrics) == "# TYPE \"a.b\" unknown\n")
        #expect(head(reads, .csv).isEmpty && head(reads, .jsonl).isEmpty)
    }

    private static let texts = ["", "v", "\"", "\\", "\n", ",", "}{ #", "\\n", "\r\n\t", "😀"]

    /// Every float64, label and time comes back to the bit, through every format.
    @Test(arguments: SampleFormat.written) func comesBackToTheBit(format: SampleFormat) {
        for seed in 1...20 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            var series: [(Labels, [Int64], [Double])] = []
            var expected: [String] = []
            for index in 0..<Int.random(in: 1...8, using: &random) {
                var builder = LabelsBuilder()
                builder.set("__name__", ["m", "a.b", "ü", "x y", "9"].randomElement(using: &random)! + "\(index)")
                for name in ["a", "b c", "é", "le", "\"q\"", "time", "value", "metric"]
                where Bool.random(using: &random) {
                    builder.set(
                        name,
                        Self.texts.randomElement(using: &random)!)
                }
                let labels = builder.labels()
                var times: [Int64] = []
                var values: [Double] = []
                for _ in 0..<Int.random(in: 1...30, using: &random) {
                    times.append(Int64.random(in: -5_000_000_000_000...5_000_000_000_000, using: &random))
                    let bits = UInt64.random(in: 0...UInt64.max, using: &random)
                    values.append(
                        [
                            Double(bitPattern: bits), Double(bitPattern: bits | 0x7ff0_0000_0000_0000),
                            Double(Int64(bitPattern: bits) >> 40) / 100, Double(Int64(bitPattern: bits) >> 30),
                            Double(bitPattern: bits & 0x800f_ffff_ffff_ffff), .staleMarker, -0.0, .nan,
                            awkwardValues.randomElement(using: &random)!,
                        ].randomElement(using: &random)!)
                }
                for (time, value) in zip(times, values) {
                    let text = value.isNaN ? "NaN:" + String(value.bitPattern, radix: 16) : "\(value)"
                    expected.append("\(labels) \(text) \(time)")
                }
                series.append((labels, times, values))
            }
            let bytes = Self.text(series, format)
            let read = ReadSamples(bytes, format)
            #expect(read.problems.isEmpty, "seed \(seed)")
            #expect(read.samples == expected, "seed \(seed)")
        }
    }
}

@Suite struct DecimalTextTests {
    /// Digits of any number and point are read as the C library reads them.
    @Test func fastNumbersAreTheNearest() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<200_000 {
            var digits = ""
            for _ in 0..<Int.random(in: 1...19, using: &random) { digits += "\(Int.random(in: 0...9, using: &random))" }
            let point = Int.random(in: 0...digits.count, using: &random)
            var text = digits
            if point < digits.count {
                text.insert(".", at: text.index(text.startIndex, offsetBy: point))
            }
            if text.hasPrefix(".") { text = "0" + text.dropLast() }
            if Bool.random(using: &random) { text = "-" + text }
            var at = 0
            let bytes = Array((text + " ").utf8)
            let value = DecimalText.fast(bytes.span, &at)
            #expect(value?.bitPattern == Double(text)?.bitPattern, "\(text)")
            #expect(at == text.utf8.count)
        }
    }

    /// Numbers that lie between two floats, where rounding decides.
    @Test func tiesGoToEven() {
        func check(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
            var at = 0
            let bytes = Array((text + " ").utf8)
            #expect(DecimalText.fast(bytes.span, &at) == Double(text), "\(text)", sourceLocation: sourceLocation)
        }
        check("9007199254740993")
        check("9007199254740992.5")
        check("4503599627370496.5")
        check("4503599627370497.5")
        check("4503599627370498.5")
        check("900719925474099.25")
        check("0.500000000000000111")
        check("9999999999999999999")
        check("0.000000000000000001")
        check("123456789012345.6789")
    }
}
