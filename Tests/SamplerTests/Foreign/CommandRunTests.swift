import Glibc
import TestSupport
import Testing

@testable import Sampler

@Suite struct CommandRunTests {
    private func run(_ words: String..., timeout: Int64 = 10_000) -> CommandRun.Result {
        CommandRun(words, timeoutMilliseconds: timeout).run()
    }

    @Test func outputStatusAndSurroundings() {
        let good = run("/bin/sh", "-c", "echo a 1; pwd; env | sort | grep -v ^_; cat; ps -o pgid= -p $$ >/dev/null")
        #expect(good.status == 0 && good.problem == nil)
        let lines = String(decoding: good.output, as: UTF8.self).split(separator: "\n")
        #expect(lines.prefix(2) == ["a 1", "/"])
        #expect(
            lines.dropFirst(2).allSatisfy { $0.hasPrefix("PATH=") || $0 == "LC_ALL=C" || $0 == "PWD=/" }, "\(lines)")
        let bad = run("/bin/sh", "-c", "echo half; echo it broke >&2; echo more >&2; exit 3")
        #expect(bad.status == 3 && bad.complaint == "it broke")
        #expect(bad.problem?.description == "cannot run /bin/sh: it exited 3: it broke")
        #expect(run("/bin/sh", "-c", "kill -TERM $$").status == 143)
        let none = run("/nowhere/at/all")
        #expect(none.status == 127 && none.problem?.reason == .system)
        #expect(none.problem?.description.contains("No such file") == true)
    }

    /// Neither a program that hangs, nor one that leaves others behind, nor one that writes without end, holds a run.
    @Test func nothingOutlivesARun() throws {
        let folder = TemporaryFolder()
        let pidFile = folder.path + "/pid"
        let began = ClockReading.now().monotonicNanoseconds
        let hung = run("/bin/sh", "-c", "sleep 100 & echo $! > \(pidFile); trap '' TERM; sleep 100", timeout: 300)
        #expect(hung.status == 137 && hung.problem?.reason == .timeout)
        #expect(ClockReading.now().monotonicNanoseconds - began < 20_000_000_000)
        let child = try #require(
            contents(of: pidFile).flatMap { Int32(String(decoding: $0.dropLast(), as: UTF8.self)) })
        // Killed with its group; whoever adopts it reaps it in its own time.
        #expect(isGone(child))
        let left = run("/bin/sh", "-c", "sleep 100 >/dev/null 2>&1 & echo $! > \(pidFile); echo a 1")
        #expect(left.problem == nil && left.output == Array("a 1\n".utf8))
        let orphan = try #require(
            contents(of: pidFile).flatMap { Int32(String(decoding: $0.dropLast(), as: UTF8.self)) })
        #expect(isGone(orphan))
        let flood = run("/bin/sh", "-c", "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done")
        #expect(flood.problem?.description.contains("more than 1048576 bytes") == true && flood.status == 137)
        #expect(flood.output.count <= CommandRun.outputBytesMax)
    }

    /// A child that holds the output of a program that has ended is killed with it, and what was written counts; one in
    /// a group of its own is not waited for.
    @Test(arguments: ["", "setsid "]) func whoHoldsTheOutputIsNotWaitedFor(_ prefix: String) throws {
        let folder = TemporaryFolder()
        let pidFile = folder.path + "/pid"
        let began = ClockReading.now().monotonicNanoseconds
        let held = run("/bin/sh", "-c", "\(prefix)sleep 322 & echo $! > \(pidFile); echo 'x 1'", timeout: 60_000)
        #expect(ClockReading.now().monotonicNanoseconds - began < 30_000_000_000)
        #expect(held.problem == nil && held.status == 0 && held.output == Array("x 1\n".utf8), "\(held)")
        let child = try #require(
            contents(of: pidFile).flatMap { Int32(String(decoding: $0.dropLast(), as: UTF8.self)) })
        if !prefix.isEmpty { kill(child, SIGKILL) }
        #expect(isGone(child))
    }

    @Test func aSignalIsToldAsOne() {
        let crashed = run("/bin/sh", "-c", "kill -SEGV $$")
        #expect(crashed.status == 139)
        #expect(crashed.problem?.description == "cannot run /bin/sh: it was ended by signal 11")
        #expect(
            run("/bin/sh", "-c", "exit 139").problem?.description == "cannot run /bin/sh: it exited 139")
    }

    private func isGone(_ pid: Int32) -> Bool {
        for _ in 0..<1000 {
            guard let stat = contents(of: "/proc/\(pid)/stat") else { return true }
            if String(decoding: stat, as: UTF8.self).contains(") Z ") { return true }
            usleep(5000)
        }
        return false
    }

    @Test func aRunCanBeStopped() {
        let run = CommandRun(["/bin/sleep", "100"], timeoutMilliseconds: 60_000)
        let job = BackgroundJob("sleep") { run.run() }
        do { try job.begin() } catch { Issue.record("\(error)") }
        var outcome: CommandRun.Result?
        for _ in 0..<2000 where outcome == nil {
            run.stop()
            outcome = job.takeOutcome()
            usleep(2000)
        }
        #expect(outcome?.status == 137)
        #expect(!job.isRunning)
    }
}
