import Model

/// The lines of proc_stat(5) behind the processors': interrupts, context switches, forks, waiting tasks.
struct KernelActivity {
    static let families: [MetricFamily] = [
        .counter("interrupts_total", "Interrupts that were served."),
        .counter("context_switches_total", "Changes from one task to another, over all processors."),
        .gauge("boot_time_seconds", unit: "seconds", "When the kernel started, in seconds since 1970."),
        .counter("forks_total", "Processes and threads that were made."),
        .gauge("processes_running", "Tasks that run or could run."),
        .gauge("processes_blocked", "Tasks that wait for a disk."),
    ]

    private var interrupts = NamedSeries("interrupts_total")
    private var switches = NamedSeries("context_switches_total")
    private var bootTime = NamedSeries("boot_time_seconds")
    private var forks = NamedSeries("forks_total")
    private var running = NamedSeries("processes_running")
    private var blocked = NamedSeries("processes_blocked")

    /// Appends what the rest of the file tells. A line that a kernel lacks is no series.
    mutating func emit(_ text: inout ByteScanner, into scrape: inout Scrape) {
        while !text.isAtEnd {
            // The first number of this line is the sum, and thousands of others may follow it.
            if text.skip("intr ") {
                scrape.emit(&interrupts, text.number())
            } else if text.skip("ctxt ") {
                scrape.emit(&switches, text.number())
            } else if text.skip("btime ") {
                scrape.emit(&bootTime, text.number())
            } else if text.skip("processes ") {
                scrape.emit(&forks, text.number())
            } else if text.skip("procs_running ") {
                scrape.emit(&running, text.number())
            } else if text.skip("procs_blocked ") {
                scrape.emit(&blocked, text.number())
                // The last line, softirq, is not told.
                return
            }
            text.skipLine()
        }
    }
}
