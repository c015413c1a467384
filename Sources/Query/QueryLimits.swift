/// How much one query may take before it is stopped with an error that names the limit.
package struct QueryLimits: Hashable, Sendable {
    /// Series that one query may read, counted once per selector.
    package var seriesMax: Int
    /// Samples that one query may read from the store, all selectors together. Prometheus stops at 50 million in
    /// memory (`--query.max-samples`); here they are dropped series by series, so the same number bounds work.
    package var samplesMax: Int
    /// Values that one intermediate result may hold: series times steps, 8 bytes each.
    package var valuesMax: Int
    /// Values that an aggregation may hold which has to see all of a step at once; of more it takes the steps part by
    /// part.
    package var heldValuesMax = 3 << 20
    /// Values of an answer that are held in eight bytes each; those of later rows in four, where that loses nothing.
    package var wideValuesMax = 1 << 20
    /// How deep an expression may nest; the parser refuses more, so that nobody exhausts a thread's stack.
    package var depthMax: Int
    /// Wall time for one query; nil for no deadline. Prometheus' `--query.timeout` is 2 minutes.
    package var timeout: Duration?
    /// Threads that may work on one query at a time, its own among them; more than two are not used.
    package var threadsMax: Int
    /// How long a range function's own work has to be expected to take, after its first series, for a second thread.
    package var secondThreadAfter = Duration.milliseconds(15)

    package init(
        seriesMax: Int = 1_000_000, samplesMax: Int = 50_000_000, valuesMax: Int = 50_000_000, depthMax: Int = 500,
        timeout: Duration? = .seconds(120), threadsMax: Int = 1
    ) {
        self.seriesMax = seriesMax
        self.samplesMax = samplesMax
        self.valuesMax = valuesMax
        self.depthMax = depthMax
        self.timeout = timeout
        self.threadsMax = threadsMax
    }
}
