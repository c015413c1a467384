import Model

// Experimental in Prometheus: labels of metrics that describe their target, put onto the metrics of that target.

extension Function {
    static let info = Function(
        FunctionSignature("info", [.instantVector, .instantVector], .optionalLast, isExperimental: true),
        "The series with the labels of the info metrics of the same `job` and `instance`: of `target_info`, or of "
            + "those that the second argument, a selector, names. Conditions on other labels in it say which labels "
            + "are taken.",
        example: FunctionExample(
            #"info(up, {version=~".+"})"#,
            over: [
                #"up{instance="a", job="node"} 1"#,
                #"target_info{instance="a", job="node", version="1.2", os="linux"} 1"#,
            ],
            gives: [#"up{instance="a", job="node", version="1.2"} 1"#]), kernel: .info)
}

extension Evaluation {
    mutating func enrich(_ call: CallPlan, on grid: StepGrid) throws(QueryError) -> VectorColumns {
        guard let selector = Self.selector(in: call.arguments[1]) else {
            preconditionFailure("the second argument of info is planned as a selector")
        }
        let base = try vector(call.arguments[0], on: grid)
        let infos = try select(selector, on: grid, takingTimes: false)
        let times = try select(selector, on: grid, takingTimes: true)
        return try InfoJoin(selector.matchers, infos, times).enrich(base)
    }
}

extension Evaluation {
    /// The selector that a rewrite may have wrapped.
    private static func selector(in node: PlanNode) -> SelectorPlan? {
        switch node {
        case .select(let selector): selector
        case .once(let inner): selector(in: inner)
        case .shared(let shared): selector(in: shared.node)
        case .number, .string, .sampleTimes, .range, .call, .aggregate, .negate, .binary: nil
        }
    }
}

/// The series of info metrics by the target that they describe.
private struct InfoJoin {
    private let infos: VectorColumns
    /// When each of their samples was taken: of two that describe a target, the newer one is right.
    private let times: VectorColumns
    private let nameMatchers: [Matcher]
    private let dataMatchers: [Matcher]
    /// For each target, its info metrics by name, in order of appearance; of each, the series.
    private var targets: [Labels: [[Int]]] = [:]

    init(_ matchers: [Matcher], _ infos: VectorColumns, _ times: VectorColumns) {
        self.infos = infos
        self.times = times
        nameMatchers = matchers.filter { $0.name == Labels.metricNameLabel }
        dataMatchers = matchers.filter { $0.name != Labels.metricNameLabel }
        var places: [Labels: [String: Int]] = [:]
        for series in 0..<infos.count {
            let target = Self.target(of: infos.labels[series])
            let name = infos.labels[series].metricName ?? ""
            if let place = places[target]?[name] {
                targets[target]?[place].append(series)
            } else {
                places[target, default: [:]][name] = targets[target]?.count ?? 0
                targets[target, default: []].append([series])
            }
        }
    }

    private static let targetLabels = ["instance", "job"]

    private static func target(of labels: Labels) -> Labels {
        labels.filter { name in targetLabels.contains { name.elementsEqual($0.utf8) } }
    }

    func enrich(_ base: VectorColumns) throws(QueryError) -> VectorColumns {
        let steps = base.steps
        var result = VectorColumns(steps: steps)
        let needsData = dataMatchers.contains { !$0.matchesEmpty }
        // An info metric describes itself.
        let describesItself = base.labels.map { labels in
            nameMatchers.allSatisfy { $0.matches(labels.metricName ?? "") }
        }
        // Info metrics are asked for by those labels of a target that any series has; who lacks one finds none.
        let asked = Self.targetLabels.filter { name in
            base.labels.indices.contains { !describesItself[$0] && base.labels[$0][name] != nil }
        }
        for series in 0..<base.count {
            let labels = base.labels[series]
            let column = base.column(series)
            if describesItself[series] {
                result.append(labels, Array(base.values[column]))
                continue
            }
            let isFound = !asked.isEmpty && asked.allSatisfy { labels[$0] != nil }
            let metrics = isFound ? targets[Self.target(of: labels)] ?? [] : []
            // Which series describe the target may change from step to step.
            var rows: [[Int]: [Double]] = [:]
            var order: [[Int]] = []
            for step in 0..<steps where base.values[column.lowerBound + step].isPresent {
                var chosen: [Int] = []
                for metric in metrics { if let info = try newest(of: metric, at: step) { chosen.append(info) } }
                if rows[chosen] == nil { order.append(chosen) }
                rows[chosen, default: [Double](repeating: .absent, count: steps)][step] =
                    base.values[column.lowerBound + step]
            }
            for chosen in order {
                guard let row = rows[chosen] else { continue }
                // Whether there is anything new in what is found does not matter.
                if !chosen.isEmpty || !needsData { result.append(try enrich(labels, by: chosen), row) }
            }
        }
        try result.mergeDuplicates()
        return result
    }

    private func newest(of metric: [Int], at step: Int) throws(QueryError) -> Int? {
        var best: Int?
        for series in metric where infos.values[series * infos.steps + step].isPresent {
            guard let before = best else {
                best = series
                continue
            }
            let (old, new) = (times.values[before * infos.steps + step], times.values[series * infos.steps + step])
            if old == new {
                // The times are in seconds.
                let time = Int64((old * 1000).rounded())
                throw .execution(
                    "found duplicate series for info metric: existing \(Self.text(infos.labels[before])) @ \(time), "
                        + "new \(Self.text(infos.labels[series])) @ \(time)")
            }
            if new > old { best = series }
        }
        return best
    }

    /// As Go writes labels: the metric name among the others.
    private static func text(_ labels: Labels) -> String {
        let pairs = labels.map { label in
            "\(Labels.isLabelName(label.name) ? label.name : Labels.quote(label.name))=\(Labels.quote(label.value))"
        }
        return "{\(pairs.joined(separator: ", "))}"
    }

    private func enrich(_ labels: Labels, by chosen: [Int]) throws(QueryError) -> Labels {
        var added: [String: String] = [:]
        for series in chosen {
            for label in infos.labels[series] where label.name != Labels.metricNameLabel {
                if !dataMatchers.isEmpty, !dataMatchers.contains(where: { $0.name == label.name }) { continue }
                if let other = added[label.name], other != label.value {
                    throw .execution("conflicting label: \(label.name)")
                }
                if labels[label.name] == nil { added[label.name] = label.value }
            }
        }
        var builder = LabelsBuilder(labels)
        for (name, value) in added { builder.set(name, value) }
        return builder.labels()
    }
}
