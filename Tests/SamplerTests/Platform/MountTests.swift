import Glibc
import Synchronization
import Testing

@testable import Sampler

@Suite struct MountTests {
    private func table(_ text: String) -> [Mount] {
        let bytes = Array(text.utf8)
        return MountTable.parse(ByteScanner(bytes.span))
    }

    private func chosen(_ text: String) -> [String] {
        MountTable.chosen(from: table(text)).map { String(decoding: $0.mountPoint, as: UTF8.self) }
    }

    @Test func linesOfTheTable() {
        let mounts = table(
            "36 35 98:0 /r\\040oot /mnt\\0112 rw,noatime master:1 shared:2 - ext4 /dev/sd\\134a rw,x=y\n"
                + "1 2 0:3 / / rw - proc\n1 2 0:3 / / rw\n\n1 2 0:4 / /x rw - tmpfs none")
        #expect(mounts.count == 2)
        #expect(mounts[0].deviceNumber == "98:0" && mounts[0].root == Array("/r oot".utf8))
        #expect(mounts[0].mountPoint == Array("/mnt\t2".utf8))
        #expect(mounts[0].type == "ext4" && mounts[0].source == "/dev/sd\\a")
        #expect(mounts[1].source == "none")
    }

    @Test func escapes() {
        func check(_ text: String, _ expected: String) {
            #expect(MountTable.unescaped(Array(text.utf8)) == Array(expected.utf8), "\(text)")
        }
        check("", "")
        check("a\\040b", "a b")
        check("\\134\\134", "\\\\")
        check("\\04", "\\04")
        check("\\089", "\\089")
        #expect(MountTable.unescaped(Array("\\777".utf8)) == [0xff])
    }

    @Test func whatIsShown() {
        // Pseudo file systems and images are not.
        #expect(
            chosen(
                "1 1 0:1 / /proc rw - proc p rw\n2 1 0:2 / /ram rw - ramfs t rw\n"
                    + "3 1 7:0 / /s ro - squashfs l ro\n") == [])
        // Of one device, its own root rather than a bind mount, then the shorter path, then the first.
        #expect(chosen("1 1 8:1 /sub /a rw - ext4 d rw\n2 1 8:1 / /longer rw - ext4 d rw\n") == ["/longer"])
        #expect(
            chosen(
                "1 1 8:1 / /longer rw - ext4 d rw\n2 1 8:1 / /b rw - ext4 d rw\n"
                    + "3 1 8:1 / /c rw - ext4 d rw\n") == ["/b"])
        // Of one mount point, the last.
        #expect(chosen("1 1 8:1 / /a rw - ext4 d rw\n2 1 8:2 / /a rw - xfs e rw\n") == ["/a"])
        #expect(
            MountTable.chosen(
                from: table(
                    "1 1 8:1 / /a rw - ext4 d rw\n"
                        + "2 1 8:2 / /a rw - xfs e rw\n"))[0].type == "xfs")
        #expect(chosen("1 1 8:1 / /a rw - ext4 d rw\n2 1 0:9 / /a rw - ramfs t rw\n") == [])
        // Memory that can be full, where it is not the system's own; nobody is waited for to ask it.
        let memory = [
            "/run", "/run/lock", "/tmp", "/run/user/1000", "/dev", "/dev/shm", "/devices", "/proc/acpi",
            "/sys/fs/cgroup",
            "/run/credentials/a.service", "/run/credentials", "/var/lib/docker/x/shm", "/var/lib/mon",
        ].enumerated().map { "\($0) 1 0:\(100 + $0) / \($1) rw - tmpfs tmpfs rw\n" }.joined()
        #expect(chosen(memory) == ["/run", "/run/lock", "/tmp", "/run/user/1000", "/devices", "/var/lib/mon"])
        let mounts = table(memory + "99 1 0:99 / /net rw - nfs h:/e rw\n98 1 0:98 / /net/t rw - tmpfs t rw\n")
        #expect(mounts.map { MountTable.mayBlock($0, among: mounts) }.suffix(3) == [false, true, true])
        // A container's root is an overlay; the layers of containers are not shown on their host.
        #expect(chosen("1 1 0:5 / / rw - overlay o rw\n2 1 0:6 / /var/lib/x rw - overlay o rw\n") == ["/"])
        #expect(chosen("1 1 0:5 / /n rw - nfs4 h:/e rw\n2 1 0:6 / /f rw - fuse.sshfs h: rw\n") == ["/n", "/f"])
    }

    @Test func whatMayBlock() {
        func check(_ text: String, _ expected: [Bool]) {
            let mounts = table(text)
            #expect(mounts.map { MountTable.mayBlock($0, among: mounts) } == expected, "\(text)")
        }
        check(
            "1 1 8:1 / / rw - ext4 d rw\n2 1 8:2 / /home rw - xfs e rw\n"
                + "3 1 0:9 / /proc rw - proc p rw\n", [false, false, true])
        // A path that leads through a network mount, a FUSE mount, an automount.
        check(
            "1 1 8:1 / / rw - ext4 d rw\n2 1 0:5 / /n rw - nfs h:/e rw\n"
                + "3 1 8:2 / /n/d rw - ext4 e rw\n", [false, true, true])
        check("1 1 0:5 / /a rw - autofs x rw\n2 1 8:2 / /a/d rw - ext4 e rw\n", [true, true])
    }

    @Test func aHungMountCostsOneDeadlineOnce() throws {
        let gate = Gate()
        var probe = MountProbe(deadlineMilliseconds: 60) { path in
            if path == [2] { gate.wait() }
            return .failed(Int32(path[0]))
        }
        defer { gate.open() }
        #expect(try probe.probe([[1], [3]]) == [.failed(1), .failed(3)])
        #expect(gate.askCount == 0)
        // It hangs: the mounts before and behind it are answered all the same.
        #expect(try probe.probe([[1], [2], [3]]) == [.failed(1), .timedOut, .failed(3)])
        #expect(probe.stuckPaths == [[2]] && gate.askCount == 1)
        // It is not asked again, so this does not wait.
        let began = ClockReading.now().monotonicNanoseconds
        for _ in 0..<20 { #expect(try probe.probe([[1], [2], [3]]) == [.failed(1), .timedOut, .failed(3)]) }
        #expect(ClockReading.now().monotonicNanoseconds - began < 1_000_000_000)
        #expect(gate.askCount == 1)
        // It comes back, and is asked again.
        gate.open()
        var answers: [MountAnswer] = []
        for _ in 0..<100_000 {
            answers = try probe.probe([[1], [2], [3]])
            if answers[1] != .timedOut { break }
            sched_yield()
        }
        #expect(answers == [.failed(1), .failed(2), .failed(3)])
        #expect(probe.stuckPaths.isEmpty)
    }

    @Test func aRoundWithManyHungMountsIsBounded() throws {
        let gate = Gate()
        defer { gate.open() }
        var probe = MountProbe(deadlineMilliseconds: 20) { path in
            if path[0] >= 10 { gate.wait() }
            return .failed(Int32(path[0]))
        }
        let paths: [[UInt8]] = [[10], [11], [12], [1]]
        #expect(try probe.probe(paths) == [.timedOut, .timedOut, .timedOut, .timedOut])
        #expect(probe.stuckPaths.count == 2)
        #expect(try probe.probe(paths) == [.timedOut, .timedOut, .timedOut, .failed(1)])
        #expect(probe.stuckPaths.count == 3)
    }

    @Test func statvfsOfThisMachine() {
        guard case .statistics(let root) = MountAnswer(statvfsOf: Array("/".utf8)) else {
            Issue.record("no answer for /")
            return
        }
        #expect(root.blockBytes > 0 && root.blocksFree <= root.blocks)
        #expect(MountAnswer(statvfsOf: Array("/no/such/place".utf8)) == .failed(ENOENT))
    }
}

/// Holds callers until it is opened, and counts them.
private final class Gate: Sendable {
    private let isOpen = Atomic<Bool>(false)
    private let asked = Atomic<Int>(0)

    var askCount: Int { asked.load(ordering: .acquiring) }

    func wait() {
        asked.add(1, ordering: .acquiringAndReleasing)
        while !isOpen.load(ordering: .acquiring) { usleep(500) }
    }

    func open() { isOpen.store(true, ordering: .releasing) }
}
