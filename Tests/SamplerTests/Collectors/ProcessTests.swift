import Glibc
import Model
import TestSupport
import Testing

@testable import Sampler

@Suite struct ProcessTests {
    private func stat(_ text: String) -> ProcessStat? {
        let bytes = Array(text.utf8)
        return ProcessStat(ByteScanner(bytes.span))
    }

    private func line(
        _ pid: Int, _ name: String, cpu: Int, start: Int, resident: String = "10", flags: Int = 0
    ) -> String {
        "\(pid) (\(name)) S 1 1 1 0 -1 \(flags) 0 0 0 0 \(cpu) 0 0 0 20 0 2 0 \(start) 1000 \(resident) 7"
    }

    @Test func statLines() throws {
        func check(_ name: String, shown: String, flags: Int = 0) throws {
            let read = try #require(stat(line(5, name, cpu: 7, start: 9, flags: flags)))
            #expect(read.name == shown)
            #expect(read.cpuTicks == 7 && read.startTicks == 9 && read.residentPages == 10 && read.threads == 2)
            #expect(read.state == UInt8(ascii: "S") && read.parent == 1 && read.childTicks == 0)
        }
        try check("bash", shown: "bash")
        try check("", shown: "")
        try check("a) S (b", shown: "a) S (b")
        try check(")))", shown: ")))")
        try check("new\nline", shown: "new\nline")
        try check("kworker/0:1-mm_percpu_wq", shown: "kworker/0:1", flags: 0x4208060)
        try check("kworker/u4:0+events", shown: "kworker/u4:0", flags: 0x4208060)
        try check("a-b", shown: "a-b")
        #expect(stat(line(5, "x", cpu: 1, start: 1, resident: "-3"))?.residentPages == 0)
        let other = stat("5 (x) D 77 1 1 0 -1 0 0 0 0 0 3 4 50 6 20 0 1 0 9 0 0 7")
        #expect(other?.state == UInt8(ascii: "D") && other?.parent == 77)
        #expect(other?.cpuTicks == 7 && other?.childTicks == 56)
        #expect(stat("5 (x) ? 77 1 1 0 -1 0 0 0 0 0 3 4 50 6 20 0 1 0 9 0 0 7")?.state == nil)
    }

    @Test func statLinesCutAnywhereAreRefusedOrShort() {
        let whole = line(1234, "some name", cpu: 700, start: 90_000)
        for end in whole.utf8.indices {
            let part = String(whole[..<end])
            if let read = stat(part) { #expect(read.name == "some name" && read.threads == 2) }
        }
        #expect(stat("x (y) S") == nil)
    }

    @Test func largestSelectionMatchesASort() {
        let seed: UInt64 = 7
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let keys = (0..<Int.random(in: 0...30, using: &generator)).map { _ in
                UInt64.random(in: 0...9, using: &generator)
            }
            let limit = Int.random(in: 1...8, using: &generator)
            var selection = LargestSelection(limit: limit)
            for (index, key) in keys.enumerated() { selection.offer(key, index) }
            let expected = keys.enumerated().filter { $0.element > 0 }
                .sorted { ($1.element, $0.offset) < ($0.element, $1.offset) }.prefix(limit).map(\.offset)
            #expect(selection.items.map(\.index) == expected, "seed \(seed)")
        }
    }

    private func write(
        _ host: WrittenHost, _ pid: Int, cpu: Int, start: Int = 100, resident: Int = 0, io: Int? = 0, user: Int = 0
    ) {
        host.write("proc/\(pid)/stat", line(pid, "p\(pid)", cpu: cpu, start: start, resident: "\(resident)"))
        host.write("proc/\(pid)/status", "Name:\tx\nUid:\t9\t\(user)\t9\t9\n")
        if let io {
            host.write("proc/\(pid)/io", "rchar: 5\nread_bytes: \(io)\nwrite_bytes: 1\ncancelled_write_bytes: 3\n")
        } else {
            host.remove("proc/\(pid)/io")
        }
    }

    private func loop(_ host: WrittenHost, top: Int) -> SamplingLoop {
        host.write("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 1 kB\n")
        host.write("root/etc/passwd", "root:x:0:0::/:/bin/sh\nalice:x:1000:1000::/:\nalso:x:1000:1::/:\n:x:5:5\nbad\n")
        var options = Fixtures.only("process")
        options.topProcesses = top
        return SamplingLoop(host: host.host, options: options, calls: Fixtures.calls)
    }

    private func frame(_ loop: inout SamplingLoop, at seconds: Int64) throws -> ProcessFrame {
        let batch = loop.sample(
            at: Timestamp(milliseconds: seconds * 1000), monotonicNanoseconds: UInt64(seconds) * 1_000_000_000)
        return try #require(batch.frame)
    }

    @Test func theUnionOfTheLargest() throws {
        let host = WrittenHost()
        var loop = loop(host, top: 2)
        for pid in 1...9 { write(host, pid, cpu: pid, resident: 100 - pid, io: pid == 5 ? 5000 : 0) }
        // At first all use counts: CPU 9 and 8, memory 1 and 2, I/O 5 and one that wrote a byte.
        var seen = try frame(&loop, at: 10)
        #expect(Set(seen.processes.map(\.pid)).isSuperset(of: [1, 2, 5, 8, 9]))
        #expect(seen.processes.count <= 6)
        #expect(seen.elapsedMilliseconds == 0 && seen.memoryTotalBytes == 1_024_000)
        #expect(seen.processes.allSatisfy { $0.cpuTicksSinceLast == 0 })
        // Then only what happened since.
        write(host, 3, cpu: 53, resident: 97)
        write(host, 4, cpu: 4, resident: 96, io: 1)
        write(host, 7, cpu: 8, resident: 93, io: 70_000)
        seen = try frame(&loop, at: 20)
        #expect(seen.processes.map(\.pid) == [1, 2, 3, 4, 7])
        #expect(seen.processes.map(\.cpuTicksSinceLast) == [0, 0, 50, 0, 1])
        #expect(seen.processes.map(\.readBytes) == [0, 0, 0, 1, 70_000])
        #expect(seen.elapsedMilliseconds == 10_000)
    }

    @Test func aReusedPidIsAnotherProcess() throws {
        let host = WrittenHost()
        var loop = loop(host, top: 5)
        write(host, 50, cpu: 1000, start: 100, resident: 5)
        _ = try frame(&loop, at: 10)
        write(host, 50, cpu: 7, start: 90_000, resident: 5, user: 1000)
        let seen = try frame(&loop, at: 20)
        #expect(seen.processes.map(\.startTicks) == [90_000])
        #expect(seen.processes.map(\.cpuTicksSinceLast) == [7])
        #expect(seen.processes.map(\.username) == ["alice"])
    }

    @Test func whatIsDeniedOrGoneIsSilent() throws {
        let host = WrittenHost()
        var loop = loop(host, top: 5)
        write(host, 50, cpu: 10, resident: 5, io: nil, user: 77)
        write(host, 60, cpu: 10, resident: 5)
        // Ended between the list and the look.
        host.remove("proc/60/stat")
        // Ended between the look and the record.
        write(host, 70, cpu: 10, resident: 5)
        host.remove("proc/70/status")
        let seen = try frame(&loop, at: 10)
        #expect(seen.processes.map(\.pid) == [50])
        #expect(seen.processes[0].readBytes == nil && seen.processes[0].writeBytes == nil)
        #expect(seen.processes[0].username == "77")
        #expect(loop.reports.isEmpty)
    }

    @Test func aShownProcessKeepsItsPlaceUntilAnotherIsLargerByAQuarter() throws {
        let host = WrittenHost()
        var loop = loop(host, top: 1)
        func shown(_ seconds: Int64, _ first: Int, _ second: Int) throws -> [Int32] {
            write(host, 1, cpu: 0, resident: first, io: nil)
            write(host, 2, cpu: 0, resident: second, io: nil)
            return try frame(&loop, at: seconds).processes.map(\.pid)
        }
        #expect(try shown(10, 100, 90) == [1])
        #expect(try shown(20, 100, 110) == [1])
        #expect(try shown(30, 100, 126) == [2])
        #expect(try shown(40, 120, 126) == [2])
    }

    @Test func idleInputAndOutputIsSeenWithinAMinute() throws {
        let host = WrittenHost()
        var loop = loop(host, top: 1)
        for pid in 1...8 { write(host, pid, cpu: 0, io: 0) }
        _ = try frame(&loop, at: 10)
        write(host, 5, cpu: 0, io: 1 << 30)
        var found = false
        for look in 2...8 where try frame(&loop, at: Int64(look) * 10).processes.contains(where: { $0.pid == 5 }) {
            found = true
        }
        #expect(found)
    }

    /// Read twice and then seldom; at once where the process runs another program.
    @Test func detailsOfAProcess() throws {
        let host = WrittenHost()
        host.write("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 1 kB\n")
        host.write("proc/stat", "cpu 1 2 3 4\nbtime 1700000000\n")
        var options = Fixtures.only("process")
        options.recordsCommandLines = true
        options.recordsProcessDetails = true
        var loop = SamplingLoop(host: host.host, options: options, calls: Fixtures.calls)
        func check(
            _ seconds: Int64, _ name: String, _ group: String, _ command: String, shown: String?,
            _ shownCommand: String?,
            sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            host.write("proc/50/stat", line(50, name, cpu: Int(seconds), start: 100, resident: "5"))
            host.write("proc/50/status", "Uid:\t0\t0\t0\t0\nVmSwap:\t 12 kB\n")
            host.write("proc/50/cgroup", group)
            host.write("proc/50/cmdline", command)
            for descriptor in 0..<3 { host.write("proc/50/fd/\(descriptor)", "") }
            let seen = try frame(&loop, at: seconds)
            let record = try #require(seen.processes.first)
            #expect(record.cgroup == shown, sourceLocation: sourceLocation)
            #expect(record.command == shownCommand, sourceLocation: sourceLocation)
            #expect(record.openFiles == 3 && record.swapBytes == 12_288, sourceLocation: sourceLocation)
            #expect(seen.bootSeconds == 1_700_000_000, sourceLocation: sourceLocation)
        }
        try check(10, "a", "0::/", "a\0--key=1\0", shown: "/", "a --key=***")
        try check(20, "a", "0::/system.slice/a.service", "a\0b\0", shown: "a.service", "a b")
        try check(30, "a", "0::/x", "c\0", shown: "a.service", "a b")
        try check(40, "z", "0::/x", "", shown: "x", nil)
        for look in 5...40 as ClosedRange<Int64> { try check(look * 10, "z", "0::/x", "", shown: "x", nil) }
        host.remove("proc/50/cgroup")
        try check(410, "y", "", "y", shown: nil, "y")
    }

    @Test func theTimeOfBootIsHeldAgainstItsTremble() {
        let host = WrittenHost()
        func seconds(_ look: Int, _ btime: String) -> Int64 {
            host.write("proc/stat", "cpu 1 2 3 4\n\(btime)\n")
            return time.seconds(at: look)
        }
        var time = BootTime(host.host)
        #expect(seconds(0, "nothing") == 0)
        #expect(seconds(30, "btime 1000") == 1000)
        #expect(seconds(60, "btime 1001") == 1000)
        #expect(seconds(90, "btime 999") == 1000)
        #expect(seconds(91, "btime 5000") == 1000)
        #expect(seconds(120, "btime 5000") == 5000)
        #expect(seconds(150, "nothing") == 5000)
    }

    /// This process, by descriptors that are kept.
    @Test func keptDescriptorsShowNewContentAndEndWithTheProcess() throws {
        let directory = try ProcessDirectory("/proc")
        var buffer = [UInt8](repeating: 0, count: 4096)
        var file: Descriptor?
        #expect(directory.read(getpid(), "stat", by: &file, into: &buffer) > 0)
        let kept = try #require(file?.number)
        #expect(directory.read(getpid(), "stat", by: &file, into: &buffer) > 0)
        #expect(file?.number == kept)
        #expect(try #require(directory.openFileCount(of: getpid())) >= 4)
        var none: Descriptor?
        #expect(directory.read(Int32.max, "stat", by: &none, into: &buffer) == -Int(ENOENT))
        #expect(none == nil && directory.openFileCount(of: Int32.max) == nil)
        let child = try #require(ChildProcess())
        var childFile: Descriptor?
        #expect(directory.read(child.pid, "stat", by: &childFile, into: &buffer) > 0)
        child.end()
        #expect(directory.read(child.pid, "stat", by: &childFile, into: &buffer) < 0)
        #expect(childFile == nil)
    }

    @Test func userNamesFollowTheFile() {
        let host = WrittenHost()
        host.write("root/etc/passwd", "root:x:0:0::/:/bin/sh\n")
        var users = UserNames(rootfs: host.host.rootfs)
        users.refresh()
        #expect(users.name(of: 0) == "root" && users.name(of: 1000) == "1000")
        host.write("root/etc/passwd", "root:x:0:0::/:/bin/sh\nalice:x:1000:1000::/:\n")
        users.refresh()
        #expect(users.name(of: 1000) == "alice")
        host.remove("root/etc/passwd")
        users.refresh()
        #expect(users.name(of: 0) == "0")
    }

    @Test func directoryEntriesCutAnywhere() {
        func record(_ name: String) -> [UInt8] {
            let length = (19 + name.utf8.count + 1 + 7) / 8 * 8
            var bytes = [UInt8](repeating: 1, count: 16) + [UInt8(length), 0, 4] + Array(name.utf8)
            bytes += [UInt8](repeating: 0, count: length - bytes.count)
            return bytes
        }
        let whole = ["1", "self", "12x", "99999999999", "0", "4194304"].flatMap(record)
        var numbers: [Int32] = []
        DirectoryEntries.appendNumbers(whole.span, to: &numbers)
        #expect(numbers == [1, 4_194_304])
        for end in 0..<whole.count {
            var part: [Int32] = []
            DirectoryEntries.appendNumbers(whole.span.extracting(0..<end), to: &part)
            #expect(part.count <= 1)
        }
    }
}

/// A process of our own that waits to be ended.
private struct ChildProcess {
    let pid: pid_t

    init?() {
        var pid: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("60"), nil]
        defer { for argument in arguments { free(argument) } }
        guard posix_spawnp(&pid, "sleep", nil, nil, &arguments, environ) == 0 else { return nil }
        self.pid = pid
    }

    /// Ends it and waits for it.
    func end() {
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }
}
