import Formats
import Model
import Sampler

/// Reads the text files that the sampler is given, in the format that `mon import` takes.
enum TextFileReader {
    /// Everything that is right in the text, dated `now` whatever it says.
    static func read(_ bytes: [UInt8], _ now: Timestamp) -> TextFileContent {
        var reader = SampleReader(.prometheus, now: now, readBytes: max(bytes.count, 1))
        var content = TextFileContent()
        var series: [Labels] = []
        var rest = bytes[...]
        func fill(_ room: UnsafeMutableRawBufferPointer) -> Int {
            let count = min(rest.count, room.count)
            unsafe room.copyBytes(from: rest.prefix(count))
            rest = rest.dropFirst(count)
            return count
        }
        while unsafe reader.read(from: fill) {
            series += reader.batch.series
            content.families += reader.batch.families
            for place in 0..<reader.batch.count {
                content.samples.append((series[Int(reader.batch.numbers[place])], reader.batch.values[place]))
                if reader.batch.times[place] != now.milliseconds {
                    content.problem = content.problem ?? "a sample with a time of its own, which is left out of account"
                }
            }
        }
        if let first = reader.problems.first.first { content.problem = first.description }
        return content
    }
}

extension SystemCalls {
    /// This machine, and what of its files others can read.
    static let withReaders: SystemCalls = {
        var calls = SystemCalls.live
        calls.readTextFile = { TextFileReader.read($0, $1) }
        return calls
    }()
}
