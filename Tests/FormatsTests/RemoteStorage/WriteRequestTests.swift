import Model
import Testing

@testable import Formats

/// Messages as senders make them.
enum RemoteMessage {
    static func sample(_ time: Int64, _ value: Double) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.double(1, value)
        writer.varint(2, UInt64(bitPattern: time))
        return writer.bytes
    }

    static func label(_ name: String, _ value: String) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.field(1, name.utf8)
        writer.field(2, value.utf8)
        return writer.bytes
    }

    static func series(
        _ labels: [(String, String)], _ samples: [(Int64, Double)], histograms: Int = 0
    ) -> [UInt8] {
        var writer = ProtobufWriter()
        for (name, value) in labels { writer.field(1, label(name, value)) }
        for (time, value) in samples { writer.field(2, sample(time, value)) }
        for _ in 0..<histograms { writer.field(4, [8, 1]) }
        return writer.bytes
    }

    static func first(_ series: [[UInt8]]) -> [UInt8] {
        var writer = ProtobufWriter()
        for one in series { writer.field(1, one) }
        return writer.bytes
    }

    /// Of 2.0: labels by number, packed as protobuf packs them, and what the metric is.
    static func second(
        symbols: [String], labels: [UInt8], samples: [(Int64, Double)], metadata: [UInt8]? = nil
    ) -> [UInt8] {
        var series = ProtobufWriter()
        series.field(1, labels)
        for (time, value) in samples { series.field(2, sample(time, value)) }
        if let metadata { series.field(5, metadata) }
        var writer = ProtobufWriter()
        for symbol in symbols { writer.field(4, symbol.utf8) }
        writer.field(5, series.bytes)
        return writer.bytes
    }
}

@Suite struct WriteRequestTests {
    private func lines(_ request: WriteRequest) -> [String] {
        (0..<request.batch.count).map { place in
            let labels = request.batch.series[Int(request.batch.numbers[place])]
            let value = FloatText.short(request.batch.values[place])
            return "\(labels) \(value) \(request.batch.times[place])"
        }
    }

    /// Few bytes on the wire that would be gigabytes in memory.
    @Test func bombsAreRefused() throws {
        // Five hundred labels whose value is one symbol of a megabyte.
        let symbols = ["", "a", String(repeating: "x", count: 1 << 20)]
        let labels = [UInt8](([[1, 2]] as [[UInt8]]).joined()) + (0..<499).flatMap { _ in [1, 2] as [UInt8] }
        let second = try WriteRequest(RemoteMessage.second(symbols: symbols, labels: labels, samples: [(1, 1)]), .two)
        #expect(second.invalidSeries == 1 && second.batch.count == 0)
        #expect(second.firstProblem?.hasPrefix("labels of 5242") == true)
        // More labels than a series may have.
        #expect(throws: WireError.self) {
            let many = [UInt8](repeating: 1, count: 2 * (WriteRequest.labelsMax + 1))
            _ = try WriteRequest(RemoteMessage.second(symbols: symbols, labels: many, samples: []), .two)
        }
        var series = ProtobufWriter()
        for _ in 0...WriteRequest.labelsMax { series.field(1, []) }
        let empty = RemoteMessage.first([series.bytes])
        #expect(throws: WireError.self) { _ = try WriteRequest(empty, .one) }
        // Samples of no bytes at all.
        series = ProtobufWriter()
        series.field(1, RemoteMessage.label("__name__", "up"))
        for _ in 0...WriteRequest.samplesMax { series.field(2, []) }
        let samples = RemoteMessage.first([series.bytes])
        #expect(throws: WireError.tooManySamples(most: WriteRequest.samplesMax)) { _ = try WriteRequest(samples, .one) }
    }

    @Test func readsTheFirstMessage() throws {
        var bytes = RemoteMessage.first([
            RemoteMessage.series([("job", "x"), ("__name__", "up")], [(1000, 1), (-5, .infinity)]),
            RemoteMessage.series([("__name__", "up"), ("empty", ""), ("job", "x")], [(2000, 0.5)]),
            RemoteMessage.series([("__name__", "h")], [(1, 2)], histograms: 2),
        ])
        var metadata = ProtobufWriter()
        metadata.varint(1, 1)
        metadata.field(2, "up".utf8)
        metadata.field(4, "Whether it is up.".utf8)
        metadata.field(5, "bool".utf8)
        var more = ProtobufWriter()
        more.field(3, metadata.bytes)
        // A field that nobody knows yet is passed over.
        more.field(99, [1, 2, 3])
        bytes += more.bytes
        let request = try WriteRequest(bytes, .one)
        #expect(
            lines(request) == ["up{job=\"x\"} 1 1000", "up{job=\"x\"} +Inf -5", "up{job=\"x\"} 0.5 2000", "h 2 1"])
        #expect(request.batch.series.count == 2)
        #expect(request.histograms == 2 && request.invalidSeries == 0)
        #expect(
            request.batch.families == [
                MetricFamily(name: "up", kind: .counter, unit: "bool", help: "Whether it is up.")
            ])
    }

    @Test func keepsBits() throws {
        let odd = [Double.staleMarker, -0.0, Double(bitPattern: 0x7ff8_0000_0000_0123), .leastNonzeroMagnitude]
        let bytes = RemoteMessage.first([
            RemoteMessage.series([("__name__", "m")], odd.enumerated().map { (Int64($0), $1) })
        ])
        #expect(try WriteRequest(bytes, .one).batch.values.map(\.bitPattern) == odd.map(\.bitPattern))
    }

    @Test func leavesOutWhatMakesNoSense() throws {
        let bytes = RemoteMessage.first([
            RemoteMessage.series([("job", "nameless")], [(1, 1), (2, 2)]),
            RemoteMessage.series([("__name__", "m"), ("a", "1"), ("a", "2")], [(1, 1)]),
            RemoteMessage.series([("__name__", "m"), ("", "1")], [(1, 1)]),
            RemoteMessage.series([("__name__", "m"), ("long", String(repeating: "x", count: 70_000))], [(1, 1)]),
            RemoteMessage.series([("__name__", "good")], [(1, 1)]),
        ])
        let request = try WriteRequest(bytes, .one)
        #expect(lines(request) == ["good 1 1"])
        #expect(request.invalidSeries == 4 && request.invalidSamples == 5)
        #expect(request.firstProblem == "a series without a metric name: {job=\"nameless\"}")
    }

    @Test func readsTheSecondMessage() throws {
        let bytes = RemoteMessage.second(
            symbols: ["", "__name__", "reads_total", "job", "x", "Reads.", "bytes"], labels: [1, 2, 3, 4],
            samples: [(7, 1)], metadata: [1 << 3, 1, 3 << 3, 5, 4 << 3, 6])
        let request = try WriteRequest(bytes, .two)
        #expect(lines(request) == ["reads_total{job=\"x\"} 1 7"])
        #expect(
            request.batch.families == [
                MetricFamily(name: "reads_total", kind: .counter, unit: "bytes", help: "Reads.")
            ])
        for (symbols, labels) in [(["", "a"], [1, 2]), (["", "a"], [1]), (["a"], [0, 0])] as [([String], [UInt8])] {
            #expect(throws: WireError.self) {
                try WriteRequest(
                    RemoteMessage.second(symbols: symbols, labels: labels, samples: [(1, 1)]), .two)
            }
        }
    }

    /// Cut short at each byte, each bit flipped: refused or read, never a trap.
    @Test func hostileBytes() {
        let first = RemoteMessage.first([RemoteMessage.series([("__name__", "up"), ("job", "x")], [(1000, 1)])])
        let second = RemoteMessage.second(
            symbols: ["", "__name__", "m"], labels: [1, 2], samples: [(7, 1)], metadata: [8, 1, 24, 2])
        for (whole, version) in [(first, WriteRequest.Version.one), (second, .two)] {
            for end in whole.indices { _ = try? WriteRequest(Array(whole[..<end]), version) }
            for place in whole.indices {
                for bit in 0..<8 {
                    var bytes = whole
                    bytes[place] ^= 1 << bit
                    _ = try? WriteRequest(bytes, version)
                    _ = try? ReadRequest(bytes)
                }
            }
        }
        #expect(throws: WireError.self) { try WriteRequest(Array(first.dropLast()), .one) }
    }

    @Test func readsAReadRequest() throws {
        var matcher = ProtobufWriter()
        matcher.varint(1, 2)
        matcher.field(2, "job".utf8)
        matcher.field(3, "a.*".utf8)
        var query = ProtobufWriter()
        query.varint(1, 5)
        query.varint(2, 9)
        query.field(3, matcher.bytes)
        var whole = ProtobufWriter()
        whole.field(1, query.bytes)
        let request = try ReadRequest(whole.bytes)
        #expect(request.acceptsSamples && request.queries.count == 1)
        #expect(request.queries[0].range == TimeRange(minMilliseconds: 5, maxMilliseconds: 9))
        let expected = try Matcher("job", .matches, "a.*")
        #expect(request.queries[0].matchers == [expected])
        // Chunks alone: 1.
        whole.field(2, [1])
        #expect(try !ReadRequest(whole.bytes).acceptsSamples)
    }
}
