import Model
import TestSupport

/// A made-up host whose processes come, work, vanish from view, return, exec, die and leave their pid to others.
struct FrameWorld {
    private var random: SeededGenerator
    private var processes: [ProcessRecord] = []
    private var time: Int64 = 1_700_000_000_000
    private var ticks: UInt64 = 1000
    /// Pids are few, so that they are used again soon.
    var pids: ClosedRange<Int32> = 1...20
    var processesMax = 12

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func frames(_ count: Int) -> [ProcessFrame] { (0..<count).map { _ in frame() } }

    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

    private mutating func frame() -> ProcessFrame {
        time += chance(10) ? 5003 : 5000
        ticks += 500
        if chance(3), processes.count < processesMax { begin() }
        if chance(8), !processes.isEmpty { processes.remove(at: Int.random(in: processes.indices, using: &random)) }
        for i in processes.indices { work(at: i) }
        var visible: [ProcessRecord] = []
        for process in processes where !chance(6) { visible.append(process) }
        visible.sort { ($0.pid, $0.startTicks) < ($1.pid, $1.startTicks) }
        return ProcessFrame(
            time: Timestamp(milliseconds: time), elapsedMilliseconds: chance(30) ? 0 : 5000,
            memoryTotalBytes: chance(40) ? 0 : 16 << 30, ticksPerSecond: 100,
            bootSeconds: chance(30) ? 0 : 1_600_000_000 + time % 2, processes: visible)
    }

    private mutating func begin() {
        let pid = Int32.random(in: pids, using: &random)
        // Sometimes a pid is used twice at once: no kernel does that, and the codecs need not care.
        if processes.contains(where: { $0.pid == pid }), !chance(5) { return }
        ticks += 1
        let hidden = chance(3)
        processes.append(
            ProcessRecord(
                pid: pid, startTicks: ticks, name: ["make", "clang", "süß", ""].randomElement(using: &random)!,
                username: ["root", "build", ""].randomElement(using: &random)!, cpuTicks: 0, cpuTicksSinceLast: 0,
                residentBytes: 4096 * UInt64.random(in: 1...9999, using: &random), readBytes: hidden ? nil : 0,
                writeBytes: hidden ? nil : 512, threads: 1))
    }

    private mutating func work(at i: Int) {
        let used = chance(2) ? UInt64.random(in: 0...500, using: &random) : 0
        processes[i].cpuTicks += used
        processes[i].cpuTicksSinceLast = chance(20) ? random.next() >> 40 : used
        if chance(3) { processes[i].residentBytes = 4096 * UInt64.random(in: 1...9999, using: &random) }
        if chance(4) { processes[i].readBytes? += UInt64.random(in: 0...5000, using: &random) * 512 }
        if chance(9) { processes[i].writeBytes? += UInt64.random(in: 0...5000, using: &random) }
        if chance(20) { processes[i].threads = UInt32.random(in: 0...400, using: &random) }
        if chance(40) { processes[i].readBytes = processes[i].readBytes == nil ? 77 : nil }
        if chance(4) { processes[i].state = [82, 83, 68, 90, nil].randomElement(using: &random)! }
        if chance(30) {
            processes[i].cgroup = ["ssh.service", "docker-0123/x", "", nil].randomElement(using: &random)!
        }
        if chance(30) { processes[i].command = ["make -j 9", "süß", nil].randomElement(using: &random)! }
        if chance(5) { processes[i].openFiles? += UInt32.random(in: 0...3, using: &random) }
        if chance(40) { processes[i].openFiles = [0, 7, .max >> 1, nil].randomElement(using: &random)! }
        if chance(5) { processes[i].swapBytes? &+= UInt64.random(in: 0...99, using: &random) * 4096 }
        if chance(40) { processes[i].swapBytes = [0, 4097, .max, nil].randomElement(using: &random)! }
        if chance(40) { processes[i].name = "exec\(Int.random(in: 0...2, using: &random))" }
        if chance(60) {
            // Numbers that no kernel gives.
            processes[i].cpuTicks = random.next()
            processes[i].residentBytes = random.next()
            processes[i].writeBytes = random.next()
            processes[i].swapBytes = random.next() >> 40
            processes[i].openFiles = UInt32.random(in: 0...(.max >> 1), using: &random)
        }
    }
}
