import Model
package import Query

/// The answer of ``PrometheusJSON`` piece by piece, for one that may be large: text is made when the piece before is on
/// its way, and a series is let go of once it is written.
package struct PrometheusPieces: Sendable {
    private let result: QueryResult
    private let showsStatistics: Bool
    private let pieceBytes: Int
    private var series: [ResultSeries] = []
    private var isMatrix = false
    private var lists: SampleLists?
    private var place = 0
    private var hasBegun = false
    /// Whether there are no more.
    package private(set) var isAtEnd = false

    /// - Parameters:
    ///   - showsStatistics: as ``PrometheusJSON/write(_:showsStatistics:into:)`` has it.
    ///   - pieceBytes: A piece is longer than this by less than a series.
    package init(_ result: consuming QueryResult, showsStatistics: Bool, pieceBytes: Int = 256 << 10) {
        self.showsStatistics = showsStatistics
        self.pieceBytes = pieceBytes
        switch result.value {
        case .vector(let series):
            self.series = series
            result.value = .vector([])
        case .matrix(let series):
            self.series = series
            lists = SampleLists(series)
            isMatrix = true
            result.value = .matrix([])
        case .scalar, .string: break
        }
        self.result = result
    }

    /// The next piece; nil behind the last.
    package mutating func next() -> [UInt8]? {
        if isAtEnd { return nil }
        var writer = TextWriter()
        write(into: &writer)
        return writer.take()
    }

    mutating func write(into writer: inout TextWriter) {
        // Asked for once: an array that is asked for room again and again is copied each time.
        writer.reserve(bytesExpected)
        if !hasBegun { begin(&writer) }
        while place < series.count && writer.bytes.count < pieceBytes {
            if place > 0 { writer.write(byte: UInt8(ascii: ",")) }
            if let lists {
                writer.write("{\"metric\":")
                PrometheusJSON.write(series[place].labels, into: &writer)
                writer.write(",\"values\":")
                lists.write(series[place].samples, into: &writer)
                writer.write("}")
            } else {
                PrometheusJSON.write(series[place], isMatrix: false, into: &writer)
            }
            // Not where somebody else has them as well, as all of an answer in one piece may be.
            if pieceBytes < .max { series[place] = ResultSeries(labels: .empty, samples: []) }
            place += 1
        }
        if place < series.count { return }
        isAtEnd = true
        switch result.value {
        case .vector, .matrix: writer.write("]")
        case .scalar, .string: break
        }
        if showsStatistics { PrometheusJSON.write(result.statistics, into: &writer) }
        writer.write("}")
        PrometheusJSON.end(annotations: result.annotations, into: &writer)
    }

    /// About how long the next piece is.
    private var bytesExpected: Int {
        var expected = 256
        for one in series[place...] {
            expected += 256 + 28 * one.samples.count
            if expected > pieceBytes { break }
        }
        return expected
    }

    private mutating func begin(_ writer: inout TextWriter) {
        hasBegun = true
        PrometheusJSON.begin(into: &writer)
        switch result.value {
        case .scalar(let sample):
            writer.write("{\"resultType\":\"scalar\",\"result\":[")
            writer.write(TimeText.unix(sample.time))
            // Never with an exponent, unlike the values of a vector.
            writer.write(",\"\(FloatText.plain(sample.value))\"]")
        case .string(let time, let text):
            writer.write("{\"resultType\":\"string\",\"result\":[")
            writer.write(TimeText.unix(time))
            writer.write(",")
            JSONText.write(string: text, into: &writer)
            writer.write("]")
        case .vector: writer.write("{\"resultType\":\"vector\",\"result\":[")
        case .matrix: writer.write("{\"resultType\":\"matrix\",\"result\":[")
        }
    }
}
