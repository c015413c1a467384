import ArgumentParser
import Formats
import Model
import Query
import Server
import TSDB

/// `mon serve`: Prometheus' HTTP API on a store.
struct ServeCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serves the store by Prometheus' HTTP API, and takes remote write.",
        discussion: """
            mon serve --data /var/lib/mon --listen 127.0.0.1:9090

            Where no `mon run` records into the folder, this takes its place as the one writer: remote write is
            committed here. Beside one, and on snapshots, it only reads.
            """)

    @OptionGroup var store: StoreOptions

    @Option(help: ArgumentHelp("Where to serve.", valueName: "address"))
    var listen = "127.0.0.1:9090"

    @Flag(help: "Listen on addresses that other machines can reach. Nobody is asked who he is.")
    var allowRemote = false

    @Option(help: "Queries end after this time.")
    var queryTimeout = "2m"

    @Option(help: "debug, info, warning or error. Else LOG_LEVEL, else info.")
    var logLevel: String?

    func perform(on console: Console) throws -> CommandStatus {
        let level = logLevel.flatMap { LogLevel($0) }
        if let logLevel, level == nil {
            throw CommandFailure(.usage, "--log-level \(logLevel): possible are debug, info, warning, error")
        }
        let timeout = try DurationArgument.parse(queryTimeout, option: "--query-timeout")
        let log = Log.live(level, on: console)
        // Before any other thread exists, so that none of them gets the signals.
        Signals.hold()
        try store.setClock(of: console)
        let fixed = store.db == nil ? nil : console.now
        var api: APIServices
        switch try open(on: console) {
        case .alone(var recorder):
            // Rows that a recorder left would keep what comes late to their span from being merged.
            try recorder.sealEverything()
            api = services(recorder.store, fixed, timeout)
            let inbox = Inbox(into: recorder.store, source: PrometheusAPI.source)
            api.inbox = inbox
            try serve(api, log)
            try inbox.merge()
            // Until here it is the folder's one writer.
            try recorder.close()
        case .reading(let store, let reason):
            api = services(store, fixed, timeout)
            api.readOnlyReason = reason
            try serve(api, log)
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
        do throws(StoreError) {
            return .alone(try Recorder(path: folder.path, host: SampleCommand.host()))
        } catch {
            switch error {
            case .recorderRuns, .refused(.permission, _), .refused(.readOnlyFileSystem, _):
                let store = try store.openForReading(on: console)
                return .reading(store, "this server only reads: \(error)")
            case .noStore, .unknownFormat, .damaged, .refused, .readOnly, .invalid: throw error
            }
        }
    }

    private func services(_ store: Store, _ fixed: Timestamp?, _ timeout: Int64) -> APIServices {
        PrometheusAPI.services(
            store, timeoutMilliseconds: timeout, now: { fixed ?? WallClock.now() },
            flags: [
                ("web.listen-address", listen), ("storage.tsdb.path", store.path), ("query.timeout", queryTimeout),
            ])
    }

    private func serve(_ api: APIServices, _ log: Log) throws(ListenError) {
        let services = Services(
            version: Version.text, metrics: { try CurrentValues.families(in: api.store.snapshot(), at: api.now()) },
            api: api)
        let server = try HTTPServer.start(
            address: listen, routes: Routes.all(services), allowRemote: allowRemote,
            report: { log.error("a request failed", ["cause": $0]) })
        log.info(
            "serving",
            [
                "url": "http://\(server.address)/", "data": api.store.path,
                "remote_write": api.inbox == nil ? "no: \(api.readOnlyReason)" : "yes",
            ])
        Signals.wait()
        // Whoever asks once more has no patience left.
        Signals.release()
        server.stop(within: .seconds(5))
    }
}

/// Prometheus' API as `mon serve` and `mon run` have it.
enum PrometheusAPI {
    /// What groups of remote-written samples name as their source.
    static let source = "remote-write"

    static func services(
        _ store: Store, timeoutMilliseconds: Int64 = 120_000, now: @escaping @Sendable () -> Timestamp,
        flags: [(name: String, value: String)]
    ) -> APIServices {
        APIServices(
            store: store,
            engine: QueryEngine(limits: QueryLimits(timeout: .milliseconds(timeoutMilliseconds))), now: now,
            started: WallClock.now(), version: Version.number, flags: flags)
    }
}
