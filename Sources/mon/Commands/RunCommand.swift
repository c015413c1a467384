import ArgumentParser
import Query
import Sampler
import Server
import TSDB

/// What `mon run` was asked to do.
struct DaemonOptions: Sendable {
    /// The store's folder.
    var dataPath: String
    /// The shortest time between two scrapes.
    var intervalMilliseconds: Int64
    var sampler: SamplerOptions
    /// Scrapes that share a commit.
    var scrapesPerCommit: Int
    /// Where to serve; nil for not at all.
    var listenAddress: String?
    /// The names on /metrics.
    var names: NameForm
    var serving: ServingSettings
    /// How long to keep what.
    var retention: RetentionRequest
    /// Bytes of the store's file that may be in use.
    var sizeMaxBytes: Int
    var daySeriesMax: Int
    /// What the agent may use itself, and how often that is checked.
    var limits: SelfLimits.Bounds
    var limitCheckMilliseconds: Int64
    var configuration: Configuration
    var log: Log

    /// The configuration for people; nothing secret is in it.
    var configurationText: String { configuration.yaml }
}

/// `mon run`: records the host and serves it until stopped.
struct RunCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "run", _superCommandName: Mon.name, abstract: "Records this host into the store, until stopped.",
        discussion: "mon run --data /var/lib/mon --listen 127.0.0.1:9100")

    @Option(
        help: ArgumentHelp(
            "The configuration file. Else MON_CONFIG, /etc/mon/mon.yaml, ~/.config/mon/mon.yaml where there is one.",
            discussion: "A flag is stronger than the environment, the environment than the file.", valueName: "file"))
    var config: String?

    @OptionGroup var store: StoreOptions

    @Option(
        help: ArgumentHelp(
            "What counts unless told otherwise: default, tiny or fine.",
            discussion: "tiny: 30s, 64MiB, a commit a minute. fine: 1s, a commit every five.", valueName: "name"))
    var profile: String?

    @Option(help: "Time between two scrapes, at first 5s.")
    var interval: String?

    @Option(help: "Scrapes that share a commit, at first 1: more write less to disk and are seen by others later.")
    var commitEvery: String?

    @Option(
        help: ArgumentHelp("Serve /metrics and Prometheus' API there, such as 127.0.0.1:9100.", valueName: "address"))
    var listen: String?

    @OptionGroup var serving: ServingOptions

    @OptionGroup var retention: RetentionOptions

    @Option(
        help: ArgumentHelp(
            "Bound of the store: beyond it the oldest blocks go. Default: 1GiB, or 10% of the disk where that is less, "
                + "but 16MiB, or half of a smaller disk.",
            valueName: "size"))
    var maxSize: String?

    @Option(help: "debug, info, warning or error. Else LOG_LEVEL, else info.")
    var logLevel: String?

    func perform(on console: Console) throws -> CommandStatus {
        try Daemon.run(options(on: console), on: console) { try options(on: console) }
        return .success
    }

    /// What the flags, the environment and the file say, checked.
    func options(on console: Console) throws(CommandFailure) -> DaemonOptions {
        let flags =
            try ConfigurationFlag.given([
                ("profile", "--profile", profile), ("store.path", "--data", store.data),
                ("store.commit_every", "--commit-every", commitEvery),
                ("store.max_size", "--max-size", maxSize), ("sampler.interval", "--interval", interval),
                ("server.listen", "--listen", listen), ("log.level", "--log-level", logLevel),
            ]) + serving.given()
        return try DaemonOptions(
            Configuration.load(config, flags: flags, on: console), store, retention: retention.request(), on: console)
    }
}

extension DaemonOptions {
    init(
        _ configuration: Configuration, _ store: StoreOptions, retention: RetentionRequest, on console: Console
    ) throws(CommandFailure) {
        var store = store
        if configuration.isSet("store.path") { store.data = configuration.text("store.path") }
        dataPath = try store.folder(for: .write, on: console).path
        intervalMilliseconds = configuration.milliseconds("sampler.interval") ?? 5000
        sampler = DaemonOptions.samplerOptions(configuration, intervalMilliseconds)
        scrapesPerCommit = configuration.whole("store.commit_every") ?? 1
        listenAddress = configuration.text("server.listen")
        names = configuration.text("server.names").flatMap { NameForm(rawValue: $0) } ?? .native
        serving = ServingSettings(configuration, cacheBytes: 8 << 20)
        self.retention = try retention.over(configuration)
        sizeMaxBytes = try SizeArgument.storeBytes(
            configuration.text("store.max_size"), option: configuration["store.max_size"]?.origin.description ?? "",
            diskBytes: Disk.bytes(below: dataPath))
        daySeriesMax = configuration.whole("store.max_series") ?? StoreLimits.daySeriesMax
        limits = SelfLimits.Bounds(
            cpuShare: configuration.number("limits.cpu_percent").map { $0 / 100 },
            anonymousBytes: configuration.text("limits.memory").flatMap { SizeArgument.parse($0, whole: nil) },
            measure: configuration.text("limits.action").flatMap { LimitMeasure(rawValue: $0) } ?? .log)
        limitCheckMilliseconds = configuration.milliseconds("limits.check_interval") ?? 60_000
        self.configuration = configuration
        log = Log.live(configuration, on: console)
    }

    /// Collectors that nobody gave an interval of their own keep theirs in proportion to the shortest; what hardly
    /// changes stays between one and two minutes, so that it is neither read for nothing nor falls out of PromQL's
    /// lookback.
    static func samplerOptions(_ configuration: Configuration, _ interval: Int64) -> SamplerOptions {
        var options = SamplerOptions()
        let shortest = CollectorRegistry.entries.map(\.intervalMilliseconds).min() ?? 5000
        for entry in CollectorRegistry.entries {
            let names = [entry.name, entry.section].map { "collectors.\($0)" }
            let own = names.compactMap { configuration.milliseconds($0 + ".interval") }.first
            var scaled = entry.intervalMilliseconds / shortest * interval
            if entry.intervalMilliseconds >= 60_000 { scaled = max(interval, min(max(scaled, 60_000), 120_000)) }
            options.intervalMilliseconds[entry.name] = own ?? scaled
            if names.compactMap({ configuration.flag($0 + ".enabled") }).first == false {
                options.disabledCollectors.insert(entry.name)
            }
        }
        options.topProcesses = configuration.whole("sampler.top_processes") ?? options.topProcesses
        options.recordsCommandLines = configuration.flag("sampler.process_command_line") ?? false
        options.recordsProcessDetails = configuration.flag("sampler.process_details") ?? false
        options.mountDeadlineMilliseconds =
            configuration.milliseconds("sampler.mount_timeout") ?? options.mountDeadlineMilliseconds
        options.textFileFolder = configuration.text("sampler.textfile_folder") ?? "/etc/mon/textfile"
        func filter(_ collector: String, _ kind: String) -> NameFilter {
            NameFilter(
                include: configuration.text("collectors.\(collector).include\(kind)"),
                exclude: configuration.text("collectors.\(collector).exclude\(kind)"))
        }
        options.mountPoints = filter("filesystem", "_mountpoints")
        options.fileSystemTypes = filter("filesystem", "_fstypes")
        options.networkDevices = filter("network", "_devices")
        options.diskDevices = filter("disk_io", "_devices")
        options.services = filter("services", "")
        options.commands = configuration.commands
        options.targets = configuration.targets
        return options
    }
}
