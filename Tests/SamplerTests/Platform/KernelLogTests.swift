import Glibc
import TestSupport
import Testing

@testable import Sampler

/// A named pipe in the place of /dev/kmsg: each write is one record.
@Suite struct KernelLogTests {
    @Test func recordsComeOneAtATime() throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/kmsg"
        #expect(mkfifo(path, 0o600) == 0)
        let log = try KernelLog(path)
        #expect(log.next() == nil)
        let writer = open(path, O_WRONLY)
        defer { close(writer) }
        func write(_ text: String) { _ = text.withCString { Glibc.write(writer, $0, strlen($0)) } }
        write("6,339,5140900,-;Out of memory: Killed process 7 (x) total-vm:1kB\n SUBSYSTEM=a\n")
        #expect(log.next() == "Out of memory: Killed process 7 (x) total-vm:1kB")
        #expect(log.next() == nil)
        write("no record at all")
        #expect(log.next()?.isEmpty == true)
    }

    @Test func aLogThatIsNotThere() {
        let error = #expect(throws: CollectorError.self) { try KernelLog("/nowhere/kmsg") }
        #expect(error?.reason == .missing)
    }
}
