import Model
import Testing

@testable import Sampler

/// Lines as mm/oom_kill.c prints them.
@Suite struct OutOfMemoryReportTests {
    private let time = Timestamp(milliseconds: 1000)

    @Test func aKillWithItsService() throws {
        var report = OutOfMemoryReport()
        let first =
            "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/system.slice/"
            + "web.service,task_memcg=/system.slice/web.service,task=php-fpm,pid=8123,uid=33"
        #expect(report.read(first, at: time) == nil)
        let second =
            "Memory cgroup out of memory: Killed process 8123 (php-fpm) total-vm:2100000kB, anon-rss:1990656kB, "
            + "file-rss:100kB, shmem-rss:0kB, UID:33 pgtables:4000kB oom_score_adj:0"
        let read = report.read(second, at: time)
        let event = try #require(read)
        #expect(event.kind == .outOfMemoryKill && event.time == time)
        #expect(
            event.text == "out of memory: the kernel killed process 8123 (php-fpm) of web.service, which had 1944 MiB")
        #expect(event.labels.description == #"{name="php-fpm", pid="8123", service="web.service"}"#)
    }

    @Test(arguments: [
        ("Out of memory: Killed process 7 (a b) c) total-vm:1kB, anon-rss:0kB", "(a b) c), which had 0 MiB"),
        ("Out of memory: Killed process 7 (x) total-vm:1kB", "(x)"),
    ]) func withoutTheFirstLine(_ line: String, _ end: String) throws {
        var report = OutOfMemoryReport()
        let read = report.read(line, at: time)
        let event = try #require(read)
        #expect(event.text == "out of memory: the kernel killed process 7 \(end)")
        #expect(event.labels["service"] == nil)
    }

    @Test(arguments: [
        "", "oom-kill:", "oom-kill:pid=x", "Killed process ", "Killed process x (y) total-vm:1kB",
        "usb 1-1: new device", "Killed process 1 total-vm:", "Killed process  total-vm:",
    ]) func whatIsNoKill(_ line: String) {
        var report = OutOfMemoryReport()
        let event = report.read(line, at: time)
        #expect(event == nil || event?.kind == .outOfMemoryKill)
        if !line.contains("Killed process 1 ") { #expect(event == nil) }
    }
}
