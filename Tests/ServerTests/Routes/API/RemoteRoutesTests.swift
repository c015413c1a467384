import Formats
import Model
import TSDB
import Testing

@testable import Server

@Suite struct RemoteRoutesTests {
    /// Protobuf by hand: a length-delimited field.
    private static func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = [number << 3 | 2]
        if content.count >= 128 { bytes.append(UInt8(content.count & 127) | 128) }
        bytes.append(UInt8(content.count < 128 ? content.count : content.count >> 7))
        return bytes + content
    }

    private static func sample(_ seconds: Int64, _ value: Double) -> [UInt8] {
        var bytes: [UInt8] = [9]
        for place in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(8 * place))) }
        bytes.append(16)
        var rest = UInt64(bitPattern: seconds * 1000)
        while rest >= 128 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private static func series(_ labels: [(String, String)], _ samples: [[UInt8]], extra: [UInt8] = []) -> [UInt8] {
        var bytes: [UInt8] = []
        for (name, value) in labels { bytes += field(1, field(1, Array(name.utf8)) + field(2, Array(value.utf8))) }
        for one in samples { bytes += field(2, one) }
        return field(1, bytes + extra)
    }

    private static let first = "Content-Type: application/x-protobuf\r\nContent-Encoding: snappy\r\n"
    private static let second =
        "Content-Type: application/x-protobuf;proto=io.prometheus.write.v2.Request\r\nContent-Encoding: snappy\r\n"

    @Test func whatIsAnsweredCanBeRead() throws {
        let world = try APIWorld()
        for value in 0..<5 {
            let message = RemoteRoutesTests.series(
                [("__name__", "up"), ("job", "x")],
                [RemoteRoutesTests.sample(1_699_999_990 + Int64(value), Double(value))])
            let answer = world.post("/api/v1/write", Snappy.encode(message), headers: RemoteRoutesTests.first)
            #expect(answer?.status == 204 && answer?.body == "" && answer?.headers["content-length"] == nil)
            #expect(answer?.headers["x-prometheus-remote-write-samples-written"] == "1")
            #expect(world.body("/api/v1/query?query=up").contains(",\"\(value)\"]"))
        }
        // Old, and out of order.
        let old = RemoteRoutesTests.series(
            [("__name__", "up"), ("job", "x")],
            [RemoteRoutesTests.sample(1_699_999_000, 9), RemoteRoutesTests.sample(5, 8)])
        #expect(world.post("/api/v1/write", Snappy.encode(old), headers: RemoteRoutesTests.first)?.status == 204)
        #expect(world.body("/api/v1/query?query=up&time=1699999001").contains(",\"9\"]"))
        #expect(world.body("/api/v1/query?query=up&time=6").contains(",\"8\"]"))
    }

    @Test func theSecondMessage() throws {
        let world = try APIWorld()
        var message: [UInt8] = []
        for symbol in ["", "__name__", "reads_total", "Reads."] {
            message += RemoteRoutesTests.field(4, Array(symbol.utf8))
        }
        let body =
            RemoteRoutesTests.field(1, [1, 2]) + RemoteRoutesTests.field(2, RemoteRoutesTests.sample(1_700_000_000, 3))
            + RemoteRoutesTests.field(5, [8, 1, 24, 3])
        message += RemoteRoutesTests.field(5, body)
        let answer = world.post("/api/v1/write", Snappy.encode(message), headers: RemoteRoutesTests.second)
        #expect(answer?.status == 204)
        #expect(answer?.headers["x-prometheus-remote-write-samples-written"] == "1")
        #expect(answer?.headers["x-prometheus-remote-write-histograms-written"] == "0")
        #expect(answer?.headers["x-prometheus-remote-write-exemplars-written"] == "0")
        #expect(
            world.body("/api/v1/metadata").contains("\"reads_total\":[{\"type\":\"counter\",\"help\":\"Reads.\""))
    }

    @Test func keepsTheRestOfWhatIsRefused() throws {
        let world = try APIWorld()
        let message =
            RemoteRoutesTests.series([("job", "x")], [RemoteRoutesTests.sample(1_700_000_000, 1)])
            + RemoteRoutesTests.series(
                [("__name__", "m")], [RemoteRoutesTests.sample(1_700_000_000, 4)],
                extra: RemoteRoutesTests.field(4, [8, 1]))
        let answer = try #require(
            world.post("/api/v1/write", Snappy.encode(message), headers: RemoteRoutesTests.first))
        #expect(answer.status == 400)
        #expect(answer.headers["x-prometheus-remote-write-samples-written"] == "1")
        #expect(
            answer.body
                == "1 samples were written; not written: 1 samples of native histograms, "
                + "which this store does not keep; "
                + "1 samples of 1 series that are none, the first: a series without a metric name: {job=\"x\"}\n")
        #expect(world.body("/api/v1/query?query=m").contains(",\"4\"]"))
    }

    /// A clock may be ahead, but not for long.
    @Test func samplesOfTheFuture() throws {
        let world = try APIWorld()
        let now = APIWorld.now / 1000
        let message =
            RemoteRoutesTests.series(
                [("__name__", "m")],
                [
                    RemoteRoutesTests.sample(now + 601, 1), RemoteRoutesTests.sample(now, 2),
                    RemoteRoutesTests.sample(now + 600, 3), RemoteRoutesTests.sample(now + 86_400 * 365, 4),
                ])
            + RemoteRoutesTests.series([("__name__", "n")], [RemoteRoutesTests.sample(now + 1000, 5)])
        let answer = try #require(
            world.post("/api/v1/write", Snappy.encode(message), headers: RemoteRoutesTests.first))
        #expect(answer.status == 400)
        #expect(answer.headers["x-prometheus-remote-write-samples-written"] == "2")
        #expect(
            answer.body == "2 samples were written; not written: 3 samples of times more than ten minutes ahead of "
                + "this server's clock; is the sender's right?\n")
        #expect(world.body("/api/v1/query?query=m&time=\(now + 100_000)&lookback_delta=200000").contains(",\"3\"]"))
        #expect(world.body("/api/v1/query?query=m&time=\(now)").contains(",\"2\"]"))
        #expect(world.body("/api/v1/series?match[]=n").contains("\"data\":[]"))
    }

    @Test func refusals() throws {
        let world = try APIWorld()
        func status(_ body: [UInt8], _ headers: String) -> Int? {
            world.post("/api/v1/write", body, headers: headers)?.status
        }
        #expect(status([0], "Content-Type: text/plain\r\n") == 415)
        #expect(status([0], "Content-Type: application/x-protobuf;proto=other\r\n") == 415)
        #expect(status([0], "Content-Type: application/x-protobuf\r\nContent-Encoding: gzip\r\n") == 415)
        #expect(status([1, 2, 3], RemoteRoutesTests.first) == 400)
        #expect(status(Snappy.encode([10, 200]), RemoteRoutesTests.first) == 400)
        // Announces 256 MiB.
        #expect(status([255, 255, 255, 127, 0, 97], RemoteRoutesTests.first) == 413)
        // Nothing is a message without series.
        #expect(status([0], RemoteRoutesTests.first) == 204)
        let reader = try APIWorld(isReadOnly: true)
        let refused = reader.post("/api/v1/write", [0], headers: RemoteRoutesTests.first)
        #expect(refused?.status == 503 && refused?.body == "process 42 records here\n")
    }

    @Test func remoteRead() throws {
        let world = try APIWorld()
        try world.fill(2)
        var start: [UInt8] = []
        for time in [APIWorld.now - 60_000, APIWorld.now] {
            start.append(start.isEmpty ? 8 : 16)
            var rest = UInt64(time)
            while rest >= 128 {
                start.append(UInt8(truncatingIfNeeded: rest) | 128)
                rest >>= 7
            }
            start.append(UInt8(rest))
        }
        let matcher = RemoteRoutesTests.field(2, Array("i".utf8)) + RemoteRoutesTests.field(3, Array("1".utf8))
        let message = RemoteRoutesTests.field(1, start + RemoteRoutesTests.field(3, matcher))
        let answer = try #require(
            world.post("/api/v1/read", Snappy.encode(message), headers: RemoteRoutesTests.first))
        #expect(answer.status == 200 && answer.headers["content-encoding"] == "snappy")
        #expect(answer.headers["content-type"] == "application/x-protobuf")
        #expect(world.post("/api/v1/read", Snappy.encode([16, 1]), headers: RemoteRoutesTests.first)?.status == 400)
    }

    @Test func federates() throws {
        let world = try APIWorld()
        try world.fill(1)
        #expect(
            world.body("/federate?match[]=m")
                == "# HELP m What m is.\n# TYPE m gauge\nm{i=\"0\"} 60 1700000000000\n")
        #expect(world.body("/federate") == "")
        #expect(world.get("/federate?match[]=%7B")?.status == 400)
    }

    /// Bodies that wait for workers have a bound together.
    @Test func manyLargeBodiesAreRefusedForNow() throws {
        var limits = ServerLimits()
        limits.bodyBytesTotalMax = 100_000
        let (arrived, gate) = (Gate(), Gate())
        let route = Route(.post, "/slow", summary: "", bodyBytesMax: 80_000) { _ in
            arrived.open()
            gate.pass()
            return .text("done")
        }
        let server = try HTTPServer.start(address: "127.0.0.1:0", routes: [route], limits: limits)
        defer { server.stop(within: .seconds(5)) }
        let (one, two) = (TestClient(port: server.port), TestClient(port: server.port))
        func post(_ client: TestClient) {
            client.send("POST /slow HTTP/1.1\r\nHost: t\r\nContent-Length: 60000\r\n\r\n")
            client.send([UInt8](repeating: 120, count: 60_000))
        }
        post(one)
        arrived.pass()
        post(two)
        let refused = two.answer()
        #expect(refused?.status == 503 && refused?.headers["retry-after"] == "5")
        gate.open()
        #expect(one.answer()?.status == 200)
        // What was taken is given back.
        let three = TestClient(port: server.port)
        post(three)
        #expect(three.answer()?.status == 200)
    }
}
