package import Formats
package import Model
package import Query
package import TSDB

/// What the routes need of the program around them.
package struct Services: Sendable {
    /// For people: `mon 1.0 (abcdef)`.
    package var version: String
    /// The current values of a page, and the format that it will be written in.
    package var metrics: @Sendable (MetricsPage, ExpositionFormat) throws -> ExpositionPage
    /// The names that are meant where none are asked for.
    package var names: NameForm
    /// Whose values can be asked for: names of collectors and of sections of them.
    package var collectors: [String] = []
    /// Another number means other values; nil where they may be others at each request.
    package var metricsVersion: @Sendable () -> UInt64? = { nil }
    /// Whether requests can be answered truthfully: the store is open and samples come in.
    package var isReady: @Sendable () -> Bool
    /// Reads the configuration again; what is wrong with it, nil where it was taken over. Nil where there is none.
    package var reload: (@Sendable () -> String?)?
    /// What Prometheus' API answers from; nil where the listener has only the current values.
    package var api: APIServices?

    package init(
        version: String, names: NameForm = .native,
        metrics: @escaping @Sendable (MetricsPage, ExpositionFormat) throws -> ExpositionPage,
        isReady: @escaping @Sendable () -> Bool = { true }, api: APIServices? = nil
    ) {
        self.version = version
        self.names = names
        self.metrics = metrics
        self.isReady = isReady
        self.api = api
    }
}

/// What Prometheus' API needs.
package struct APIServices: Sendable {
    package var store: Store
    /// Where remote write goes; nil where nothing is written here.
    package var inbox: Inbox?
    /// Why there is no ``inbox``, in a sentence with the remedy.
    package var readOnlyReason: String
    /// Its limits are those of every query; a request may lower the timeout.
    package var engine: QueryEngine
    /// Answers of range queries; nil where none are kept.
    package var cache: ResultCache?
    /// Who is told of slow queries; nil for nobody.
    package var slowQueries: SlowQueryLog?
    package var now: @Sendable () -> Timestamp
    /// When the program began.
    package var started: Timestamp
    /// The version of the program, alone.
    package var version: String
    /// What was set on the command line, for people.
    package var flags: [(name: String, value: String)]
    /// What is configured, at the time of the call.
    package var configuration: @Sendable () -> ConfigurationState
    /// Whether it can be read again (``Services/reload``).
    package var isReloadable = false

    package init(
        store: Store, inbox: Inbox? = nil, readOnlyReason: String = "this store is only read here",
        engine: QueryEngine = QueryEngine(), cache: ResultCache? = nil, slowQueries: SlowQueryLog? = nil,
        now: @escaping @Sendable () -> Timestamp, started: Timestamp,
        version: String, flags: [(name: String, value: String)] = [],
        configuration: (@Sendable () -> ConfigurationState)? = nil
    ) {
        self.store = store
        self.inbox = inbox
        self.readOnlyReason = readOnlyReason
        self.engine = engine
        self.cache = cache
        self.slowQueries = slowQueries
        self.now = now
        self.started = started
        self.version = version
        self.flags = flags
        self.configuration = configuration ?? { ConfigurationState(read: started) }
    }
}

/// What is configured, and how reading it went.
package struct ConfigurationState: Hashable, Sendable {
    /// The settings that count, as YAML; nothing secret is in it.
    package var yaml: String
    /// When it was last read without a fault.
    package var read: Timestamp
    /// Whether the latest attempt to read it succeeded.
    package var isRight: Bool

    package init(yaml: String = "", read: Timestamp, isRight: Bool = true) {
        self.yaml = yaml
        self.read = read
        self.isRight = isRight
    }
}
