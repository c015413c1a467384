package import Model

/// For those who have a frame in memory: the series of its processes, as ``FrameSeriesBuilder`` makes them of the same
/// frame.
extension FrameSeries {
    /// The labels of a process' series, by place in ``families``; nil where its record tells nothing of the metric.
    package static func labels(of process: ProcessRecord) -> [Labels?] {
        let numbers = ProcessNumbers(process)
        let own = [("name", process.name), ("pid", String(process.pid)), ("username", process.username)]
        var made: [ProcessForm: Labels] = [:]
        for form in ProcessForm.allCases {
            guard let value = form.value(of: numbers) else { continue }
            var fields = own
            if let label = form.label { fields.append((label, value)) }
            made[form] = Labels(fields.map { Label($0.0, $0.1) })
        }
        return zip(ProcessMetric.allCases, metricNames).map { metric, name in
            // The metric's name sorts before those of the others.
            made[metric.form].map { Labels(uncheckedBytes: name + $0.bytes) }
        }
    }

    /// Whether all labels of two processes are the same.
    package static func areNamedAlike(_ a: ProcessRecord, _ b: ProcessRecord) -> Bool {
        a.pid == b.pid && a.state == b.state && a.name == b.name && a.username == b.username && a.cgroup == b.cgroup
            && a.command == b.command
    }

    /// The values of a process' series, by place in ``families``; nil where there is none.
    package static func values(of process: ProcessRecord, in frame: ProcessFrame) -> [Double?] {
        let facts = FrameFacts(
            elapsedMilliseconds: frame.elapsedMilliseconds, memoryTotalBytes: frame.memoryTotalBytes,
            ticksPerSecond: frame.ticksPerSecond, bootSeconds: frame.bootSeconds)
        let numbers = ProcessNumbers(process)
        return ProcessMetric.allCases.map { $0.value(of: numbers, in: facts) }
    }

    /// The label `__name__` of each metric, as it lies in a label set.
    private static let metricNames = ProcessMetric.allCases.map { metric in
        Labels(name: metric.family.name).bytes
    }
}
