import Model

@testable import Formats

/// What a reader makes of a text: samples in order, by series.
struct ReadSamples: Equatable {
    var samples: [String] = []
    var problems: [String] = []
    var families: [MetricFamily] = []
    var lines = 0

    /// Reads `bytes` in pieces of the sizes that `next` gives, none larger than `readBytes`: a buffer of that size is
    /// made for each reader, and tests of damages make tens of thousands of them.
    init(
        _ bytes: [UInt8], _ format: SampleFormat, isStrict: Bool = false, recordBytesMax: Int = 1 << 20,
        readBytes: Int = 1 << 12, pieces next: () -> Int = { 1 << 16 }
    ) {
        var at = 0
        var reader = SampleReader(
            format, now: Timestamp(milliseconds: 42), isStrict: isStrict, readBytes: readBytes,
            recordBytesMax: recordBytesMax)
        var series: [Labels] = []
        var told: [String: MetricFamily] = [:]
        while reader.read(from: { buffer in
            let count = min(max(1, next()), bytes.count - at, buffer.count)
            for place in 0..<count { buffer[place] = bytes[at + place] }
            at += count
            return count
        }) {
            let batch = reader.batch
            if batch.startsAnew { series.removeAll() }
            series += batch.series
            for place in 0..<batch.count {
                let value = batch.values[place]
                let text = value.isNaN ? "NaN:" + String(value.bitPattern, radix: 16) : "\(value)"
                samples.append("\(series[Int(batch.numbers[place])]) \(text) \(batch.times[place])")
            }
            for family in batch.families { told[family.name] = family }
        }
        problems = reader.problems.first.map(\.description)
        families = told.values.sorted { $0.name < $1.name }
        lines = reader.lineCount
    }

    init(_ text: String, _ format: SampleFormat, isStrict: Bool = false) {
        self.init(Array(text.utf8), format, isStrict: isStrict)
    }
}
