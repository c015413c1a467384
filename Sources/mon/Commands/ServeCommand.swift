import ArgumentParser
import Formats
import Model
import Query
import Sampler
import Server
import TSDB

/// `mon serve`: Prometheus' HTTP API on a store.
struct ServeCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serves the store by Prometheus' HTTP API, and takes remote write.",
        discussion: """
            mon serve --data /var/lib/mon --listen 127.0.0.1:9090

            Where no `mon run` records into the folder, this takes its place as the one writer: remote write is
            committed here, and what is too old or too much goes. Beside one, and on snapshots, it only reads.
            """)

    @OptionGroup var store: StoreOptions

    @Option(help: ArgumentHelp("Where to serve.", valueName: "address"))
    var listen = "127.0.0.1:9090"

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
        let flags = try serving.given() + ConfigurationFlag.given([("log.level", "--log-level", logLevel)])
        // The file is the agent's; beside it a server has its flags and the environment.
        let configuration = try Configuration(file: nil, environment: console.environment, flags: flags)
        let settings = ServingSettings(configuration, cacheBytes: 32 << 20)
        let request = try retention.request()
        let log = Log.live(configuration, on: console)
        // Before any other thread exists, so that none of them gets the signals.
        Signals.hold()
        try store.setClock(of: console)
        let fixed = store.db == nil ? nil : console.now
        switch try open(on: console) {
        case .alone(var recorder):
            recorder.daySeriesMax = configuration.whole("store.max_series") ?? recorder.daySeriesMax
            if let policy = try request.policy(on: recorder.store.snapshot().retentionPolicy()) {
                try recorder.use(policy)
            }
            // Rows that a recorder left would keep what comes late to their span from being merged.
            try recorder.sealEverything()
            var api = services(recorder.store, fixed, settings, log)
            let inbox = Inbox(into: recorder.store, source: PrometheusAPI.source)
            api.inbox = inbox
            let sizeMax = recorder.sizeMax ?? 0
            let server = try start(api, settings, log)
            var keeper = ServingKeeper(recorder, inbox, sizeMaxBytes: sizeMax, log: log)
            keeper.keepUntilSignal()
            stop(server)
            try keeper.close()
        case .reading(let store, let reason):
            var api = services(store, fixed, settings, log)
            api.readOnlyReason = reason
            if maxSize != nil || !request.isEmpty {
                log.warning("--retention and --max-size are the writer's to follow", ["reason": reason])
            }
            let server = try start(api, settings, log)
            Signals.wait()
            stop(server)
        }
        return .success
    }

    private enum Opened: ~Copyable {
        case alone(Recorder)
        /// With the reason why nothing is written, for those who ask for that.
        case reading(Store, String)
    }

    private func open(on console: Console) throws -> Opened {
        if let db = store.db {
            return .reading(try store.openForReading(on: console), "\(db) is a snapshot: it is only read")
        }
        let folder = try store.folder(for: .write, on: console)
        StoreGuard.install(for: folder.path)
        let sizeMax = try SizeArgument.storeBytes(
            maxSize, option: "--max-size", diskBytes: Disk.bytes(below: folder.path))
        do throws(StoreError) {
            return .alone(
                try Recorder(
                    path: folder.path, host: SampleCommand.host(), sizeMax: sizeMax,
                    mapBytes: max(Store.defaultMapBytes, 4 * sizeMax)))
        } catch {
            switch error {
            case .recorderRuns, .refused(.permission, _), .refused(.readOnlyFileSystem, _):
                let store = try store.openForReading(on: console)
                return .reading(store, "this server only reads: \(error)")
            case .noStore, .unknownFormat, .damaged, .refused, .readOnly, .invalid: throw error
            }
        }
    }

    private func services(
        _ store: Store, _ fixed: Timestamp?, _ settings: ServingSettings, _ log: Log
    ) -> APIServices {
        PrometheusAPI.services(
            store, settings, log, threadsMax: 2, now: { fixed ?? WallClock.now() },
            flags: [
                ("web.listen-address", listen), ("storage.tsdb.path", store.path),
                ("query.timeout", DurationText.format(settings.timeoutMilliseconds)),
            ])
    }

    private func start(
        _ api: APIServices, _ settings: ServingSettings, _ log: Log
    ) throws(ListenError) -> HTTPServer {
        let services = Services(version: Version.text, of: api.store, now: api.now, api: api)
        ProcessMemory.share()
        api.store.keepDecoded(upTo: 16 << 20)
        let server = try HTTPServer.start(
            address: listen, routes: Routes.all(services), allowRemote: settings.allowsRemote,
            report: { log.error("a request failed", ["cause": $0]) })
        log.info(
            "serving",
            [
                "url": "http://\(server.address)/", "data": api.store.path,
                "remote_write": api.inbox == nil ? "no: \(api.readOnlyReason)" : "yes",
            ])
        return server
    }

    private func stop(_ server: HTTPServer) {
        // Whoever asks once more has no patience left.
        Signals.release()
        server.stop(within: .seconds(5))
    }
}
