import Synchronization
import TestSupport
import Testing

@testable import Server

/// An answer may go out before its handler has ended; what the handler says then goes nowhere.
@Suite struct EarlyAnswerTests {
    private static func routes(_ gate: Gate) -> [Route] {
        [
            Route(.get, "/early", summary: "") { request in
                request.answerEarly(.text("early"))
                gate.pass()
                return .text("late")
            },
            // What is said how often, and whether the handler then fails, is in the query.
            Route(.get, "/says", summary: "") { request in
                for word in request.query.split(separator: ",") where word != "fail" {
                    request.answerEarly(.text(String(word)))
                }
                if request.query.hasSuffix("fail") { throw Failure() }
                return .text("plain")
            },
        ]
    }

    private struct Failure: Error {}

    @Test func comesWhileTheHandlerIsAtWork() throws {
        let gate = Gate()
        let server = try HTTPServer.start(address: "127.0.0.1:0", routes: Self.routes(gate)) { _ in }
        defer { server.stop(within: .seconds(5)) }
        let client = TestClient(port: server.port)
        #expect(client.get("/early")?.body == "early\n")
        // The connection is free for the next request, whose answer is its own.
        #expect(client.get("/says?")?.body == "plain\n")
        gate.open()
        for number in 0..<20 { #expect(client.get("/says?\(number),x")?.body == "\(number)\n") }
    }

    /// Beside the plain path: of whatever is said the first is sent, and nothing of it shows up in a later answer.
    @Test(arguments: 0..<6 as Range<UInt64>)
    func theFirstAnswerCounts(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let server = try HTTPServer.start(address: "127.0.0.1:0", routes: Self.routes(Gate())) { _ in }
        defer { server.stop(within: .seconds(5)) }
        let client = TestClient(port: server.port)
        for round in 0..<60 {
            var words = (0..<Int.random(in: 0...3, using: &random)).map { "w\(round)-\($0)" }
            if Bool.random(using: &random) { words.append("fail") }
            let answer = try #require(client.get("/says?" + words.joined(separator: ",")), "seed \(seed)")
            switch words.first {
            case nil: #expect(answer.body == "plain\n" && answer.status == 200)
            case "fail": #expect(answer.status == 500)
            case let word?: #expect(answer.body == word + "\n" && answer.status == 200, "seed \(seed), \(words)")
            }
        }
    }

    @Test func oneOfManyTakesIt() {
        for _ in 0..<50 {
            let (once, taken) = (Once(), Taken())
            let threads = (0..<4).map { _ in TestThread { if once.take() { taken.count.add(1, ordering: .relaxed) } } }
            for thread in threads { thread.join() }
            #expect(taken.count.load(ordering: .relaxed) == 1)
            #expect(!once.take())
        }
    }

    private final class Taken: Sendable { let count = Atomic<Int>(0) }
}
