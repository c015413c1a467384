import Glibc
import Testing

@testable import mon

@Suite struct StoreUpkeepTests {
    @Test func whatAThreadWrote() throws {
        #expect(ThreadWrites.parse("rchar: 5\nwchar: 123\nsyscr: 7\n") == 123)
        #expect(ThreadWrites.parse("rchar: 5\n") == nil)
        let before = try #require(ThreadWrites.bytes())
        let file = open("/dev/null", O_WRONLY)
        defer { close(file) }
        _ = [UInt8](repeating: 0, count: 1000).withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        let after = try #require(ThreadWrites.bytes())
        #expect(after >= before + 1000)
    }
}
