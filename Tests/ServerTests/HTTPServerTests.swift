import Synchronization
import TestSupport
import Testing

@testable import Server

@Suite struct HTTPServerTests {
    private struct Failure: Error, CustomStringConvertible { let description = "the disk is full" }

    private static let routes = [
        Route(.get, "/hello", summary: "greets") { _ in .text("hello") },
        Route(.get, "/echo/{name}", summary: "") { request in
            .text("\(request.pathParameters["name"] ?? "-") \(request.query)")
        },
        Route(.post, "/form", summary: "", bodyBytesMax: 100) { request in
            .text(request.parameters.map { "\($0.name)=\($0.value)" }.joined(separator: "|"))
        },
        Route(.get, "/broken", summary: "") { _ in throw Failure() },
        Route(.get, "/big", summary: "") { _ in
            Response(contentType: "text/plain", [UInt8](repeating: 97, count: 1 << 20))
        },
    ]

    /// Runs `body` against a server that is stopped afterwards.
    private func withServer(
        _ extra: [Route] = [], _ change: (inout ServerLimits) -> Void = { _ in },
        report: @escaping @Sendable (String) -> Void = { _ in }, _ body: (HTTPServer) throws -> Void
    ) throws {
        var limits = ServerLimits()
        change(&limits)
        let server = try HTTPServer.start(
            address: "127.0.0.1:0", routes: HTTPServerTests.routes + extra, limits: limits, report: report)
        defer { server.stop(within: .seconds(5)) }
        try body(server)
    }

    @Test func keepsAConnectionForSeveralRequests() throws {
        try withServer { server in
            let client = TestClient(port: server.port)
            for _ in 0..<3 {
                let answer = try #require(client.get("/hello"))
                #expect(answer.status == 200)
                #expect(answer.body == "hello\n")
                #expect(answer.headers["connection"] == "keep-alive")
                #expect(answer.headers["date"]?.hasSuffix(" GMT") == true)
            }
            let last = try #require(client.get("/hello", headers: "Connection: close\r\n"))
            #expect(last.headers["connection"] == "close")
            #expect(client.isClosedByServer())
        }
    }

    @Test func answersPipelinedRequestsInOrder() throws {
        let gate = Gate()
        let slow = Route(.get, "/slow", summary: "") { _ in
            gate.pass()
            return .text("slow")
        }
        try withServer([slow]) { server in
            let client = TestClient(port: server.port)
            let requests = ["/slow", "/hello", "/echo/x?a=1", "/nothing", "/hello"]
            client.send(requests.map { "GET \($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined())
            // Another client is not held up by it.
            #expect(TestClient(port: server.port).get("/hello")?.status == 200)
            gate.open()
            #expect(
                requests.map { _ in client.answer()?.body ?? "none" } == [
                    "slow\n", "hello\n", "x a=1\n",
                    "there is nothing at /nothing; the start page / says what there is\n",
                    "hello\n",
                ])
        }
    }

    @Test func headHasNoBody() throws {
        try withServer { server in
            let client = TestClient(port: server.port)
            client.send("HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n")
            let answer = try #require(client.answer(hasBody: false))
            #expect(answer.status == 200 && answer.headers["content-length"] == "6")
            #expect(client.get("/hello")?.body == "hello\n")
        }
    }

    @Test func unknownPathsAndMethods() throws {
        try withServer { server in
            let client = TestClient(port: server.port)
            #expect(client.get("/hello/")?.status == 404)
            #expect(client.get("/echo/")?.status == 404)
            client.send("DELETE /hello HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")
            let answer = try #require(client.answer())
            #expect(answer.status == 405 && answer.headers["allow"] == "GET, HEAD")
            client.send("BREW /hello HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect([400, 405].contains(client.answer()?.status))
            #expect(TestClient(port: server.port).get("http://host:1/hello?x")?.body == "hello\n")
        }
    }

    @Test func percentEncodingAndForms() throws {
        try withServer { server in
            let client = TestClient(port: server.port)
            #expect(client.get("/echo/a%2Fb%20c%")?.body == "a/b c% \n")
            let form = "a=1&b=x+y%26&c"
            client.send(
                "POST /form?q=0 HTTP/1.1\r\nHost: h\r\n"
                    + "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
                    + "Content-Length: \(form.utf8.count)\r\n\r\n\(form)")
            #expect(client.answer()?.body == "q=0|a=1|b=x y&|c=\n")
        }
    }

    @Test func refusesLargeBodies() throws {
        try withServer { server in
            let declared = TestClient(port: server.port)
            declared.send("POST /form HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n")
            #expect(declared.answer()?.status == 413)
            #expect(declared.isClosedByServer())
            let chunked = TestClient(port: server.port)
            let chunk = "40\r\n" + String(repeating: "x", count: 64) + "\r\n"
            chunked.send("POST /form HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk)
            #expect(chunked.answer()?.status == 413)
            let fitting = TestClient(port: server.port)
            fitting.send("POST /form HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + "0\r\n\r\n")
            #expect(fitting.answer()?.status == 200)
        }
    }

    @Test func toldToGoOnBeforeTheBody() throws {
        try withServer { server in
            let client = TestClient(port: server.port)
            client.send("POST /form HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
            #expect(client.answer()?.status == 100)
            client.send("a=b")
            #expect(client.answer()?.status == 200)
            #expect(client.get("/hello")?.status == 200)
        }
    }

    @Test func refusesLargeHeaders() throws {
        try withServer { server in
            let long = TestClient(port: server.port)
            long.send("GET /hello HTTP/1.1\r\nX: " + String(repeating: "a", count: 40_000) + "\r\n\r\n")
            #expect(long.answer()?.status == 431)
            let many = TestClient(port: server.port)
            many.send("GET /hello HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 200) + "\r\n")
            #expect(many.answer()?.status == 431)
            #expect(TestClient(port: server.port).get("/hello")?.status == 200)
        }
    }

    @Test func malformedRequestsGetAnAnswerAndAnEnd() throws {
        try withServer { server in
            for text in ["garbage\r\n\r\n", "GET /hello HTTP/9.9\r\n\r\n", "GET\r\n\r\n", "\u{0}\u{1}\u{2}"] {
                let client = TestClient(port: server.port)
                client.send(text)
                #expect(client.answer()?.status == 400, "\(text)")
                #expect(client.isClosedByServer())
            }
        }
    }

    @Test func aClientThatStopsTalkingIsStillAnswered() throws {
        try withServer { server in
            let client = TestClient(port: server.port)
            client.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n")
            client.shutdownOutput()
            #expect(client.answer()?.body == "hello\n")
            #expect(client.isClosedByServer())
        }
    }

    @Test func slowClientsAndBusyWorkersDoNotBlockOthers() throws {
        let gate = Gate()
        let slow = Route(.get, "/slow", summary: "") { _ in
            gate.pass()
            return .text("slow")
        }
        try withServer([slow]) { server in
            let half = (0..<20).map { _ in TestClient(port: server.port) }
            for client in half { client.send("GET /hello HTTP/1.1\r\nHo") }
            let one = TestClient(port: server.port)
            one.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
            // One of two workers is taken; the other, and what needs no worker, go on.
            #expect(TestClient(port: server.port).get("/hello")?.status == 200)
            #expect(TestClient(port: server.port).get("/nothing")?.status == 404)
            gate.open()
            #expect(one.answer()?.body == "slow\n")
            for client in half {
                client.send("st: h\r\n\r\n")
                #expect(client.answer()?.status == 200)
            }
        }
    }

    @Test func aClientThatDoesNotReadHoldsOneAnswer() throws {
        let count = Mutex(0)
        let big = Route(.get, "/counted", summary: "") { _ in
            count.withLock { $0 += 1 }
            return Response(contentType: "text/plain", [UInt8](repeating: 97, count: 8 << 20))
        }
        try withServer([big], { $0.writeTimeout = .milliseconds(300) }) { server in
            let greedy = TestClient(port: server.port)
            let request = "GET /counted HTTP/1.1\r\nHost: h\r\n\r\n"
            greedy.send(String(repeating: request, count: 50))
            for _ in 0..<20 { #expect(TestClient(port: server.port).get("/hello")?.status == 200) }
            #expect(count.withLock { $0 } <= 2)
        }
    }

    @Test func failuresAreToldToTheClientAndReported() throws {
        let reports = Mutex<[String]>([])
        try withServer(report: { text in reports.withLock { $0.append(text) } }) { server in
            let client = TestClient(port: server.port)
            let answer = try #require(client.get("/broken"))
            #expect(answer.status == 500 && answer.body == "this went wrong: the disk is full\n")
            #expect(client.get("/hello")?.status == 200)
        }
        #expect(reports.withLock { $0 } == ["GET /broken: the disk is full"])
    }

    @Test func idleConnectionsAndSlowBodiesEnd() throws {
        try withServer(
            [],
            {
                $0.idleTimeout = .milliseconds(30); $0.bodyTimeout = .milliseconds(30)
            }
        ) { server in
            #expect(TestClient(port: server.port).isClosedByServer())
            let slow = TestClient(port: server.port)
            slow.send("POST /form HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na")
            #expect(slow.answer()?.status == 408)
            #expect(slow.isClosedByServer())
        }
    }

    @Test func connectionsAreBounded() throws {
        let change = { (limits: inout ServerLimits) in
            limits.connectionsMax = 2
            limits.idleMin = .seconds(3600)
        }
        try withServer([], change) { server in
            let first = TestClient(port: server.port)
            let second = TestClient(port: server.port)
            #expect(first.get("/hello")?.status == 200 && second.get("/hello")?.status == 200)
            // Nobody has waited for long: the third is told so, whatever it asks.
            let third = TestClient(port: server.port)
            let refusal = try #require(third.get("/hello"))
            #expect(refusal.status == 503 && refusal.body.hasPrefix("too many connections"))
            #expect(refusal.headers["retry-after"] == "5")
            #expect(third.isClosedByServer())
            #expect(first.get("/hello", headers: "Connection: close\r\n")?.status == 200)
            #expect(first.isClosedByServer())
        }
    }

    @Test func theLongestIdleGivesWay() throws {
        let gate = Gate()
        let slow = Route(.get, "/slow", summary: "") { _ in
            gate.pass()
            return .text("slow")
        }
        let change = { (limits: inout ServerLimits) in
            limits.connectionsMax = 3
            limits.idleMin = .zero
        }
        try withServer([slow], change) { server in
            let busy = TestClient(port: server.port)
            busy.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
            // One that never ends its head, and one between two requests.
            let partial = TestClient(port: server.port)
            partial.send("GET /hello HTTP/1.1\r\nHost")
            let idle = TestClient(port: server.port)
            #expect(idle.get("/hello")?.status == 200)
            let next = TestClient(port: server.port)
            #expect(next.get("/hello")?.status == 200)
            #expect(partial.isClosedByServer())
            #expect(TestClient(port: server.port).get("/hello")?.status == 200)
            #expect(idle.isClosedByServer())
            gate.open()
            #expect(busy.answer()?.body == "slow\n")
        }
    }

    /// Whatever comes in: an answer or an end, and the next client is served.
    @Test(arguments: [UInt64(5), 6])
    func hostileBytes(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let valid = Array(
            ("POST /form?a=%zz HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
                + "3\r\na=b\r\n0\r\n\r\nGET /hello HTTP/1.1\r\n\r\n").utf8)
        try withServer { server in
            for _ in 0..<150 {
                var bytes = valid
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
                        in: 0...255, using: &generator)
                }
                bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &generator)))
                let client = TestClient(port: server.port)
                client.send(bytes)
                client.shutdownOutput()
                while let answer = client.answer() {
                    #expect((100..<600).contains(answer.status), "seed \(seed)")
                }
            }
            #expect(TestClient(port: server.port).get("/hello")?.body == "hello\n", "seed \(seed)")
        }
    }
}
