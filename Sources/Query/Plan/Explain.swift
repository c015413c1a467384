import Model
import TSDB

/// The plan as a person reads it: a node a line, its parts indented below it.
struct Explain {
    /// What the query's selectors read, where it was evaluated.
    private let statistics: QueryStatistics?
    private let aliases: AliasTable

    init(_ statistics: QueryStatistics?, _ aliases: AliasTable = .none) {
        self.statistics = statistics
        self.aliases = aliases
    }

    func text(_ node: PlanNode, on grid: StepGrid) -> String {
        var text = "evaluate \(Self.describe(grid))\n"
        write(node, indent: 1, into: &text)
        return text
    }

    private func write(_ node: PlanNode, indent: Int, into text: inout String) {
        text += String(repeating: "  ", count: indent) + describe(node) + "\n"
        if case .shared(let shared) = node, shared.isRepeated { return }
        for child in node.children { write(child, indent: indent + 1, into: &text) }
    }

    /// One part without those within it.
    func describe(_ node: PlanNode) -> String {
        switch node {
        case .number(let value): return "number \(FloatText.short(value))"
        case .string(let value): return "string \(Labels.quote(value.text))"
        case .select(let selector): return "select " + describe(selector)
        case .sampleTimes(let selector): return "sample times " + describe(selector)
        case .range(let range):
            let length = DurationText.format(range.milliseconds)
            switch range.source {
            case .samples(let selector): return "range [\(length)] of " + describe(selector)
            case .subquery(_, let grid):
                return "subquery [\(length):\(DurationText.format(grid.step))]\(Self.describe(range.shift)) "
                    + Self.describe(grid)
            }
        case .call(let call): return "call \(call.function.name)"
        case .aggregate(let aggregation):
            return "aggregate \(aggregation.operation.rawValue) \(Self.describe(aggregation.grouping))"
        case .negate: return "negate"
        case .once: return "once (the same at every step)"
        case .shared(let shared):
            return shared.isRepeated ? "the same as before (shared \(shared.number))" : "shared \(shared.number)"
        case .binary(let binary):
            let bool = binary.returnsBool ? " bool" : ""
            return "binary \(binary.operation.rawValue)\(bool)" + (binary.matching.map(Self.describe) ?? "")
        }
    }

    private func describe(_ selector: SelectorPlan) -> String {
        let matchers = selector.matchers.map(\.description).joined(separator: ", ")
        // Windows are left-open, so the first moment that is read is a millisecond after the bound.
        let open = Self.seconds(selector.reads.min.milliseconds - 1)
        let end = Self.seconds(selector.reads.max.milliseconds)
        return "{\(matchers)}\(Self.describe(selector.shift)) reads (\(open), \(end)]\(resolution(of: selector))"
            + names(of: selector)
    }

    /// Which aliases answered; those that the selector asks for where nothing was evaluated.
    private func names(of selector: SelectorPlan) -> String {
        let found =
            statistics.map { $0.selectors[selector.span]?.aliases ?? [] }
            ?? aliases.asked(by: selector.matchers).map(\.description)
        if found.isEmpty { return "" }
        let shownMax = 4
        let rest = found.count > shownMax ? ", and \(found.count - shownMax) more" : ""
        return ", by alias \(found.prefix(shownMax).joined(separator: ", "))\(rest)"
    }

    /// What answers a selector, as far as that is known.
    private func resolution(of selector: SelectorPlan) -> String {
        if let statistics {
            let usage = statistics.selectors[selector.span] ?? SelectorUsage()
            var parts: [String] = []
            for (count, tier) in [(usage.hourWindows, Tier.hour), (usage.minuteWindows, .minute)] where count > 0 {
                parts.append("\(count) windows of \(tier.name)")
            }
            if usage.samples > 0 || parts.isEmpty { parts.append("\(usage.samples) samples") }
            return ", answered by \(parts.joined(separator: " and "))"
        }
        if let tier = selector.tiers.forced { return ", resolution \(tier.name)" }
        return selector.tiers.aligned.map { ", windows of \($0.name) answer the same" } ?? ""
    }

    private static func describe(_ shift: TimeShift) -> String {
        (shift.at.map { " @ \(seconds($0))" } ?? "")
            + (shift.offset == 0 ? "" : " offset \(DurationText.format(shift.offset))")
    }

    private static func describe(_ grid: StepGrid) -> String {
        if grid.count == 1 { return "at \(seconds(grid.start))" }
        if grid.count == 0 { return "at no moment" }
        return "from \(seconds(grid.start)) to \(seconds(grid.end)) by \(DurationText.format(grid.step)), "
            + "\(grid.count) steps"
    }

    private static func describe(_ grouping: Aggregation.Grouping) -> String {
        switch grouping {
        case .by(let names): "by (\(names.joined(separator: ", ")))"
        case .without(let names): "without (\(names.joined(separator: ", ")))"
        }
    }

    private static func describe(_ matching: VectorMatching) -> String {
        var text = ", \(matching.cardinality.rawValue)"
        if matching.isOn || !matching.labels.isEmpty {
            text += " \(matching.isOn ? "on" : "ignoring") (\(matching.labels.joined(separator: ", ")))"
        }
        if !matching.include.isEmpty { text += " including (\(matching.include.joined(separator: ", ")))" }
        return text
    }

    private static func seconds(_ milliseconds: Int64) -> String {
        FloatText.plain(Double(milliseconds) / 1000)
    }
}
