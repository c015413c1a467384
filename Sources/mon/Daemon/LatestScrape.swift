import Formats
import Model
import Query
import Sampler
import Synchronization
import TSDB

/// What the sampler brought last, in memory: a page of /metrics is made of it, and no store is read. Written by the
/// sampling thread, read by any.
///
/// A series is shown until it ends, or its newest sample is five minutes old, as in a store. What others wrote into the
/// store is not the agent's, and not on its page.
final class LatestScrape: Sendable {
    private struct State {
        /// By handle, as in the sampler's catalog.
        var labels: [Labels] = []
        var origins: [String] = []
        /// Of the sampler's catalog.
        var originChanges = 0
        var samples: [Sample?] = []
        var families: [String: MetricFamily] = [:]
        var describedCount = 0
        /// Of the sampler's catalog.
        var epoch: UInt32 = 0
        var frame: ProcessFrame?
        /// The series in the form and format that were asked for last.
        var formed: Formed?
        var version: UInt64 = 0
    }

    private struct Formed {
        var form: NameForm
        var format: ExpositionFormat
        /// Of how many series it is.
        var count: Int
        var series: FormedSeries
        var kept: KeptFamilies
    }

    private let state = Mutex(State())
    /// Apart, so that the sampling thread never waits for a page to be made.
    private let processes = Mutex(LatestProcesses())

    private static let lookbackMilliseconds: Int64 = 300_000

    /// Takes a batch in, after those before it.
    func update(_ batch: SampleBatch, _ catalog: SeriesCatalog) {
        state.withLock { state in
            state.version += 1
            let former = state.epoch == catalog.epoch ? [:] : LatestScrape.renew(&state, catalog.epoch)
            while state.labels.count < catalog.labels.count {
                let labels = catalog.labels[state.labels.count]
                state.origins.append(catalog.origins[state.labels.count])
                state.labels.append(labels)
                state.samples.append(former[labels])
            }
            if state.originChanges != catalog.originChanges {
                (state.origins, state.originChanges) = (catalog.origins, catalog.originChanges)
            }
            for family in catalog.families[state.describedCount...] { state.families[family.name] = family }
            state.describedCount = catalog.families.count
            for group in batch.groups {
                for (series, value) in group.samples {
                    state.samples[series.index] = value.isStaleMarker ? nil : Sample(time: batch.time, value: value)
                }
            }
            if let frame = batch.frame { state.frame = frame }
        }
    }

    /// Forgets what is by handle of a former catalog.
    /// - Returns: the samples that were shown.
    private static func renew(_ state: inout State, _ epoch: UInt32) -> [Labels: Sample] {
        var former: [Labels: Sample] = [:]
        for (labels, sample) in zip(state.labels, state.samples) { former[labels] = sample }
        (state.labels, state.origins, state.samples) = ([], [], [])
        (state.families, state.describedCount, state.formed) = ([:], 0, nil)
        state.originChanges = 0
        state.epoch = epoch
        return former
    }

    /// Another number means another page. It changes each minute, too: values grow old without a scrape.
    func version(at now: Timestamp) -> UInt64 {
        state.withLock { $0.version } &+ UInt64(clamping: now.milliseconds / 60_000) << 32
    }

    /// The page at `now`.
    /// - Parameter collectors: Whose series are shown; nil for all.
    func page(
        _ form: NameForm, as format: ExpositionFormat, of collectors: Set<String>?, at now: Timestamp
    ) -> ExpositionPage {
        let oldest = now.milliseconds - LatestScrape.lookbackMilliseconds
        let (kept, frame) = state.withLock { state in
            let formed = LatestScrape.formed(form, format, &state)
            let values = formed.series.sources.map { source -> Double in
                if let collectors, !collectors.contains(state.origins[source.first]) { return .staleMarker }
                let value = source.value { place in
                    state.samples[place].flatMap { $0.time.milliseconds > oldest ? $0 : nil }
                }
                return value ?? .staleMarker
            }
            return ((formed.kept, values), state.frame)
        }
        guard let frame, frame.time.milliseconds > oldest, collectors?.contains("process") ?? true else {
            return ExpositionPage([], kept: kept)
        }
        return ExpositionPage(processes.withLock { $0.families(of: frame, form) }, kept: kept)
    }

    private static func formed(_ form: NameForm, _ format: ExpositionFormat, _ state: inout State) -> Formed {
        if let kept = state.formed, kept.form == form, kept.format == format, kept.count == state.labels.count {
            return kept
        }
        let families = state.families
        let series = FormedSeries(form, of: state.labels) { families[$0] }
        var entries = series.families.map { (family: $0, labels: [Labels]()) }
        for entry in series.entries { entries[entry.family].labels.append(entry.labels) }
        let formed = Formed(
            form: form, format: format, count: state.labels.count, series: series,
            kept: KeptFamilies(entries, as: format))
        state.formed = formed
        return formed
    }
}
