import Glibc
import Model
import Testing

@testable import Sampler

/// docs/metrics.md against the list of collectors. To make it anew: `MON_REGENERATE=1 swift test --filter MetricsPage`.
@Suite struct MetricsPageTests {
    private static let path =
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/docs/metrics.md"

    private static let preamble = """
        # Metrics

        What the agent records, by collector. Every series also answers under other names where there are some, as those
        of node_exporter: [aliases.md](aliases.md). Counters grow until their source begins anew; `rate()` and
        `increase()` know that.

        A collector is switched on or off, and gets an interval of its own, by its name. What a kernel or a machine has
        not got is no series and no error.

        The metrics of single processes are made when they are asked for, from frames that the collector `process`
        records every 10 s (every 5 s while memory is short): the processes that are largest by CPU, by memory and by
        I/O. Each has the labels `pid`, `name` and `username`:

        | metric | type | what it tells |
        |---|---|---|
        | `process_cpu_percent` | gauge | CPU time used since the look before, in percent of one CPU. |
        | `process_cpu_seconds_total` | counter | CPU time used since the process began. |
        | `process_memory_bytes` | gauge | Resident memory. |
        | `process_memory_percent` | gauge | The same in percent of the host's. |
        | `process_io_read_bytes_total` | counter | Bytes it had read from storage, children it waited for included. |
        | `process_io_write_bytes_total` | counter | Bytes it had written to storage, likewise. |
        | `process_threads` | gauge | Threads. |
        | `process_start_time_seconds` | gauge | When it began, in seconds since 1970. |
        | `process_state` | gauge | 1, with its state as the label `state`: R, S, D, Z, T, I as in ps. |
        | `process_cgroup_info` | gauge | 1, with its control group as the label `cgroup`. |
        | `process_open_fds` | gauge | Open files; where `sampler.process_details` is on. |
        | `process_swap_bytes` | gauge | Memory in swap; likewise. |
        | `process_command_info` | gauge | 1, with the label `command`; where `sampler.process_command_line` is on. |

        So `count by (state) (process_state)` counts, `process_state{state="D"}` finds who hangs in a disk, and
        `process_memory_bytes * on (pid, name, username) group_left (cgroup) process_cgroup_info` tells the service
        beside the memory. Up to its first slash `cgroup` is what the metrics of services have as `service`.

        The metrics `process_group_*` are recorded for **all** processes, by command name; threads of the kernel by the
        part before the slash. Shown are the names that are largest by CPU, memory or I/O, for five minutes at least
        and 40 at most; the others together are `name="(other)"`, so that a sum over all names is what all processes
        used. CPU time of children that ended unseen, as compilers do, is counted for the parent that waited for them.

        """

    @Test func thePageTellsEveryMetric() {
        var page = MetricsPageTests.preamble
        for entry in CollectorRegistry.entries where !entry.families.isEmpty {
            page += "\n## \(entry.name)\n\n"
            page += "Section `\(entry.section)`, every \(DurationText.format(entry.intervalMilliseconds)).\n\n"
            page += "| metric | type | what it tells |\n|---|---|---|\n"
            for family in entry.families { page += "| `\(family.name)` | \(family.kind) | \(family.help) |\n" }
        }
        page += "\n## Every collector\n\n| metric | type | what it tells |\n|---|---|---|\n"
        for family in CollectorSlot.families { page += "| `\(family.name)` | \(family.kind) | \(family.help) |\n" }
        if getenv("MON_REGENERATE") != nil {
            let file = fopen(MetricsPageTests.path, "w")!
            fputs(page, file)
            fclose(file)
            return
        }
        let found = contents(of: MetricsPageTests.path).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
        let foundLines = found.split(separator: "\n", omittingEmptySubsequences: false)
        for (line, foundLine) in zip(lines, foundLines) { #expect(foundLine == line) }
        #expect(foundLines.count == lines.count)
    }
}
