import Formats
import Glibc
import Model
import Sampler
import Server
import Synchronization
import TSDB

/// `mon run`: one thread samples, commits, seals and ages the store; the listener has threads of its own.
///
/// Life: lock the folder, mark the gap since the last recording, serve, then tick until SIGINT or SIGTERM; on those,
/// end all series with stale markers, commit, stop serving, close. A second signal ends the process at once. SIGUSR1
/// seals the head now; SIGHUP and `/-/reload` read the configuration again, whole or not at all (Daemon+Reload.swift).
struct Daemon: ~Copyable {
    var options: DaemonOptions
    let console: Console
    let log: Log
    var ingest: Ingest
    var loop: SamplingLoop
    var limits: LimitWatch
    var listener: Listener
    let manager: ServiceManager
    private var hasToldRefusals = false
    private var attempts: Attempts
    private var upkeep: StoreUpkeep
    /// What had to be done before the store could be recorded into.
    private let rescue: StoreRescue.Rescue?

    private static let giveBackNanoseconds: UInt64 = 60_000_000_000

    /// Scrapes that damage may keep from being recorded before the start is left to begin anew, or to rescue the store.
    private static let damagedScrapesMax = 3

    /// Runs until a signal ends it.
    /// - Parameter load: what is asked for, read anew.
    /// - Throws: what the start brought: ``StoreError``, ``ListenError``.
    static func run(
        _ options: DaemonOptions, on console: Console, load: () throws -> DaemonOptions
    ) throws {
        // Before any other thread exists, so that none of them gets the signals.
        Signals.hold(reloads: true)
        ProcessMemory.useOneHeap()
        var daemon = try Daemon(options, console)
        try daemon.listener.start(options)
        daemon.tellStart()
        daemon.tickUntilSignal(load)
        daemon.manager.stopping()
        // Whoever asks once more has no patience left.
        Signals.release()
        daemon.listener.stop()
        try daemon.end()
    }

    private init(_ options: DaemonOptions, _ console: Console) throws {
        self.options = options
        self.console = console
        log = options.log
        manager = ServiceManager(environment: console.environment)
        StoreGuard.install(for: options.dataPath, counter: StoreRescue.counterPath(options.dataPath))
        var opened = try StoreRescue.openRecorder(options.dataPath, now: ClockReading.now().wall) {
            () throws(StoreError) in
            // A start is where most of the store is read.
            try StoreGuard.inStore { () throws(StoreError) in
                try Recorder(
                    path: options.dataPath, host: SampleCommand.host(), scrapesPerCommit: options.scrapesPerCommit,
                    sizeMax: options.sizeMaxBytes, mapBytes: max(Store.defaultMapBytes, 4 * options.sizeMaxBytes))
            }
        }
        if let policy = try options.retention.policy(on: opened.recorder.store.snapshot().retentionPolicy()) {
            try opened.recorder.use(policy)
        }
        opened.recorder.daySeriesMax = options.daySeriesMax
        rescue = opened.rescue
        listener = Listener(into: opened.recorder.store, options)
        ingest = Ingest(opened.recorder)
        upkeep = StoreUpkeep(log: options.log)
        attempts = Attempts(log: options.log)
        limits = LimitWatch(options)
        loop = SamplingLoop(host: .live, options: options.sampler, calls: .withReaders)
    }

    private func tellStart() {
        log.info(
            "recording this host",
            [
                "every": DurationText.format(options.intervalMilliseconds), "into": options.dataPath,
                "collectors": loop.collectorNames.joined(separator: ","),
            ])
        if let address = listener.address { log.info("serving", ["url": "http://\(address)/metrics"]) }
        log.info("ask it: mon query --data \(options.dataPath) 'rate(disk_io_read_bytes_total[5m])'")
        manager.ready(serviceStatus)
    }

    /// One line for `systemctl status`.
    var serviceStatus: String {
        let every = DurationText.format(options.intervalMilliseconds)
        return "records every \(every) into \(options.dataPath)" + (listener.address.map { ", serves \($0)" } ?? "")
    }

    // MARK: - Ticks

    private mutating func tickUntilSignal(_ load: () throws -> DaemonOptions) {
        markStart()
        var nextGiveBack: UInt64 = 0
        while true {
            let tick = loop.nextTick(after: .now())
            let ping = manager.nextPing(after: ClockReading.now().monotonicNanoseconds)
            switch Signals.wait(untilMonotonicNanoseconds: min(tick.monotonicNanoseconds, ping)) {
            case .ending: return
            case .reload: _ = reload(load)
            case .woken: answerReloads(load)
            case .seal:
                attempt("seal the head") { ingest throws(StoreError) in try ingest.seal() }
                afterSeal()
            case .none:
                manager.alive()
                guard ClockReading.now().monotonicNanoseconds >= tick.monotonicNanoseconds else { continue }
                self.tick()
                if limits.check(&loop, at: ClockReading.now().monotonicNanoseconds) { return }
                // What the start needed is not needed again, and what runs once an hour need not stay (a third of the
                // code that is resident; finding the rest again takes 0.1 ms).
                let now = ClockReading.now().monotonicNanoseconds
                if now >= nextGiveBack {
                    ProcessMemory.giveBack()
                    nextGiveBack = now + Daemon.giveBackNanoseconds
                }
            }
        }
    }

    private mutating func tick() {
        let sealed = ingest.sealCount
        let reading = ClockReading.now()
        upkeep.clearStaleReaders(of: ingest.store, monotonicNanoseconds: reading.monotonicNanoseconds)
        loop.storeFigures = upkeep.figures(of: ingest, sizeMaxBytes: options.sizeMaxBytes)
        loop.runtimeFigures = runtimeFigures(at: reading)
        for batch in loop.tick(at: reading) {
            if ingest.willSeal(at: batch.time) { age() }
            let catalog = loop.catalog
            listener.latest.update(batch, catalog)
            for event in batch.events { log.warning(event.text, ["event": EventKind(event.kind).rawValue]) }
            attempt("record") { ingest throws(StoreError) in try ingest.append(batch, catalog) }
        }
        for report in loop.reports {
            switch report.severity {
            case .debug: log.debug(report.text, ["collector": report.collector])
            case .info: log.info(report.text, ["collector": report.collector])
            case .error: log.error(report.text, ["collector": report.collector])
            }
        }
        upkeep.tell(ingest, sizeMaxBytes: options.sizeMaxBytes)
        tellRefusals()
        if ingest.sealCount != sealed { afterSeal() }
    }

    private mutating func runtimeFigures(at reading: ClockReading) -> RuntimeFigures {
        var figures = RuntimeFigures()
        figures.version = Version.number
        figures.listenAddress = listener.address ?? ""
        figures.commits = ingest.commits
        figures.pendingScrapes = ingest.pendingScrapes
        figures.lateBatches = ingest.lateBatches
        figures.headBytes = upkeep.headBytes(
            of: ingest.store, monotonicNanoseconds: reading.monotonicNanoseconds)
        let configuration = listener.configuration
        figures.configurationRead = configuration.read
        figures.isConfigurationRight = configuration.isRight
        figures.limits = limits.figures
        return figures
    }

    /// Once: the series that are refused from then on are as many as there are.
    private mutating func tellRefusals() {
        guard !hasToldRefusals, let first = ingest.refusedSeries.first else { return }
        hasToldRefusals = true
        log.error(
            "the day names as many series as it may; new ones are refused",
            ["series": "\(ingest.store.daySeriesMax)", "first": "\(first)"])
    }

    /// A recording that was interrupted leaves a gap, and a boot that came between an event.
    private mutating func markStart() {
        let now = ClockReading.now().wall
        if let rescue {
            log.error(
                "the store was damaged: it was moved aside, and a new one is recorded into",
                [
                    "cause": rescue.reason, "moved": rescue.aside,
                    "save": "mon db salvage -o NEW --data \(rescue.aside)",
                ])
            attempt("record what happened to the store") { ingest throws(StoreError) in
                try ingest.record([Event(time: now, kind: .gap, text: rescue.text)], at: now)
            }
        }
        attempt("mark the gap before this start") { [log] ingest throws(StoreError) in
            guard let last = try ingest.markGap(before: now) else { return }
            let gap = DurationText.format(max(0, now.milliseconds - last.milliseconds) / 1000 * 1000)
            log.info("recording was interrupted", ["for": gap])
            var events = [Event(time: now, kind: .gap, text: "recording was interrupted for \(gap)")]
            if let boot = Sampler.HostIdentity(of: .live).bootTime, boot > last {
                events.insert(Event(time: boot, kind: .reboot, text: "the host was booted"), at: 0)
            }
            try ingest.record(events, at: now)
        }
    }

    /// Drops what is too old. Before a seal, so that its block goes to the pages that this frees.
    private mutating func age() {
        attempt("drop what is older than it is kept") { [log] ingest throws(StoreError) in
            try StoreUpkeep.age(ingest.store, now: ClockReading.now().wall, log)
        }
    }

    /// Gives the memory that a seal took back to the kernel.
    private func afterSeal() {
        StoreRescue.forgetDeaths(options.dataPath)
        log.debug("sealed", ["file": "\((try? ingest.store.fileBytes()) ?? 0) bytes"])
        ProcessMemory.giveBack()
    }

    private mutating func end() throws(StoreError) {
        let batch = loop.finalBatch(at: ClockReading.now().wall)
        let catalog = loop.catalog
        attempt("record the end") { ingest throws(StoreError) in try ingest.append(batch, catalog) }
        try ingest.commit()
        StoreRescue.forgetDeaths(options.dataPath)
        log.info("stopped", ["into": options.dataPath])
    }

    /// Runs `work` on the store; a failure is logged, once a cause until it passes, and recording goes on.
    private mutating func attempt(_ what: String, _ work: (inout Ingest) throws(StoreError) -> Void) {
        guard let error = attempts.attempt(what, &ingest, work), what == "record", StoreRescue.isDamage(error),
            attempts.count(of: what) >= Daemon.damagedScrapesMax
        else { return }
        StoreRescue.countDeath(options.dataPath)
        log.error("the store cannot be recorded into; the next start moves it aside", ["into": options.dataPath])
        Glibc.exit(CommandStatus.store.rawValue)
    }
}
