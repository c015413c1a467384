import Model

/// What a collector appends to during one pass.
struct Scrape {
    var catalog = SeriesCatalog()
    /// What several collectors read.
    var files: SharedFiles
    /// The samples of the interval whose collectors are running.
    var group = SampleBatch.Group(intervalMilliseconds: 0)
    var frame: ProcessFrame?
    /// What happened and is no sample.
    var events: [Event] = []
    /// Failures of parts, which do not fail their collector.
    var partialErrors: [CollectorError] = []
    /// What people should be told of the host, a sentence each.
    var remarks: [String] = []
    /// Failures of parts that were counted before and are not over.
    var lastingErrors: [CollectorError] = []
    /// What sources outside brought in this tick, in groups of their own.
    var foreign: [SampleBatch.Group] = []
    /// The series of them.
    var foreignSeen: Set<SeriesHandle> = []
    /// The time that the samples of this tick get.
    var time = Timestamp(milliseconds: 0)
    var monotonicNanoseconds: UInt64 = 0
    /// Ticks that did not happen since the loop began.
    var missedTicks: UInt64 = 0
    /// Nil where nobody records into a store.
    var storeFigures: StoreFigures?
    /// Nil where no agent runs.
    var runtimeFigures: RuntimeFigures?
    /// How long the passes before this one took.
    var durations = DurationHistogram.scrapes
    /// Collectors that do not run.
    var paused: [(collector: String, reason: PauseReason)] = []

    init(_ host: HostRoot) { files = SharedFiles(host) }

    @inline(__always) mutating func emit(_ series: SeriesHandle, _ value: Double) {
        assert(series.epoch == catalog.epoch, "a handle of a former catalog")
        group.append(series, value)
    }

    /// Appends to a series that is entered into the catalog with its first value there.
    @inline(__always) mutating func emit(_ series: inout NamedSeries, _ value: Double) {
        if let handle = series.handle, handle.epoch == catalog.epoch {
            group.append(handle, value)
        } else {
            let handle = catalog.handle(for: series.labels)
            series.handle = handle
            group.append(handle, value)
        }
    }

    /// The same for a value that was made from the kernel's.
    @inline(__always) mutating func emit(_ series: inout NamedSeries, _ value: Double?) {
        if let value { emit(&series, value) }
    }

    /// Appends to a series that is looked up by its labels: for what is read seldom.
    mutating func emit(_ labels: Labels, _ value: Double) { group.append(catalog.handle(for: labels), value) }

    /// The same; nothing where the kernel told no value.
    mutating func emit(_ name: String, _ labels: KeyValuePairs<String, String>, _ value: Double?) {
        if let value { emit(Labels(name: name, labels), value) }
    }

    mutating func emit(_ name: String, _ value: Double?) { emit(name, [:], value) }

    /// Appends where the kernel told a value.
    @inline(__always) mutating func emit(_ series: inout NamedSeries, _ value: UInt64?) {
        if let value { emit(&series, Double(value)) }
    }
}

/// A series whose labels are fixed, known to the catalog from its first value on.
struct NamedSeries {
    let labels: Labels
    var handle: SeriesHandle?

    init(_ name: String, _ labels: KeyValuePairs<String, String> = [:]) {
        self.labels = Labels(name: name, labels)
    }
}
