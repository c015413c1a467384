import Glibc
import Testing

@testable import Server

/// How a server begins and ends.
@Suite struct HTTPServerLifeTests {
    @Test func stopLetsARunningRequestFinish() throws {
        let gate = Gate()
        let started = Gate()
        let slow = Route(.get, "/slow", summary: "") { _ in
            started.open()
            gate.pass()
            return .text("slow")
        }
        let server = try HTTPServer.start(address: "127.0.0.1:0", routes: [slow])
        let idle = TestClient(port: server.port)
        let busy = TestClient(port: server.port)
        busy.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
        started.pass()
        let opener = TestThread { gate.open() }
        server.stop(within: .seconds(5))
        opener.join()
        #expect(busy.answer()?.body == "slow\n")
        #expect(busy.isClosedByServer())
        #expect(idle.isClosedByServer())
        #expect(!TestClient(port: server.port).isConnected)
    }

    @Test func stopDoesNotWaitLongerThanItMay() throws {
        let gate = Gate()
        let started = Gate()
        let stuck = Route(.get, "/stuck", summary: "") { _ in
            started.open()
            gate.pass()
            return .text("late")
        }
        let server = try HTTPServer.start(address: "127.0.0.1:0", routes: [stuck])
        let client = TestClient(port: server.port)
        client.send("GET /stuck HTTP/1.1\r\nHost: h\r\n\r\n")
        started.pass()
        let clock = ContinuousClock()
        let time = clock.measure { server.stop(within: .milliseconds(50)) }
        #expect(time < .seconds(2))
        gate.open()
        #expect(client.isClosedByServer())
    }

    @Test func aPortInUseNamesItsOwner() throws {
        let server = try HTTPServer.start(address: "127.0.0.1:0", routes: [])
        defer { server.stop(within: .seconds(5)) }
        let second = Result { () throws(ListenError) in
            try HTTPServer.start(address: "127.0.0.1:\(server.port)", routes: [])
        }
        guard case .failure(let error) = second, case .inUse(_, let owner) = error else {
            Issue.record("the port was taken")
            return
        }
        #expect(owner?.pid == Int(getpid()))
        #expect(error.description.contains("(pid \(getpid())) has it"))
        #expect(error.description.contains("--listen"))
    }

    @Test func refusesWhatOthersCanReach() throws {
        let hello = Route(.get, "/hello", summary: "") { _ in .text("hello") }
        #expect(throws: ListenError.notLoopback(try ListenAddress("0.0.0.0:0"))) {
            try HTTPServer.start(address: "0.0.0.0:0", routes: [])
        }
        #expect(throws: ListenError.badAddress("host:80")) { try HTTPServer.start(address: "host:80", routes: []) }
        let server = try HTTPServer.start(address: "0.0.0.0:0", routes: [hello], allowRemote: true)
        #expect(TestClient(port: server.port).get("/hello")?.status == 200)
        server.stop(within: .seconds(1))
    }
}
