import Model

/// A source of the host's metrics.
///
/// A collector knows its series by handles that it keeps: on a tick that brings no new series it makes no string and no
/// label set. It keeps what it needs from one pass to the next (open files, earlier counters) in itself.
protocol Collector: SendableMetatype {
    /// What its metrics are; all of them, produced on this host or not.
    static var families: [MetricFamily] { get }

    /// Copies those options that it is made from. It sees no others, and does not notice when they change.
    static func copyOptions(of all: SamplerOptions, to own: inout SamplerOptions)

    init(_ surroundings: Surroundings)

    /// Takes over other options of its own and keeps what it knows from earlier passes.
    /// - Returns: false where it has to be made anew.
    mutating func adopt(_ options: SamplerOptions) -> Bool

    /// Appends the present values to `scrape`. A series that was in the pass before and is not in this one has ended.
    /// - Throws: where nothing can be said at all; what was appended before is then dropped.
    mutating func collect(into scrape: inout Scrape) throws(CollectorError)

    /// What is done at the ticks between its own where its entry asks for that: it may bring a frame or an event, and
    /// no samples.
    mutating func collectBetween(into scrape: inout Scrape) throws(CollectorError)

    /// Ends the series that it brought in groups of their own (see ``ForeignSeries``).
    mutating func endForeign(into scrape: inout Scrape)

    /// Another catalog takes the place of the one there is: forgets bare handles, and has what it keeps of series in
    /// groups of their own moved over.
    mutating func renew(_ renewal: inout CatalogRenewal)
}

extension Collector {
    static func copyOptions(of all: SamplerOptions, to own: inout SamplerOptions) {}

    mutating func adopt(_ options: SamplerOptions) -> Bool { false }

    mutating func collectBetween(into scrape: inout Scrape) throws(CollectorError) {}

    mutating func endForeign(into scrape: inout Scrape) {}

    mutating func renew(_ renewal: inout CatalogRenewal) {}
}

/// What a collector is made from.
struct Surroundings {
    var host: HostRoot
    var options: SamplerOptions
    var calls: SystemCalls
}

/// What is to be sampled, and how often.
package struct SamplerOptions: Hashable, Sendable {
    /// Names of ``CollectorRegistry`` that are not to run.
    package var disabledCollectors: Set<String> = []
    /// Intervals other than the registry's, in milliseconds, by collector; at least 100.
    package var intervalMilliseconds: [String: Int64] = [:]
    /// How many processes count as the largest by CPU, by memory and by I/O; 1 … 100.
    package var topProcesses = 20
    /// How long one round of statvfs may take before the mount it hangs on is left alone.
    package var mountDeadlineMilliseconds: Int64 = 500
    /// Where others put metrics as `*.prom` files; nil for nowhere.
    package var textFileFolder: String?
    /// Whether the command lines of the shown processes are recorded, without what looks like a secret.
    package var recordsCommandLines = false
    /// Whether the open files and the swapped memory of the shown processes are recorded.
    package var recordsProcessDetails = false
    /// Mount points that are shown.
    package var mountPoints = NameFilter()
    /// File system types that are shown.
    package var fileSystemTypes = NameFilter()
    package var networkDevices = NameFilter()
    package var diskDevices = NameFilter()
    package var services = NameFilter()
    /// Programs whose output is metrics.
    package var commands: [CommandSource] = []
    /// Pages that other programs serve.
    package var targets: [ScrapeTarget] = []

    package init() {}
}
