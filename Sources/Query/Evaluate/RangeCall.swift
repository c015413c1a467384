import Model
import TSDB

extension Evaluation {
    /// A function over a range vector: each series' windows, one after the other.
    mutating func evaluate(
        _ call: CallPlan, over range: RangePlan, kernel: @escaping RangeKernel, tiers: TierAnswer, keepsName: Bool,
        on grid: StepGrid
    ) throws(QueryError) -> VectorColumns {
        var result = VectorColumns(steps: grid.count)
        try forEachAnswer(of: call, over: range, kernel, tiers, on: grid) {
            evaluation, labels, row, count throws(QueryError) in
            if result.count == 0 { result.reserve(count) }
            result.append(labels, row)
            try evaluation.checkSize(result)
        }
        if !keepsName { try result.dropMetricNames(interruption) }
        return result
    }

    /// The same, series by series and under their whole names; see ``forEachRow(of:on:_:)``.
    dynamic mutating func forEachAnswer(
        of call: CallPlan, over range: RangePlan, _ kernel: @escaping RangeKernel, _ tiers: TierAnswer,
        on grid: StepGrid,
        _ body: (inout Evaluation, Labels, [Double], _ count: Int) throws(QueryError) -> Void
    ) throws(QueryError) {
        let parameters = try parameters(of: call, on: grid)
        let ends = range.shift.moments(of: grid)
        var windows = Windows(
            ends: ends, rangeMilliseconds: range.milliseconds, clock: grid,
            interruption: interruption)
        var row: [Double] = []
        var remarks = TierRemarks()
        var sharing: KernelSharing?
        /// The first series tells whether there is enough to do for two.
        var isKnown = false
        var seriesCount = 0
        try forEachSeries(of: range, withValues: call.function.readsValues) {
            evaluation, labels, content, count throws(QueryError) in
            seriesCount = count
            row.becomeAbsent(grid.count)
            let windowed = content.windowedSteps(ends, rangeMilliseconds: range.milliseconds)
            if windowed == 0, let sharing {
                try sharing.add(labels, &content.samples)
                return try evaluation.take(sharing.takeFinished(), from: sharing, of: call, parameters, count, body)
            }
            if windowed == 0 {
                windows.load(&content.samples)
                let begun = evaluation.clock.now
                try kernel(&windows, parameters, &row)
                if !isKnown, evaluation.limits.threadsMax > 1 {
                    let expected = (evaluation.clock.now - begun) * max(0, count - 1)
                    if expected > evaluation.limits.secondThreadAfter {
                        sharing = KernelSharing(windows, kernel, parameters)
                    }
                }
                isKnown = true
            } else {
                try JoinedCall(windows, kernel, tiers, parameters, evaluation.interruption)
                    .fill(&row, windowed, &content, &remarks)
                if let sharing { return try sharing.add(labels, answer: row) }
            }
            try evaluation.take(labels, row, of: call, parameters, count, body)
        }
        if let sharing { try take(sharing.finish(), from: sharing, of: call, parameters, seriesCount, body) }
        remarks.annotate(&annotations, call.function.name, isForced: range.isForced, at: range.span)
    }

    /// Hands on the answers of series that two threads have worked on.
    private mutating func take(
        _ tasks: [KernelTask], from sharing: KernelSharing, of call: CallPlan, _ parameters: Parameters, _ count: Int,
        _ body: (inout Evaluation, Labels, [Double], _ count: Int) throws(QueryError) -> Void
    ) throws(QueryError) {
        for task in tasks { try take(task.labels, task.row, of: call, parameters, count, body) }
        sharing.giveBack(tasks)
    }

    /// Hands on the answer of one series that has one, and says what there is to say of it.
    private mutating func take(
        _ labels: Labels, _ row: [Double], of call: CallPlan, _ parameters: Parameters, _ count: Int,
        _ body: (inout Evaluation, Labels, [Double], _ count: Int) throws(QueryError) -> Void
    ) throws(QueryError) {
        guard row.hasValue else { return }
        try body(&self, labels, row, count)
        switch call.function.name {
        case "rate", "increase":
            // Of a subquery Prometheus has lost the place by now and names the text's beginning.
            var span = call.argumentSpans[0]
            if case .range(let range) = call.arguments[0], case .subquery = range.source { span = .nowhere }
            informOfGauge(labels, at: span)
        case "quantile_over_time": warnOfQuantiles(parameters, row, at: call.argumentSpans[0])
        default: return
        }
    }

    /// The range vector itself: the answer of an instant query that is one. Windows show the two samples they know.
    mutating func samples(of range: RangePlan, at grid: StepGrid) throws(QueryError) -> [ResultSeries] {
        let ends = range.shift.moments(of: grid)
        var windows = Windows(ends: ends, rangeMilliseconds: range.milliseconds, clock: grid)
        var result: [ResultSeries] = []
        var remarks = TierRemarks()
        try forEachSeries(of: range, withValues: true) { _, labels, content, _ throws(QueryError) in
            let windowed = content.windowedSteps(ends, rangeMilliseconds: range.milliseconds)
            if windowed > 0 {
                if content.windows.windows.counts.contains(where: { $0 > 2 }) {
                    remarks.estimated(content.windows.tier)
                }
                content.replaceWindowsBySamples()
            }
            windows.load(&content.samples)
            let window = windows[0]
            if window.isEmpty { return }
            // Series that are sampled together have one array of times, all of which lie in the window or near it.
            let isNear = windows.times.count < 2 * window.count
            let samples = SampleRow(
                times: isNear ? windows.times[window] : Array(windows.times[window])[...],
                values: Array(windows.values[window])[...])
            result.append(ResultSeries(labels: labels, samples: samples))
        }
        remarks.annotateSamples(&annotations, isForced: range.isForced, at: range.span)
        return result
    }

    /// Hands out the series of a range vector and what there is of each, in columns that are used again; and how many
    /// series there are.
    private dynamic mutating func forEachSeries(
        of range: RangePlan, withValues: Bool,
        _ body: (inout Evaluation, Labels, inout SeriesContent, _ count: Int) throws(QueryError) -> Void
    ) throws(QueryError) {
        var content = SeriesContent()
        switch range.source {
        case .samples(let selector):
            let found = try find(selector)
            if !withValues { found.selection.skipNumbers() }
            for series in found.labels.indices {
                try read(found, series, of: selector, into: &content)
                try body(&self, found.labels[series], &content, found.labels.count)
            }
            annotateLosses(found, of: selector, readsEnds: false)
        case .subquery(let node, let grid):
            try forEachRow(of: node, on: grid) { evaluation, labels, row, count throws(QueryError) in
                try evaluation.interruption.check()
                content.samples.removeAll()
                for step in row.indices where row[step].isPresent {
                    content.samples.append(grid.time(step), row[step])
                }
                try body(&evaluation, labels, &content, count)
            }
        }
    }

    /// A counter by any other name may be a gauge, whose rate means nothing.
    private mutating func informOfGauge(_ labels: Labels, at span: SourceSpan) {
        guard let name = labels.metricName, !name.isEmpty else { return }
        if ["_total", "_sum", "_count", "_bucket"].contains(where: name.hasSuffix) { return }
        annotations.inform(
            "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \(Labels.quote(name))",
            at: span)
    }

    private mutating func warnOfQuantiles(_ parameters: Parameters, _ row: [Double], at span: SourceSpan) {
        for step in row.indices where row[step].isPresent && Quantile.isInvalid(parameters[0, at: step]) {
            annotations.warn(
                "quantile value should be between 0 and 1, got \(FloatText.short(parameters[0, at: step]))", at: span)
        }
    }
}

/// A function over ranges of which the first ones begin where only windows are left.
struct JoinedCall {
    private let model: Windows
    private let kernel: RangeKernel
    private let tiers: TierAnswer
    private let parameters: Parameters
    private let interruption: Interruption

    /// - Parameter model: Has the grids; its samples do not matter.
    init(
        _ model: Windows, _ kernel: @escaping RangeKernel, _ tiers: TierAnswer, _ parameters: Parameters,
        _ interruption: Interruption = .never
    ) {
        self.interruption = interruption
        self.model = model
        self.kernel = kernel
        self.tiers = tiers
        self.parameters = parameters
    }

    /// Answers the first steps from windows, and from the samples that lie in the same ranges; all others from samples
    /// alone, as if there were no windows.
    /// - Parameter steps: How many ranges begin before the samples do. Those without a window before the samples are
    ///   answered from samples, too.
    func fill(
        _ row: inout [Double], _ steps: Int, _ content: inout SeriesContent, _ remarks: inout TierRemarks
    ) throws(QueryError) {
        content.joinSamples(through: model.ends.time(steps - 1))
        var windows = TierWindows(
            ends: model.ends.prefix(steps), rangeMilliseconds: model.rangeMilliseconds,
            clock: model.clock.prefix(steps), interruption: interruption)
        windows.load(&content.windows)
        let windowed = windows.stepsWithWindows
        windows.keep(windowed)
        try tiers.kernel(windows, parameters, &row, &remarks)
        let rest = row.count - windowed
        if rest == 0 { return }
        var samples = Windows(
            ends: model.ends.dropFirst(windowed), rangeMilliseconds: model.rangeMilliseconds,
            clock: model.clock.dropFirst(windowed), interruption: interruption)
        samples.load(&content.samples)
        var tail = [Double](repeating: .absent, count: rest)
        try kernel(&samples, parameters.dropping(windowed), &tail)
        row.replaceSubrange(windowed..., with: tail)
    }
}
