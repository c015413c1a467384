import Model

/// Programs of the configuration that write metrics in Prometheus' text format to standard output.
///
/// Each runs at its own interval on a thread of its own, off the tick. What it wrote is dated by the tick that finds
/// it. A run that fails (it took too long, exited other than 0, wrote too much) ends its series until the next that
/// does not.
struct CommandsCollector: Collector {
    static let families: [MetricFamily] = [
        .gauge(
            "agent_exec_exit_status",
            "How the latest run ended: its exit status, 128 and more where a signal ended it, 127 where none began."
        ),
        .gauge("agent_exec_duration_seconds", unit: "seconds", "How long the latest run took."),
        .counter("agent_exec_runs_total", "Runs that have ended."),
        .counter("agent_exec_failures_total", "Runs that brought nothing, for whatever reason."),
    ]

    /// Series that one program may bring.
    static let seriesMax = 2000

    /// What a run brought.
    private struct Outcome: Sendable {
        var status: Int32
        var seconds: Double
        var content = TextFileContent()
        var problem: CollectorError?
    }

    private struct Entry {
        let source: CommandSource
        let run: CommandRun
        let job: BackgroundJob<Outcome>
        var schedule: ForeignSchedule
        var series: ForeignSeries
        var latest: Outcome?
        var runCount: UInt64 = 0
        var failureCount: UInt64 = 0
        var status: NamedSeries
        var duration: NamedSeries
        var runs: NamedSeries
        var failures: NamedSeries

        init(_ source: CommandSource, _ calls: SystemCalls) {
            self.source = source
            let run = CommandRun(
                source.command, timeoutMilliseconds: source.timeoutMilliseconds, what: source.description)
            self.run = run
            job = BackgroundJob("run \(source.command[0])") { CommandsCollector.outcome(of: run, source, calls) }
            schedule = ForeignSchedule(intervalMilliseconds: source.intervalMilliseconds)
            series = ForeignSeries(intervalMilliseconds: source.intervalMilliseconds)
            let labels: KeyValuePairs = ["name": source.name]
            status = NamedSeries("agent_exec_exit_status", labels)
            duration = NamedSeries("agent_exec_duration_seconds", labels)
            runs = NamedSeries("agent_exec_runs_total", labels)
            failures = NamedSeries("agent_exec_failures_total", labels)
        }
    }

    /// Kills what is under way when the agent ends.
    private final class Runs {
        let runs: [CommandRun]
        init(_ runs: [CommandRun]) { self.runs = runs }
        deinit { for run in runs { run.stop() } }
    }

    private var entries: [Entry]
    private let runs: Runs

    static func copyOptions(of all: SamplerOptions, to own: inout SamplerOptions) {
        own.commands = all.commands
    }

    init(_ surroundings: Surroundings) {
        entries = surroundings.options.commands.map { Entry($0, surroundings.calls) }
        runs = Runs(entries.map(\.run))
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        for index in entries.indices {
            do throws(CollectorError) {
                try CommandsCollector.collect(&entries[index], into: &scrape)
            } catch {
                scrape.partialErrors.append(error)
            }
        }
    }

    mutating func endForeign(into scrape: inout Scrape) {
        for index in entries.indices { entries[index].series.end(into: &scrape) }
    }

    mutating func renew(_ renewal: inout CatalogRenewal) {
        for index in entries.indices { entries[index].series.renew(&renewal) }
    }

    private static func collect(_ entry: inout Entry, into scrape: inout Scrape) throws(CollectorError) {
        let now = scrape.monotonicNanoseconds
        if let outcome = entry.job.takeOutcome() {
            take(outcome, &entry, into: &scrape)
            // Counted once a run, and told once until one succeeds.
            if let problem = entry.latest?.problem { scrape.partialErrors.append(problem) }
        } else if let problem = entry.latest?.problem {
            scrape.lastingErrors.append(problem)
        }
        if entry.job.isRunning, entry.schedule.isOverdue(at: now, timeoutMilliseconds: entry.source.timeoutMilliseconds)
        {
            entry.series.end(into: &scrape)
        }
        scrape.emit(&entry.runs, Double(entry.runCount))
        scrape.emit(&entry.failures, Double(entry.failureCount))
        if let latest = entry.latest {
            scrape.emit(&entry.status, Double(latest.status))
            scrape.emit(&entry.duration, latest.seconds)
        }
        if !entry.job.isRunning, entry.schedule.isDue(at: now) { try entry.job.begin() }
    }

    private static func take(_ outcome: Outcome, _ entry: inout Entry, into scrape: inout Scrape) {
        entry.latest = outcome
        entry.runCount += 1
        guard outcome.problem == nil else {
            entry.failureCount += 1
            entry.series.end(into: &scrape)
            return
        }
        let content = outcome.content
        let leftOut = entry.series.replace(by: content.samples, content.families, into: &scrape)
        if let leftOut { entry.latest?.problem = leftOut.error(in: entry.source.output) }
        // Its samples are parsed strings, many bytes of them.
        entry.latest?.content = TextFileContent()
    }

    /// On the job's thread.
    private static func outcome(of run: CommandRun, _ source: CommandSource, _ calls: SystemCalls) -> Outcome {
        let began = ClockReading.now()
        let result = run.run()
        let took = ClockReading.now().monotonicNanoseconds &- began.monotonicNanoseconds
        var outcome = Outcome(
            status: result.status, seconds: Double(took / 1000) / 1e6, problem: result.problem)
        if result.problem != nil { return outcome }
        let what = source.output
        outcome.content = calls.readPage(result.output, .text, began.wall, CommandsCollector.seriesMax)
        if outcome.content.isTooLong {
            outcome.problem = .malformed(what, "more than \(CommandsCollector.seriesMax) series")
        } else if let problem = outcome.content.problem {
            outcome.problem = .malformed(what, problem)
        }
        return outcome
    }
}

extension CommandSource {
    /// As messages call it: several may run one program.
    fileprivate var description: String { "\(command[0]) of exec \(name)" }

    fileprivate var output: String { "what \(description) writes" }
}
