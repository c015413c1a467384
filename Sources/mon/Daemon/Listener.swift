import Model
import Server
import Synchronization
import TSDB

/// What `mon run` serves: the page of current values and the API, on at most one address, which a new configuration
/// may change.
struct Listener {
    private let store: Store
    /// One for the process: it knows what remote write has sent.
    private let inbox: Inbox
    private let log: Log
    /// What /metrics shows.
    let latest = LatestScrape()
    private var server: HTTPServer?
    /// What was replaced and still ends requests.
    private var retiring: HTTPServer?
    private let state: ConfigurationBoard
    let reloads = ReloadRequests(wake: { Signals.wake() })
    private let started = WallClock.now()

    init(into store: Store, _ options: DaemonOptions) {
        self.store = store
        inbox = Inbox(into: store, source: PrometheusAPI.source)
        log = options.log
        state = ConfigurationBoard(ConfigurationState(yaml: options.configurationText, read: started))
    }

    /// Where it serves; nil where it does not.
    var address: String? { server?.address.description }

    var configuration: ConfigurationState { state.current }

    mutating func start(_ options: DaemonOptions) throws(ListenError) {
        if let address = options.listenAddress { server = try server(at: address, options) }
    }

    private func server(at address: String, _ options: DaemonOptions) throws(ListenError) -> HTTPServer {
        let log = log
        return try HTTPServer.start(
            address: address, routes: routes(options), allowRemote: options.serving.allowsRemote,
            report: { log.error("a request failed", ["cause": $0]) })
    }

    private func routes(_ options: DaemonOptions) -> [Route] {
        let (store, state, reloads) = (store, state, reloads)
        var api = PrometheusAPI.services(
            store, options.serving, log, now: { WallClock.now() },
            flags: [
                ("web.listen-address", options.listenAddress ?? ""), ("storage.tsdb.path", options.dataPath),
            ])
        api.inbox = inbox
        api.started = started
        api.configuration = { state.current }
        api.isReloadable = true
        var services = Services(version: Version.text, names: options.names, of: latest, api: api)
        services.reload = { reloads.ask() }
        return Routes.all(services)
    }

    /// A listener for other options, not yet in use: what may fail is done, and nothing has changed.
    struct Prepared {
        fileprivate var server: HTTPServer?
        fileprivate var isAsBefore: Bool

        /// Gives it up.
        func cancel() { if !isAsBefore { server?.stop(within: .zero) } }
    }

    /// - Throws: where the new address cannot be listened on.
    func prepare(_ options: DaemonOptions, replacing old: DaemonOptions) throws(ListenError) -> Prepared {
        guard let address = options.listenAddress else { return Prepared(server: nil, isAsBefore: false) }
        if address == old.listenAddress {
            let parsed = try ListenAddress(address)
            guard options.serving.allowsRemote || parsed.isLoopback else { throw .notLoopback(parsed) }
            return Prepared(server: server, isAsBefore: true)
        }
        return Prepared(server: try server(at: address, options), isAsBefore: false)
    }

    /// Serves by the new options from now on. Who asked at the old address gets his answer: see ``retire()``.
    mutating func adopt(_ prepared: Prepared, _ options: DaemonOptions) {
        if prepared.isAsBefore {
            server?.replace(routes: routes(options))
        } else {
            retiring = server
            server = prepared.server
        }
        state.read(options.configurationText, at: WallClock.now())
    }

    /// Says that the latest attempt to read the configuration failed.
    func noteFailure() { state.failed() }

    /// Ends what was replaced.
    mutating func retire() {
        retiring?.stop(within: .seconds(2))
        retiring = nil
    }

    mutating func stop() {
        reloads.close()
        retire()
        server?.stop(within: .seconds(2))
    }
}

/// The configuration as other threads see it.
final class ConfigurationBoard: Sendable {
    private let state: Mutex<ConfigurationState>

    init(_ state: ConfigurationState) { self.state = Mutex(state) }

    var current: ConfigurationState { state.withLock { $0 } }

    func read(_ yaml: String, at time: Timestamp) {
        state.withLock { $0 = ConfigurationState(yaml: yaml, read: time) }
    }

    func failed() { state.withLock { $0.isRight = false } }
}
