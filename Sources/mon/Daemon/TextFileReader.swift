import Formats
import Model
import Sampler
import Server

/// Reads the pages and text files that the sampler is given, in the formats that `mon import` takes.
enum TextFileReader {
    /// Everything that is right in the text, dated `now` whatever it says.
    static func read(_ bytes: [UInt8], _ now: Timestamp) -> TextFileContent {
        read(bytes, .prometheus, now, seriesMax: .max, mindsTimes: true)
    }

    /// The same of a page, up to so many series. Times on it are left out of account.
    static func read(_ bytes: [UInt8], _ format: PageFormat, _ now: Timestamp, seriesMax: Int) -> TextFileContent {
        let format: SampleFormat = format == .openMetrics ? .openmetrics : .prometheus
        return read(bytes, format, now, seriesMax: seriesMax, mindsTimes: false)
    }

    private static func read(
        _ bytes: [UInt8], _ format: SampleFormat, _ now: Timestamp, seriesMax: Int, mindsTimes: Bool
    ) -> TextFileContent {
        // Small pieces, so that a page of too many series is noticed before all of it is in memory twice.
        var reader = SampleReader(format, now: now, readBytes: min(max(bytes.count, 1), 1 << 18))
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
            if reader.batch.startsAnew { series.removeAll() }
            series += reader.batch.series
            content.families += reader.batch.families
            for place in 0..<reader.batch.count {
                if content.samples.count == seriesMax {
                    content.isTooLong = true
                    return content
                }
                content.samples.append((series[Int(reader.batch.numbers[place])], reader.batch.values[place]))
                if mindsTimes, reader.batch.times[place] != now.milliseconds {
                    content.problem = content.problem ?? "a sample with a time of its own, which is left out of account"
                }
            }
        }
        if let first = reader.problems.first.first { content.problem = first.description }
        return content
    }
}

extension SystemCalls {
    /// This machine, and what of its files and pages others can read.
    static let withReaders: SystemCalls = {
        var calls = SystemCalls.live
        calls.readTextFile = { TextFileReader.read($0, $1) }
        calls.readPage = { TextFileReader.read($0, $1, $2, seriesMax: $3) }
        calls.unpackGzip = { Gzip.unpack($0, bytesMax: $1) }
        return calls
    }()
}
