package import Model

/// Builds the series of processes from frames that are handed to it in order of time, one by one or by the block.
///
/// 1. A series is {pid, name, username}, the label of its ``ProcessForm`` and a metric; processes with equal labels
///    share it.
/// 2. Where a process was in the frame before and is not in this one (or has other labels now), its series get a stale
///    marker at this frame's time, unless they have a value there or ended already.
/// 3. A frame that has no value for a present process (I/O the kernel denies, CPU of a first look) adds nothing.
///
/// Memory grows with the processes that match and their samples; the others are told off by one look at their labels.
package struct FrameSeriesBuilder {
    private var forms: [Form]
    private let matchers: [Matcher]
    private var groups: [Group] = []
    /// The matching processes of the last frame, each form of them.
    private var present: [Presence] = []

    /// The metrics of one form that are wanted.
    private struct Form {
        let form: ProcessForm
        let metrics: [ProcessMetric]
        let fields: Set<FrameBlock.Field>
        var places: [Labels: Int] = [:]
        /// What the labels of processes seen lately led to.
        var known: [ProcessIdentity: Known] = [:]
    }

    /// The series with equal labels but for the metric.
    private struct Group {
        var labels: Labels
        let metrics: [ProcessMetric]
        /// One for each of `metrics`.
        var columns: [SampleColumn]
    }

    private struct Known {
        var name: String
        var username: String
        /// Of the form's label.
        var value: String
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
        let metrics = ProcessMetric.allCases.filter { metric in onName.allSatisfy { $0.matches(metric.family.name) } }
        if metrics.isEmpty { return nil }
        forms = ProcessForm.allCases.compactMap { form in
            let own = metrics.filter { $0.form == form }
            return own.isEmpty
                ? nil : Form(form: form, metrics: own, fields: own.reduce(into: []) { $0.formUnion($1.fields) })
        }
        self.matchers = matchers.filter { $0.name != Labels.metricNameLabel }
    }

    /// Adds one frame, later than all before it.
    package mutating func add(_ frame: ProcessFrame) {
        let facts = FrameFacts(
            elapsedMilliseconds: frame.elapsedMilliseconds, memoryTotalBytes: frame.memoryTotalBytes,
            ticksPerSecond: frame.ticksPerSecond, bootSeconds: frame.bootSeconds)
        let time = frame.time.milliseconds
        var now: [Presence] = []
        var numbers: [ProcessNumbers] = []
        for process in frame.orderedProcesses {
            let identity = ProcessIdentity(process)
            let own = ProcessNumbers(process)
            for form in forms.indices {
                guard let value = forms[form].form.value(of: own),
                    let group = group(identity, form, name: process.name, username: process.username, value)
                else { continue }
                now.append(Presence(identity: identity, group: group))
                numbers.append(own)
            }
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
        var members: [Int: [Member]] = [:]
        var presentFirst: [Presence] = []
        var presentLast: [Presence] = []
        for (index, process) in block.processes.enumerated() {
            guard process.runs.contains(where: { $0.overlaps(first..<last + 1) }) else { continue }
            for form in forms.indices {
                for (value, runs) in try FrameSeriesBuilder.runs(of: index, by: forms[form].form, in: block) {
                    guard
                        let group = group(process.identity, form, name: process.name, username: process.username, value)
                    else { continue }
                    members[group, default: []].append(Member(index: index, form: form, runs: runs))
                    let presence = Presence(identity: process.identity, group: group)
                    if runs.contains(where: { $0.frames.contains(first) }) { presentFirst.append(presence) }
                    if runs.contains(where: { $0.frames.contains(last) }) { presentLast.append(presence) }
                }
            }
        }
        endAbsent(from: presentFirst, at: block.times[first])
        for (group, members) in members { try add(members, of: block, from: first, through: last, to: group) }
        present = presentLast
    }

    /// The values that the form's label has for a process of a block, each with the frames in which it has it.
    private static func runs(
        of index: Int, by form: ProcessForm, in block: FrameBlockReader
    ) throws(CodecError) -> [(value: String, runs: [Run])] {
        let process = block.processes[index]
        var place = 0
        guard let field = form.field else {
            let runs = process.runs.map { frames in
                defer { place += frames.count }
                return Run(frames: frames, place: place)
            }
            return [("", runs)]
        }
        let columns = try block.numbers(of: index, [field])
        // By the column's numbers, of which 0 is unknown.
        var runs: [UInt64: [Run]] = [:]
        for frames in process.runs {
            var start = frames.lowerBound
            for frame in frames {
                let number = columns.number(field, place + frame - frames.lowerBound) ?? 0
                let isLast =
                    frame + 1 == frames.upperBound
                    || columns.number(field, place + frame + 1 - frames.lowerBound) != number
                guard isLast else { continue }
                if number != 0 {
                    let run = Run(frames: start..<frame + 1, place: place + start - frames.lowerBound)
                    runs[number, default: []].append(run)
                }
                start = frame + 1
            }
            place += frames.count
        }
        return runs.values.compactMap { runs in
            form.value(of: columns[runs[0].place]).map { (value: $0, runs: runs) }
        }
    }

    /// The series that have samples, sorted by labels.
    package func series() -> [(labels: Labels, column: SampleColumn)] {
        var series: [(labels: Labels, column: SampleColumn)] = []
        for group in groups {
            for (metric, column) in zip(group.metrics, group.columns) where column.count > 0 {
                series.append((group.labels.setting(Labels.metricNameLabel, to: metric.family.name), column))
            }
        }
        return series.sorted { $0.labels < $1.labels }
    }

    /// Frames one after another in which a process has the labels of a group.
    private struct Run {
        var frames: Range<Int>
        /// Of the first frame among the process's numbers.
        var place: Int
    }

    /// A process of a block, as far as it belongs to one group.
    private struct Member {
        var index: Int
        var form: Int
        var runs: [Run]
    }

    /// Something that happens to one process in one frame of a block. Ends come first, then processes in their order.
    private struct Occurrence {
        var frame: Int
        /// Place among the process's numbers; nil for an end.
        var place: Int?
        var member: Int
    }

    /// Adds processes of a block, which share their labels.
    private mutating func add(
        _ members: [Member], of block: FrameBlockReader, from first: Int, through last: Int, to group: Int
    ) throws(CodecError) {
        var occurrences: [Occurrence] = []
        var columns: [ProcessColumns] = []
        for member in members {
            columns.append(try block.numbers(of: member.index, forms[member.form].fields))
            for run in member.runs {
                for frame in run.frames where frame >= first && frame <= last {
                    let place = run.place + frame - run.frames.lowerBound
                    occurrences.append(Occurrence(frame: frame, place: place, member: columns.count - 1))
                }
                let end = run.frames.upperBound
                if end > first, end <= last {
                    occurrences.append(Occurrence(frame: end, place: nil, member: columns.count - 1))
                }
            }
        }
        // The occurrences of one process are in order already.
        if members.count > 1 {
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
                memoryTotalBytes: block.memoryTotalBytes[frame], ticksPerSecond: block.ticksPerSecond[frame],
                bootSeconds: block.bootSeconds[frame])
            put(columns[occurrence.member][place], facts, in: group, at: block.times[frame])
        }
    }

    /// The group of a process for the form at `place`; nil where its labels do not match.
    private mutating func group(
        _ identity: ProcessIdentity, _ place: Int, name: String, username: String, _ value: String
    ) -> Int? {
        if let known = forms[place].known[identity], known.name.utf8.elementsEqual(name.utf8),
            known.username.utf8.elementsEqual(username.utf8), known.value.utf8.elementsEqual(value.utf8)
        {
            return known.group
        }
        var list = [Label("pid", String(identity.pid)), Label("name", name), Label("username", username)]
        if let label = forms[place].form.label { list.append(Label(label, value)) }
        let labels = Labels(list)
        var group: Int?
        if matchers.allSatisfy({ $0.matches(labels) }) {
            group = forms[place].places[labels] ?? groups.count
            if group == groups.count {
                forms[place].places[labels] = groups.count
                let metrics = forms[place].metrics
                let columns = [SampleColumn](repeating: SampleColumn(), count: metrics.count)
                groups.append(Group(labels: labels, metrics: metrics, columns: columns))
            }
        }
        forms[place].known[identity] = Known(name: name, username: username, value: value, group: group)
        return group
    }

    /// Ends what was present in the last frame and is not among `now`.
    private mutating func endAbsent(from now: [Presence], at time: Int64) {
        let remaining = Set(now)
        for presence in present where !remaining.contains(presence) { end(presence.group, at: time) }
    }

    private mutating func end(_ group: Int, at time: Int64) {
        for i in groups[group].columns.indices {
            guard let last = groups[group].columns[i].timestamps.last, last < time,
                groups[group].columns[i].values.last?.isStaleMarker == false
            else { continue }
            groups[group].columns[i].append(time, .staleMarker)
        }
    }

    private mutating func put(_ numbers: ProcessNumbers, _ facts: FrameFacts, in group: Int, at time: Int64) {
        for (i, metric) in groups[group].metrics.enumerated() {
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
