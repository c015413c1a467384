import Model
import TestSupport
import Testing

@testable import Sampler

/// For whom the CPU time of processes is counted.
@Suite struct ProcessTableTests {
    /// The truth: a host whose every tick of CPU time is known by the process that used it.
    private struct World {
        struct Life {
            var pid: Int32
            var start: UInt64
            var name: String
            var parent: Int
            var own: UInt64 = 0
            var children: UInt64 = 0
            /// Who waited for it; nil while it lives.
            var reaper: Int?
        }

        var random: SeededGenerator
        var lives: [Life] = []
        var clock: UInt64 = 100
        /// Ticks used since the last look, by life.
        var used: [Int: UInt64] = [:]
        let makesOrphans: Bool

        init(seed: UInt64, makesOrphans: Bool) {
            random = SeededGenerator(seed: seed)
            self.makesOrphans = makesOrphans
            lives = [Life(pid: 1, start: 1, name: "init", parent: -1)]
        }

        var living: [Int] { lives.indices.filter { lives[$0].reaper == nil } }

        mutating func act() {
            clock += UInt64.random(in: 0...2, using: &random)
            let one = living.randomElement(using: &random)!
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4:
                let ticks = UInt64.random(in: 1...50, using: &random)
                lives[one].own += ticks
                used[one, default: 0] += ticks
            case 4..<7: fork(one)
            case 7: lives[one].name = ["make", "cc", "ld", "sh"].randomElement(using: &random)!
            default: exit(one)
            }
        }

        private mutating func fork(_ parent: Int) {
            let taken = Set(living.map { lives[$0].pid })
            // Few, so that ids are used again and children have lower ones than their parents.
            guard let pid = (2...12 as ClosedRange<Int32>).filter({ !taken.contains($0) }).randomElement(using: &random)
            else { return }
            clock += 1
            lives.append(Life(pid: pid, start: clock, name: lives[parent].name, parent: parent))
        }

        private mutating func exit(_ one: Int) {
            guard one != 0 else { return }
            let children = living.filter { lives[$0].parent == one }
            guard makesOrphans || children.isEmpty else { return }
            for child in children { lives[child].parent = 0 }
            let parent = lives[one].parent
            lives[parent].children += lives[one].own + lives[one].children
            lives[one].reaper = parent
        }

        func stat(_ one: Int) -> ProcessStat {
            let life = lives[one]
            let parent = life.parent < 0 ? 0 : lives[life.parent].pid
            let text =
                "\(life.pid) (\(life.name)) S \(parent) 1 1 0 -1 0 0 0 0 0 \(life.own) 0 \(life.children) 0 20 0 1 0"
                + " \(life.start) 1000 10 7"
            return ProcessStat(ByteScanner(Array(text.utf8).span))!
        }

        func look(_ table: inout ProcessTable, _ groups: inout ProcessGroups) {
            table.begin()
            for one in living.sorted(by: { lives[$0].pid < lives[$1].pid }) { table.see(lives[one].pid, stat(one)) }
            table.settle()
            table.count(into: &groups)
            table.finish()
        }

        /// By name, what has been used since the last look: a process's own, or of who waited for it in the end.
        mutating func settle(into sums: inout [String: UInt64]) {
            for (user, ticks) in used {
                var one = user
                while let reaper = lives[one].reaper { one = reaper }
                sums[lives[one].name, default: 0] += ticks
            }
            used.removeAll()
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func everyTickIsCountedOnceForItsNameOrThatOfWhoWaited(seed: UInt64) {
        var world = World(seed: seed, makesOrphans: false)
        var table = ProcessTable()
        var groups = ProcessGroups(ticksPerSecond: 100, pageBytes: 4096)
        for _ in 0..<30 { world.act() }
        world.look(&table, &groups)
        world.used.removeAll()
        var expected: [String: UInt64] = [:]
        for look in 0..<200 {
            for _ in 0..<Int.random(in: 0...12, using: &world.random) { world.act() }
            world.look(&table, &groups)
            world.settle(into: &expected)
            for (name, ticks) in expected {
                let counted = groups.counted(name)
                #expect(counted?.use.cpuTicks == ticks, "seed \(seed), look \(look), \(name)")
                #expect(counted?.overdraft == 0, "seed \(seed), look \(look), \(name)")
            }
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func withOrphansTheSumIsStillRight(seed: UInt64) {
        var world = World(seed: seed, makesOrphans: true)
        var table = ProcessTable()
        var groups = ProcessGroups(ticksPerSecond: 100, pageBytes: 4096)
        for _ in 0..<30 { world.act() }
        world.look(&table, &groups)
        world.used.removeAll()
        var expected: [String: UInt64] = [:]
        var before: [String: UInt64] = [:]
        for look in 0..<200 {
            for _ in 0..<Int.random(in: 0...12, using: &world.random) { world.act() }
            world.look(&table, &groups)
            world.settle(into: &expected)
            let (use, overdraft) = groups.countedInAll
            let owed = table.processes.reduce(0) { $0 + $1.inheritance.owedTicks }
            #expect(
                use.cpuTicks == expected.values.reduce(0, +) + overdraft + owed, "seed \(seed), look \(look)")
            for name in ["init", "make", "cc", "ld", "sh"] {
                let counted = groups.counted(name)?.use.cpuTicks ?? 0
                #expect(counted >= before[name] ?? 0, "seed \(seed), look \(look): \(name) fell")
                before[name] = counted
            }
        }
    }

    // MARK: - Looks that are not one moment

    private typealias Seen = (pid: Int32, name: String, parent: Int, own: Int, children: Int, io: UInt64)

    private func look(_ table: inout ProcessTable, _ groups: inout ProcessGroups, _ seen: [Seen]) {
        table.begin()
        for one in seen {
            let text =
                "\(one.pid) (\(one.name)) S \(one.parent) 1 1 0 -1 0 0 0 0 0 \(one.own) 0 \(one.children) 0 20 0 1 0 "
                + "\(one.pid) 1000 10 7"
            table.see(one.pid, ProcessStat(ByteScanner(Array(text.utf8).span))!)
        }
        table.settle()
        for (place, one) in seen.enumerated() {
            table.processes[place].updateIO((read: one.io, written: 0), isFirstLook: table.isFirstLook)
        }
        table.count(into: &groups)
        table.finish()
    }

    private func ticks(_ groups: ProcessGroups, _ name: String) -> UInt64? { groups.counted(name)?.use.cpuTicks }

    /// The parent was read, then it waited for the child, then the child was missed.
    @Test func aChildThatIsMissedBeforeItsParentGrows() {
        var table = ProcessTable()
        var groups = ProcessGroups(ticksPerSecond: 100, pageBytes: 4096)
        look(&table, &groups, [(2, "make", 1, 0, 0, 0), (3, "cc", 2, 0, 0, 0)])
        look(&table, &groups, [(2, "make", 1, 0, 0, 0), (3, "cc", 2, 80, 0, 7)])
        look(&table, &groups, [(2, "make", 1, 0, 0, 0)])
        look(&table, &groups, [(2, "make", 1, 0, 100, 9)])
        #expect(ticks(groups, "cc") == 80 && ticks(groups, "make") == 20)
        #expect(groups.counted("cc")?.use.readBytes == 7 && groups.counted("make")?.use.readBytes == 2)
    }

    /// The child was read, then its parent waited for it, then the parent was read: counted first and taken off later.
    @Test func aChildThatIsMissedAfterItsParentHasGrown() {
        var table = ProcessTable()
        var groups = ProcessGroups(ticksPerSecond: 100, pageBytes: 4096)
        look(&table, &groups, [(3, "cc", 9, 0, 0, 0), (9, "make", 1, 0, 0, 0)])
        look(&table, &groups, [(3, "cc", 9, 80, 0, 0), (9, "make", 1, 0, 100, 0)])
        #expect(ticks(groups, "make") == 100)
        look(&table, &groups, [(9, "make", 1, 0, 100, 0)])
        look(&table, &groups, [(9, "make", 1, 200, 100, 0)])
        #expect(ticks(groups, "cc") == 80 && ticks(groups, "make") == 220)
    }

    /// What waits for its growth twice in vain is owed by the first process, and then by nobody.
    @Test func aParentThatNeverWaitsOwesNotForEver() {
        var table = ProcessTable()
        var groups = ProcessGroups(ticksPerSecond: 100, pageBytes: 4096)
        look(&table, &groups, [(2, "daemon", 1, 0, 0, 0), (3, "child", 2, 0, 0, 0)])
        look(&table, &groups, [(2, "daemon", 1, 0, 0, 0), (3, "child", 2, 50, 0, 0)])
        for _ in 0..<3 { look(&table, &groups, [(2, "daemon", 1, 0, 0, 0)]) }
        look(&table, &groups, [(2, "daemon", 1, 0, 30, 0)])
        #expect(ticks(groups, "child") == 50 && ticks(groups, "daemon") == 30)
    }

    /// Use from before the agent began is nobody's, even when the process is found later than others.
    @Test func whatWasThereBeforeIsNotCounted() {
        var table = ProcessTable()
        var groups = ProcessGroups(ticksPerSecond: 100, pageBytes: 4096)
        look(&table, &groups, [(5, "old", 1, 1000, 500, 4)])
        // Began before the other, and was hidden at the first look.
        look(&table, &groups, [(4, "hidden", 1, 700, 70, 9), (5, "old", 1, 1001, 500, 5)])
        #expect(ticks(groups, "hidden") == 0 && ticks(groups, "old") == 1)
        #expect(groups.counted("hidden")?.use.readBytes == 0 && groups.counted("old")?.use.readBytes == 1)
        look(&table, &groups, [(4, "hidden", 1, 703, 72, 10), (5, "old", 1, 1001, 500, 5)])
        #expect(ticks(groups, "hidden") == 5 && groups.counted("hidden")?.use.readBytes == 1)
    }

    @Test func threadsOfTheKernelAreGroupedByWhatTheyDo() {
        func group(_ name: String, _ flags: Int) -> String? {
            let text = Array("5 (\(name)) S 2 0 0 0 -1 \(flags) 0 0 0 0 7 0 0 0 20 0 1 0 9 0 0 7".utf8)
            return ProcessStat(ByteScanner(text.span))?.groupName
        }
        #expect(group("kworker/0:1-events", 0x420_8060) == "kworker")
        #expect(group("ksoftirqd/3", 0x20_8040) == "ksoftirqd")
        #expect(group("jbd2/sda1-8", 0x20_8040) == "jbd2")
        #expect(group("/x", 0x20_8040) == "/")
        #expect(group("a/b", 0) == "a/b")
    }
}
