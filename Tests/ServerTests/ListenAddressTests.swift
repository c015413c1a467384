import Testing

@testable import Server

@Suite struct ListenAddressTests {
    @Test func good() throws {
        func check(_ text: String, _ shown: String, isLoopback: Bool) throws {
            let address = try ListenAddress(text)
            #expect(address.description == shown)
            #expect(address.isLoopback == isLoopback, "\(text)")
        }
        try check("127.0.0.1:9100", "127.0.0.1:9100", isLoopback: true)
        try check("127.1.2.3:0", "127.1.2.3:0", isLoopback: true)
        try check("localhost:65535", "127.0.0.1:65535", isLoopback: true)
        try check("[::1]:9100", "[::1]:9100", isLoopback: true)
        try check("[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:1", isLoopback: true)
        try check("0.0.0.0:9100", "0.0.0.0:9100", isLoopback: false)
        try check("[::]:9100", "[::]:9100", isLoopback: false)
        try check("192.168.1.1:80", "192.168.1.1:80", isLoopback: false)
        try check("[::ffff:10.0.0.1]:1", "[::ffff:10.0.0.1]:1", isLoopback: false)
    }

    @Test(arguments: [
        "", ":", "9100", ":9100", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:9100",
        "example.org:80", "127.0.0.256:1", "127.1:80", "[]:1", "[127.0.0.1:1",
    ])
    func bad(_ text: String) {
        #expect(throws: ListenError.badAddress(text)) { try ListenAddress(text) }
    }

    @Test func messagesSayWhatToDo() throws {
        let address = try ListenAddress("0.0.0.0:9100")
        #expect("\(ListenError.notLoopback(address))".contains("--allow-remote"))
        let owner = ListeningProcess(pid: 7, name: "node_exporter")
        #expect("\(ListenError.inUse(address, owner: owner))".contains("node_exporter (pid 7) has it (node_exporter"))
        #expect("\(ListenError.inUse(address, owner: nil))".contains("another program has it; stop that or"))
        #expect("\(ListenErrno.describe(13, address))".contains("privilege"))
    }
}
