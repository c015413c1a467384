import ArgumentParser
import Server
import TSDB

/// What `mon run` was asked to do.
struct DaemonOptions: Sendable {
    /// The store's folder.
    var dataPath: String
    /// The shortest time between two scrapes.
    var intervalMilliseconds: Int64
    /// Scrapes that share a commit.
    var scrapesPerCommit: Int
    /// Where to serve; nil for not at all.
    var listenAddress: String?
    var serving: ServingSettings
    /// How long to keep what.
    var retention: RetentionRequest
    /// Bytes of the store's file that may be in use.
    var sizeMaxBytes: Int
    var log: Log
}

/// `mon run`: records the host and serves it until stopped.
struct RunCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "run", _superCommandName: Mon.name, abstract: "Records this host into the store, until stopped.",
        discussion: "mon run --data /var/lib/mon --listen 127.0.0.1:9100")

    @OptionGroup var store: StoreOptions

    @Option(help: "Time between two scrapes.")
    var interval = "5s"

    @Option(help: "Scrapes that share a commit: more write less to disk and are seen by others later.")
    var commitEvery = 1

    @Option(
        help: ArgumentHelp("Serve /metrics and Prometheus' API there, such as 127.0.0.1:9100.", valueName: "address"))
    var listen: String?

    @OptionGroup var serving: ServingOptions

    @OptionGroup var retention: RetentionOptions

    @Option(
        help: ArgumentHelp(
            "Bound of the store: beyond it the oldest blocks go. Default: 1GiB, or 10% of the disk where that is less.",
            valueName: "size"))
    var maxSize: String?

    @Option(help: "debug, info, warning or error. Else LOG_LEVEL, else info.")
    var logLevel: String?

    func perform(on console: Console) throws -> CommandStatus {
        try Daemon.run(options(on: console))
        return .success
    }

    /// The flags, checked.
    func options(on console: Console) throws(CommandFailure) -> DaemonOptions {
        let level = logLevel.flatMap { LogLevel($0) }
        if let logLevel, level == nil {
            throw CommandFailure(.usage, "--log-level \(logLevel): possible are debug, info, warning, error")
        }
        guard (1...720).contains(commitEvery) else {
            throw CommandFailure(.usage, "--commit-every \(commitEvery): 1 to 720 scrapes can share a commit")
        }
        let interval = try DurationArgument.parse(interval, option: "--interval")
        guard interval >= 1000, interval % 1000 == 0, interval <= 300_000 else {
            throw CommandFailure(.usage, "--interval \(self.interval): whole seconds from 1s to 5m are possible")
        }
        let retention = try retention.request()
        let serving = try serving.settings(cacheBytes: 8 << 20)
        let path = try store.folder(for: .write, on: console).path
        let sizeMax = try SizeArgument.storeBytes(maxSize, option: "--max-size", diskBytes: Disk.bytes(below: path))
        return DaemonOptions(
            dataPath: path, intervalMilliseconds: interval, scrapesPerCommit: commitEvery, listenAddress: listen,
            serving: serving, retention: retention, sizeMaxBytes: sizeMax,
            log: Log.live(level, on: console))
    }
}
