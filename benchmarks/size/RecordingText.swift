import BenchmarkSupport
import Model

/// A recording as text: `series value time` lines, the samples of a series one after another, times in seconds with
/// decimals or in whole milliseconds.
struct RecordingText {
    private(set) var labels: [Labels] = []
    /// Samples of each series in order of the file: milliseconds and value.
    private(set) var samples: [[(time: Int64, value: Double)]] = []
    private var places: [[UInt8]: Int] = [:]

    var sampleCount: Int { samples.reduce(0) { $0 + $1.count } }

    init(_ bytes: [UInt8], path: String) {
        var at = 0
        var line = 0
        /// The series of the line before, which most lines repeat.
        var (name, place) = ([] as [UInt8], -1)
        while at < bytes.count {
            let end = bytes[at...].firstIndex(of: 10) ?? bytes.count
            line += 1
            defer { at = end + 1 }
            if end == at || bytes[at] == UInt8(ascii: "#") { continue }
            guard let sample = RecordingText.fields(bytes[at..<end]) else { fail("\(path):\(line): no sample") }
            if !sample.series.elementsEqual(name) {
                name = Array(sample.series)
                place = self.place(of: name, "\(path):\(line)")
            }
            samples[place].append((sample.time, sample.value))
        }
    }

    private mutating func place(of name: [UInt8], _ position: String) -> Int {
        if let known = places[name] { return known }
        guard let parsed = RecordingText.labels(name) else { fail("\(position): no series") }
        let place = labels.count
        places[name] = place
        labels.append(parsed)
        samples.append([])
        return place
    }

    private static func fields(
        _ line: ArraySlice<UInt8>
    ) -> (series: ArraySlice<UInt8>, value: Double, time: Int64)? {
        guard let last = line.lastIndex(of: 32), let first = line[..<last].lastIndex(of: 32) else { return nil }
        guard let value = Double(String(decoding: line[(first + 1)..<last], as: UTF8.self)),
            let time = milliseconds(line[(last + 1)...])
        else { return nil }
        return (line[..<first], value, time)
    }

    /// `1795430401.289` is seconds, `1795430401289` milliseconds.
    private static func milliseconds(_ text: ArraySlice<UInt8>) -> Int64? {
        guard let number = Double(String(decoding: text, as: UTF8.self)) else { return nil }
        return Int64(exactly: text.contains(UInt8(ascii: ".")) ? (number * 1000).rounded() : number)
    }

    /// `name{a="b",c="d"}`, with the escapes of the exposition format.
    private static func labels(_ text: [UInt8]) -> Labels? {
        let open = text.firstIndex(of: UInt8(ascii: "{")) ?? text.count
        var labels = [Label(Labels.metricNameLabel, String(decoding: text[..<open], as: UTF8.self))]
        var at = open + 1
        while at < text.count, text[at] != UInt8(ascii: "}") {
            guard let equals = text[at...].firstIndex(of: UInt8(ascii: "=")), equals + 1 < text.count else {
                return nil
            }
            let name = String(decoding: text[at..<equals], as: UTF8.self)
            var value: [UInt8] = []
            at = equals + 2
            while at < text.count, text[at] != UInt8(ascii: "\"") {
                if text[at] == UInt8(ascii: "\\"), at + 1 < text.count {
                    at += 1
                    value.append(text[at] == UInt8(ascii: "n") ? 10 : text[at])
                } else {
                    value.append(text[at])
                }
                at += 1
            }
            labels.append(Label(name, String(decoding: value, as: UTF8.self)))
            at += 1
            if at < text.count, text[at] == UInt8(ascii: ",") { at += 1 }
        }
        return Labels(labels)
    }
}
