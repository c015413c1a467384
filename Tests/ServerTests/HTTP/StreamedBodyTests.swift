import Synchronization
import TestSupport
import Testing

@testable import Server

/// A body that is made while it is sent is what it would be in one.
@Suite struct StreamedBodyTests {
    /// Of that many pieces, of lengths that the seed decides.
    private static func response(_ count: Int, seed: UInt64) -> (response: Response, whole: [UInt8]) {
        var random = SeededGenerator(seed: seed)
        let pieces = (0..<count).map { number in
            [UInt8](
                repeating: UInt8(97 + number % 26), count: [1, 500, 70_000].randomElement(using: &random) ?? 1)
        }
        var response = Response(contentType: "text/plain", pieces.first ?? [])
        let rest = Mutex(pieces.dropFirst())
        response.more = { rest.withLock { $0.popFirst() } }
        return (response, pieces.flatMap { $0 })
    }

    private static let routes = [
        Route(.get, "/pieces/{count}", summary: "") { request in
            let count = Int(request.pathParameters["count"] ?? "") ?? 0
            return response(count, seed: UInt64(count)).response
        },
        Route(.get, "/hello", summary: "") { _ in .text("hello") },
    ]

    private func withServer(_ body: (HTTPServer) throws -> Void) throws {
        let server = try HTTPServer.start(address: "127.0.0.1:0", routes: Self.routes) { _ in }
        defer { server.stop(within: .seconds(5)) }
        try body(server)
    }

    @Test(arguments: [1, 2, 3, 17]) func comesInChunks(count: Int) throws {
        try withServer { server in
            let client = TestClient(port: server.port)
            client.send(
                "GET /pieces/\(count) HTTP/1.1\r\nHost: h\r\n\r\n"
                    + "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
            )
            let head = try #require(client.answer(hasBody: false))
            #expect(head.status == 200 && head.headers["content-length"] == nil)
            #expect(head.headers["transfer-encoding"] == "chunked")
            let all = client.remainder()
            let end = try #require(Self.end(ofChunks: all))
            #expect(Self.joined(all) == Self.response(count, seed: UInt64(count)).whole)
            // The next answer follows.
            #expect(String(decoding: all[end...], as: UTF8.self).hasSuffix("\r\n\r\nhello\n"))
        }
    }

    /// Its length is the connection's, for who knows no chunks.
    @Test func endsWithTheConnectionOfOldClients() throws {
        try withServer { server in
            let client = TestClient(port: server.port)
            client.send("GET /pieces/5 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let head = try #require(client.answer(hasBody: false))
            #expect(head.headers["connection"] == "close" && head.headers["transfer-encoding"] == nil)
            #expect(client.remainder() == Self.response(5, seed: 5).whole)
        }
    }

    @Test func isPackedAsAWhole() throws {
        try withServer { server in
            let client = TestClient(port: server.port)
            client.send(
                "GET /pieces/9 HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n")
            let head = try #require(client.answer(hasBody: false))
            #expect(head.headers["content-encoding"] == "gzip")
            let packed = client.remainder()
            #expect(head.headers["content-length"] == "\(packed.count)")
            #expect(Gzip.unpack(packed, bytesMax: 1 << 24) == Self.response(9, seed: 9).whole)
        }
    }

    @Test func nothingIsMadeForAClientThatLeft() throws {
        let made = Mutex(0)
        let endless = Route(.get, "/endless", summary: "") { _ in
            var response = Response(contentType: "text/plain", [97])
            response.more = {
                made.withLock { $0 += 1 }
                return [UInt8](repeating: 98, count: 1 << 20)
            }
            return response
        }
        let server = try HTTPServer.start(address: "127.0.0.1:0", routes: [endless]) { _ in }
        do {
            let client = TestClient(port: server.port)
            client.send("GET /endless HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(client.answer(hasBody: false)?.status == 200)
        }
        // It would never end else.
        server.stop(within: .seconds(5))
        #expect(made.withLock { $0 } < 1000)
    }

    // MARK: - Chunks (RFC 9112, section 7.1)

    private static func chunk(_ bytes: [UInt8], at place: Int) -> (range: Range<Int>, next: Int)? {
        guard let lineEnd = bytes[place...].firstIndex(of: 13) else { return nil }
        guard let length = Int(String(decoding: bytes[place..<lineEnd], as: UTF8.self), radix: 16) else { return nil }
        let start = lineEnd + 2
        return (start..<start + length, start + length + 2)
    }

    private static func end(ofChunks bytes: [UInt8]) -> Int? {
        var place = 0
        while let (range, next) = chunk(bytes, at: place) {
            if range.isEmpty { return next }
            place = next
        }
        return nil
    }

    private static func joined(_ bytes: [UInt8]) -> [UInt8] {
        var whole: [UInt8] = []
        var place = 0
        while let (range, next) = chunk(bytes, at: place), !range.isEmpty {
            whole += bytes[range]
            place = next
        }
        return whole
    }
}
