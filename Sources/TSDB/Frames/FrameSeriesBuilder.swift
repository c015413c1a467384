package import Model

/// Builds the series of processes from frames that are handed to it in order of time, one by one or by the block.
///
/// 1. A series is {pid, name, username} and a metric; processes with equal labels share it.
/// 2. Where a process was in the frame before and is not in this one (or has other labels now), its series get a stale
///    marker at this frame's time, unless they have a value there or ended already.
/// 3. A frame that has no value for a present process (I/O the kernel denies, CPU of a first look) adds nothing.
///
/// Memory grows with the processes that match and their samples; the others are told off by one look at their labels.
package struct FrameSeriesBuilder {
    private let metrics: [ProcessMetric]
    private let fields: Set<FrameBlock.Field>
    private let matchers: [Matcher]
    private var groups: [Group] = []
    private var places: [Labels: Int] = [:]
    /// What the labels of processes seen lately led to.
    private var known: [ProcessIdentity: Known] = [:]
    /// The matching processes of the last frame, in order of identity.
    private var present: [Presence] = []

    /// The series with equal labels but for the metric.
    private struct Group {
        var labels: Labels
        /// One for each of `metrics`.
        var columns: [SampleColumn]
    }

    private struct Known {
        var name: String
        var username: String
        /// Nil where the labels do not match.
        var group: Int?
    }

    private struct Presence: Hashable {
        var identity: ProcessIdentity
        var group: Int
    }

    /// Nil where the matchers select none of the metrics that frames give.
    package init?(_ matchers: [Matcher]) {
        let onName = matchers.filter { $0.name == Labels.metricNameLabel }
        metrics = ProcessMetric.allCases.filter { metric in onName.allSatisfy { $0.matches(metric.family.name) } }
        if metrics.isEmpty { return nil }
        fields = metrics.reduce(into: []) { $0.formUnion($1.fields) }
        self.matchers = matchers.filter { $0.name != Labels.metricNameLabel }
    }

    /// Adds one frame, later than all before it.
    package mutating func add(_ frame: ProcessFrame) {
        let facts = FrameFacts(
            elapsedMilliseconds: frame.elapsedMilliseconds, memoryTotalBytes: frame.memoryTotalBytes,
            ticksPerSecond: frame.ticksPerSecond)
        let time = frame.time.milliseconds
        var now: [Presence] = []
        var numbers: [ProcessNumbers] = []
        for process in frame.orderedProcesses {
            let identity = ProcessIdentity(process)
            guard let group = group(identity, name: process.name, username: process.username) else { continue }
            now.append(Presence(identity: identity, group: group))
            numbers.append(ProcessNumbers(process))
        }
        endAbsent(from: now, at: time)
        for (presence, numbers) in zip(now, numbers) { put(numbers, facts, in: presence.group, at: time) }
        present = now
    }

    /// Adds the frames of a block that lie in `range`; they are later than all before them.
    package mutating func add(_ block: FrameBlockReader, in range: TimeRange = .all) throws(CodecError) {
        let inRange = block.times.indices.filter {
            range.contains(Timestamp(milliseconds: block.times[$0]))
        }
        guard let first = inRange.first, let last = inRange.last else { return }
        var members: [Int: [Int]] = [:]
        var presentFirst: [Presence] = []
        var presentLast: [Presence] = []
        for (index, process) in block.processes.enumerated() {
            guard process.runs.contains(where: { $0.overlaps(first..<last + 1) }) else { continue }
            guard let group = group(process.identity, name: process.name, username: process.username) else { continue }
            members[group, default: []].append(index)
            let presence = Presence(identity: process.identity, group: group)
            if process.runs.contains(where: { $0.contains(first) }) { presentFirst.append(presence) }
            if process.runs.contains(where: { $0.contains(last) }) { presentLast.append(presence) }
        }
        endAbsent(from: presentFirst, at: block.times[first])
        for (group, indices) in members {
            try add(indices, of: block, from: first, through: last, to: group)
        }
        present = presentLast
    }

    /// The series that have samples, sorted by labels.
    package func series() -> [(labels: Labels, column: SampleColumn)] {
        var series: [(labels: Labels, column: SampleColumn)] = []
        for group in groups {
            for (metric, column) in zip(metrics, group.columns) where column.count > 0 {
                series.append((group.labels.setting(Labels.metricNameLabel, to: metric.family.name), column))
            }
        }
        return series.sorted { $0.labels < $1.labels }
    }

    /// Something that happens to one process in one frame of a block. Ends come first, then processes in their order.
    private struct Occurrence {
        var frame: Int
        /// Place among the process's numbers; nil for an end.
        var place: Int?
        var member: Int
    }

    /// Adds the processes `indices` of a block, which share their labels.
    private mutating func add(
        _ indices: [Int], of block: FrameBlockReader, from first: Int, through last: Int, to group: Int
    ) throws(CodecError) {
        var occurrences: [Occurrence] = []
        var columns: [ProcessColumns] = []
        for index in indices {
            columns.append(try block.numbers(of: index, fields))
            var place = 0
            for run in block.processes[index].runs {
                for frame in run {
                    if frame >= first, frame <= last {
                        occurrences.append(Occurrence(frame: frame, place: place, member: columns.count - 1))
                    }
                    place += 1
                }
                if run.upperBound > first, run.upperBound <= last {
                    occurrences.append(Occurrence(frame: run.upperBound, place: nil, member: columns.count - 1))
                }
            }
        }
        // The occurrences of one process are in order already.
        if indices.count > 1 {
            occurrences.sort {
                ($0.frame, $0.place == nil ? 0 : 1, $0.member) < ($1.frame, $1.place == nil ? 0 : 1, $1.member)
            }
        }
        for occurrence in occurrences {
            let frame = occurrence.frame
            guard let place = occurrence.place else {
                end(group, at: block.times[frame])
                continue
            }
            let facts = FrameFacts(
                elapsedMilliseconds: block.elapsedMilliseconds[frame],
                memoryTotalBytes: block.memoryTotalBytes[frame], ticksPerSecond: block.ticksPerSecond[frame])
            put(columns[occurrence.member][place], facts, in: group, at: block.times[frame])
        }
    }

    /// The group of a process; nil where its labels do not match.
    private mutating func group(_ identity: ProcessIdentity, name: String, username: String) -> Int? {
        if let known = known[identity], known.name.utf8.elementsEqual(name.utf8),
            known.username.utf8.elementsEqual(username.utf8)
        {
            return known.group
        }
        let labels = Labels([
            Label("pid", String(identity.pid)), Label("name", name), Label("username", username),
        ])
        var group: Int?
        if matchers.allSatisfy({ $0.matches(labels) }) {
            group = places[labels] ?? groups.count
            if group == groups.count {
                places[labels] = groups.count
                groups.append(
                    Group(labels: labels, columns: [SampleColumn](repeating: SampleColumn(), count: metrics.count)))
            }
        }
        known[identity] = Known(name: name, username: username, group: group)
        return group
    }

    /// Ends what was present in the last frame and is not among `now`.
    private mutating func endAbsent(from now: [Presence], at time: Int64) {
        let remaining = Set(now)
        for presence in present where !remaining.contains(presence) { end(presence.group, at: time) }
    }

    private mutating func end(_ group: Int, at time: Int64) {
        for i in metrics.indices {
            guard let last = groups[group].columns[i].timestamps.last, last < time,
                groups[group].columns[i].values.last?.isStaleMarker == false
            else { continue }
            groups[group].columns[i].append(time, .staleMarker)
        }
    }

    private mutating func put(_ numbers: ProcessNumbers, _ facts: FrameFacts, in group: Int, at time: Int64) {
        for (i, metric) in metrics.enumerated() {
            guard let value = metric.value(of: numbers, in: facts) else { continue }
            let last = groups[group].columns[i].timestamps.last ?? .min
            if last < time || groups[group].columns[i].count == 0 {
                groups[group].columns[i].append(time, value)
            } else if last == time {
                // A process with equal labels ended here, or is here too: the later start counts.
                groups[group].columns[i].values[groups[group].columns[i].count - 1] = value
            }
        }
    }
}
