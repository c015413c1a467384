import Formats
import Model
import Query
import TSDB

/// The largest processes of the latest look, as a page shows them. The series of a process are named once, and again
/// where it is called otherwise.
struct LatestProcesses {
    /// A process and its series in the form.
    private struct Known {
        var process: ProcessRecord
        /// Those of most of its series, but for the metric's name.
        var labels: Labels
        /// Places in ``FrameSeries/families`` of the series that it was formed of.
        var metrics: [Int]
        /// Place of the first of them among all that were formed at once.
        var start: Int
        /// Place among all processes in the order in which most of their lines stand.
        var rank = 0
        /// In order of families; the values are to be filled in.
        var series: [(family: Int, source: FormedSeries.Source, sample: ExpositionSample)] = []
    }

    private var form = NameForm.native
    /// Those of all series so far, in the order in which they came up.
    private var families: [MetricFamily] = []
    /// By family, whether the order of the ranks is that of its lines.
    private var isRanked: [Bool] = []
    private var known: [ProcessIdentity: Known] = [:]

    private static let own = Dictionary(uniqueKeysWithValues: FrameSeries.families.map { ($0.name, $0) })

    /// The families of a page. Nothing of the form of node_exporter, which knows no processes.
    mutating func families(of frame: ProcessFrame, _ form: NameForm) -> [ExpositionFamily] {
        if form != self.form { self = LatestProcesses(form) }
        if form == .node { return [] }
        learn(frame)
        var shown = families.map { ExpositionFamily(family: $0, samples: []) }
        for place in shown.indices {
            shown[place].samples.reserveCapacity(frame.processes.count)
            shown[place].isInOrder = isRanked[place]
        }
        var pids: Set<Int32> = []
        var isOnce = true
        // In order the writer need not sort them.
        var inOrder: [(rank: Int, place: Int)] = []
        inOrder.reserveCapacity(frame.processes.count)
        for place in frame.processes.indices {
            if let rank = known[ProcessIdentity(frame.processes[place])]?.rank { inOrder.append((rank, place)) }
        }
        inOrder.sort { $0.rank < $1.rank }
        for (_, place) in inOrder {
            let process = frame.processes[place]
            guard let entry = known[ProcessIdentity(process)] else { continue }
            if !pids.insert(process.pid).inserted { isOnce = false }
            let values = FrameSeries.values(of: process, in: frame)
            for index in entry.series.indices {
                let value = entry.series[index].source.value { place in
                    values[entry.metrics[place - entry.start]].map { Sample(time: frame.time, value: $0) }
                }
                guard let value else { continue }
                let family = entry.series[index].family
                shown[family].samples.append(entry.series[index].sample)
                shown[family].samples[shown[family].samples.count - 1].value = value
            }
        }
        if !isOnce { LatestProcesses.leaveLatest(&shown) }
        return shown
    }

    init(_ form: NameForm = .native) { self.form = form }

    /// Names what is new, and forgets what is gone.
    private mutating func learn(_ frame: ProcessFrame) {
        var next: [ProcessIdentity: Known] = [:]
        next.reserveCapacity(frame.processes.count)
        var labels: [Labels] = []
        // By place of the series that is formed.
        var owners: [ProcessIdentity] = []
        for process in frame.processes {
            let identity = ProcessIdentity(process)
            if let before = known[identity], FrameSeries.areNamedAlike(before.process, process) {
                next[identity] = before
                continue
            }
            let own = FrameSeries.labels(of: process)
            let plain = own.first?.map { $0.droppingMetricName() } ?? .empty
            var fresh = Known(process: process, labels: plain, metrics: [], start: labels.count)
            for (metric, named) in own.enumerated() {
                guard let named else { continue }
                fresh.metrics.append(metric)
                labels.append(named)
                owners.append(identity)
            }
            next[identity] = fresh
        }
        known = next
        if !labels.isEmpty { name(labels, of: owners) }
    }

    private mutating func name(_ labels: [Labels], of owners: [ProcessIdentity]) {
        let formed = FormedSeries(form, of: labels) { LatestProcesses.own[$0] }
        let places = formed.families.map { family in
            if let place = families.firstIndex(where: { $0.name == family.name }) { return place }
            families.append(family)
            return families.count - 1
        }
        for (entry, source) in zip(formed.entries, formed.sources) {
            let sample = ExpositionSample(
                labels: entry.labels, value: 0, text: ExpositionLine.text(entry.labels))
            known[owners[source.first]]?.series.append((places[entry.family], source, sample))
        }
        // Later ones behind others that are called the same.
        var order = known.map { (labels: $0.value.labels, identity: $0.key) }
        order.sort { ($0.labels, $0.identity.startTicks) < ($1.labels, $1.identity.startTicks) }
        for (rank, entry) in order.enumerated() { known[entry.identity]?.rank = rank }
        compareLines(order.map(\.identity))
    }

    /// Finds out in which families the lines stand in the order of the ranks.
    private mutating func compareLines(_ ranked: [ProcessIdentity]) {
        isRanked = families.map { _ in true }
        var latest: [Labels?] = families.map { _ in nil }
        for identity in ranked {
            guard let series = known[identity]?.series else { continue }
            for index in series.indices where isRanked[series[index].family] {
                let family = series[index].family
                if let last = latest[family], !(last < series[index].sample.labels) { isRanked[family] = false }
                latest[family] = series[index].sample.labels
            }
        }
    }

    /// Two processes of one look that had a pid one after the other may be called the same: the later one counts.
    private static func leaveLatest(_ families: inout [ExpositionFamily]) {
        for place in families.indices {
            var latest: [Labels: ExpositionSample] = [:]
            for sample in families[place].samples { latest[sample.labels] = sample }
            families[place].samples = latest.values.sorted { $0.labels < $1.labels }
        }
    }
}
