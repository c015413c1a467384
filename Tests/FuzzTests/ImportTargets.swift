import Formats
import Model

extension FuzzTarget {
    /// Samples as text: the first byte says in which format. What is read does not depend on where reads end.
    static let samples = FuzzTarget(name: "samples", seeds: { sampleTexts }) { bytes in
        guard let first = bytes.first else { return nil }
        let format = SampleFormat.allCases[Int(first) % SampleFormat.allCases.count]
        let text = Array(bytes.dropFirst())
        let whole = read(text, format, pieces: text.count + 1)
        return read(text, format, pieces: 7) == whole ? nil : "what is read depends on where reads end"
    }

    /// What a reader makes of a text, in words.
    private static func read(_ text: [UInt8], _ format: SampleFormat, pieces: Int) -> [String] {
        var reader = SampleReader(format, now: Timestamp(milliseconds: 42), readBytes: 1 << 13, recordBytesMax: 1 << 12)
        var at = 0
        var series: [Labels] = []
        var lines: [String] = []
        while reader.read(from: { buffer in
            let count = min(pieces, text.count - at, buffer.count)
            buffer.copyBytes(from: text[at..<at + count])
            at += count
            return count
        }) {
            if reader.batch.startsAnew { series.removeAll() }
            series += reader.batch.series
            for place in 0..<reader.batch.count {
                let name = series[Int(reader.batch.numbers[place])]
                lines.append("\(name) \(reader.batch.values[place].bitPattern) \(reader.batch.times[place])")
            }
        }
        return lines + reader.problems.first.map(\.description) + ["\(reader.problems.count) \(reader.lineCount)"]
    }

    private static var sampleTexts: [[UInt8]] {
        let texts: [(SampleFormat, String)] = [
            (
                .openmetrics,
                "# TYPE a counter\n# UNIT a seconds\n# HELP a What \\\"a\\\" is.\n"
                    + "a_total{i=\"1\",x=\"ü\\n\"} 1.5e3 1600000000.123\nb NaN 5 # {t=\"x\"} 1 2\n# EOF\n"
            ),
            (
                .prometheus,
                "# HELP m h\\\\n\n# TYPE m gauge\nm{a=\"b\",} -Inf 1600000000123\nm 0x1p-2\n\n  n 1e400 -5\n"
            ),
            (.csv, "time,name,value,i\n1600000000,m,1.5,a\n2026-03-29T01:02:03Z,\"m \"\"x\"\"\",NaN,\n,,\n"),
            (.csv, "time,m,\"n{i=\"\"1\"\"}\"\n5,1,2\n6,,3\n"),
            (
                .jsonl,
                "{\"metric\":{\"__name__\":\"m\",\"i\":\"\\u00fc\"},\"values\":[1,null,\"NaN\",1e9],"
                    + "\"timestamps\":[1,2,3,4]}\n{\"a\":[{}]}\n"
            ),
            (.sar, "# hostname;interval;timestamp;CPU;%user[...];%idle\nhost;600;1600000000;-1;1.5;98.5\n"),
        ]
        return texts.map { format, text in
            [UInt8(SampleFormat.allCases.firstIndex(of: format) ?? 0)] + Array(text.utf8)
        }
    }
}
