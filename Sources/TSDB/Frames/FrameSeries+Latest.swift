package import Model

extension FrameSeries {
    /// The series of one frame's processes and their values in it, for those who have the frame in memory: families in
    /// order of names, series in label order. A process that has no value of a metric has no series of it.
    ///
    /// They are those that ``FrameSeriesBuilder`` makes of the same frame. Takes 0.1 µs a series.
    package static func current(
        of frame: ProcessFrame
    ) -> [(family: MetricFamily, series: [(labels: Labels, value: Double)])] {
        let facts = FrameFacts(
            elapsedMilliseconds: frame.elapsedMilliseconds, memoryTotalBytes: frame.memoryTotalBytes,
            ticksPerSecond: frame.ticksPerSecond, bootSeconds: frame.bootSeconds)
        let processes = frame.orderedProcesses.map(LabelledProcess.init)
        var labelled: [ProcessForm: [(labels: Labels, process: ProcessNumbers)]] = [:]
        for form in ProcessForm.allCases { labelled[form] = current(processes, form) }
        return ProcessMetric.allCases.map { metric in
            let family = metric.family
            var series: [(labels: Labels, value: Double)] = []
            series.reserveCapacity(processes.count)
            var name: [UInt8] = []
            Labels.append(name: Array(Labels.metricNameLabel.utf8), value: Array(family.name.utf8), to: &name)
            for (labels, process) in labelled[metric.form] ?? [] {
                guard let value = metric.value(of: process, in: facts) else { continue }
                // Its name sorts before those of the others.
                let named = Labels(uncheckedBytes: name + labels.bytes)
                if series.last?.labels == named { series.removeLast() }
                series.append((named, value))
            }
            return (family, series)
        }.sorted { $0.family.name < $1.family.name }
    }

    /// The processes that the form tells of, in order of their labels, those that began later behind others with equal
    /// ones: they count.
    private static func current(
        _ processes: [LabelledProcess], _ form: ProcessForm
    ) -> [(labels: Labels, process: ProcessNumbers)] {
        let labelled = processes.compactMap { process -> (labels: Labels, process: ProcessNumbers)? in
            guard let value = form.value(of: process.numbers) else { return nil }
            return (process.labels(form.label.map { Label($0, value) }), process.numbers)
        }
        return labelled.enumerated().sorted { ($0.element.labels, $0.offset) < ($1.element.labels, $1.offset) }
            .map(\.element)
    }
}

/// A process with what its series have in common as bytes of a label set.
private struct LabelledProcess {
    let numbers: ProcessNumbers
    /// In order of the labels' names.
    private let fields: [(name: String, bytes: [UInt8])]

    init(_ process: ProcessRecord) {
        numbers = ProcessNumbers(process)
        fields = [("name", process.name), ("pid", String(process.pid)), ("username", process.username)]
            .map { ($0, LabelledProcess.field($0, $1)) }
    }

    /// None for an empty value, which is no label.
    private static func field(_ name: String, _ value: String) -> [UInt8] {
        var bytes: [UInt8] = []
        if !value.isEmpty { Labels.append(name: Array(name.utf8), value: Array(value.utf8), to: &bytes) }
        return bytes
    }

    /// - Parameter own: What the series have beside it.
    func labels(_ own: Label?) -> Labels {
        var bytes: [UInt8] = []
        var own = own
        for (name, field) in fields {
            if let label = own, label.name < name {
                bytes += LabelledProcess.field(label.name, label.value)
                own = nil
            }
            bytes += field
        }
        return Labels(uncheckedBytes: bytes)
    }
}
