import TestSupport
import Testing

@testable import Sampler

@Suite struct PageResponseTests {
    private func read(_ text: String) -> PageResponse.Progress { PageResponse.read(Array(text.utf8)) }

    private func body(_ text: String) -> String? {
        switch read(text) {
        case .whole(let response), .toTheEnd(let response): String(decoding: response.body, as: UTF8.self)
        case .partial, .malformed: nil
        }
    }

    @Test func lengthsChunksAndNeither() {
        #expect(body("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na 1rest") == "a 1")
        #expect(read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na ") == .partial(bytes: 41))
        #expect(body("HTTP/1.0 200 OK\r\n\r\na 1\nb 2\n") == "a 1\nb 2\n")
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding:  Chunked \r\n\r\n"
        #expect(body(chunked + "3;x=y\r\na 1\r\nA\r\n0123456789\r\n0\r\n\r\n") == "a 10123456789")
        #expect(read(chunked + "3\r\na 1\r\n") == .partial(bytes: nil))
        #expect(read("HTTP/1.1 200 OK\r\nContent-Le") == .partial(bytes: nil))
    }

    @Test func headersAreRead() {
        let head = "HTTP/1.1 503 Oh\r\nCONTENT-TYPE: Application/OpenMetrics-Text; version=1.0.0\r\n"
        guard case .toTheEnd(let response) = read(head + "Content-Encoding: gzip\r\n\r\n") else {
            Issue.record("no answer")
            return
        }
        #expect(response.status == 503 && response.isPacked)
        #expect(response.mediaType == "application/openmetrics-text; version=1.0.0")
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 20x OK\r\n\r\n", "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
    ]) func whatIsNoAnswer(_ text: String) {
        guard case .malformed = read(text) else {
            Issue.record("\(read(text))")
            return
        }
    }

    /// Bytes of an answer, some of them changed, cut anywhere: never a trap, and never a body beyond what came.
    @Test(arguments: [1, 2, 3] as [UInt64]) func hostileBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let answers = [
            "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nContent-Type: text/plain\r\n\r\nsome_thing 1\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na 1\nb\r\n4\r\n 2\n\n\r\n0\r\n\r\n",
        ]
        for _ in 0..<5000 {
            var bytes = Array(answers.randomElement(using: &random)!.utf8)
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
            switch PageResponse.read(bytes) {
            case .whole(let response), .toTheEnd(let response): #expect(response.body.count <= bytes.count)
            case .partial, .malformed: break
            }
        }
        #expect(
            PageResponse.read([UInt8](repeating: 65, count: 70_000)) == .malformed("more than 65536 bytes of header"))
    }
}
