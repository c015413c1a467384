import Model

/// One way in which stored series answer under another name: an entry of ``AliasTable``. Nothing of it is stored.
///
/// 1. Each stored series of the formula's terms makes at most one series of the alias; two that would be alike are one,
///    the first in label order.
/// 2. A label that no change names keeps its name and value. One that a term's condition fixes is dropped: it is the
///    same everywhere.
/// 3. What is added (by ``LabelChange/add(_:_:)``, or as the scrape target) stands where the stored series has no label
///    of that name, so that a series another host wrote keeps saying whose it is.
/// 4. Factors are positive, so that windows stay windows: the least value stays the least.
package struct Alias: Sendable {
    package let name: String
    /// What it is made of.
    package let formula: Formula
    /// What happens to labels beside the name.
    let changes: [LabelChange]
    /// Whether its series have the labels `job` and `instance`, as if they had been scraped from node_exporter.
    let isTargeted: Bool
    /// Whether it joins only where a matcher asks for a `job` or an `instance`: its name is one of stored series, too.
    let needsTarget: Bool
    private let kind: MetricFamily.Kind?
    private let unit: String?
    private let help: String?

    /// - Parameters:
    ///   - kind: Nil for that of the first term's metric; `unit` and `help` likewise.
    init(
        _ name: String, _ formula: Formula, _ changes: [LabelChange] = [], isTargeted: Bool = false,
        needsTarget: Bool = false, kind: MetricFamily.Kind? = nil, unit: String? = nil, help: String? = nil
    ) {
        self.name = name
        self.formula = formula
        self.changes = changes
        self.isTargeted = isTargeted
        self.needsTarget = needsTarget
        self.kind = kind
        self.unit = unit
        self.help = help
    }

    /// TYPE, HELP and UNIT, given those of the first term's metric.
    func family(_ source: MetricFamily) -> MetricFamily {
        MetricFamily(name: name, kind: kind ?? source.kind, unit: unit ?? source.unit, help: help ?? source.help)
    }
}

/// What happens to a label on its way from the stored series to that of an alias.
enum LabelChange: Sendable {
    /// The label has another name; one that is there under that name gives way.
    case rename(String, to: String)
    case drop(String)
    /// A constant label.
    case add(String, String)
    /// Other values; those that are not in the pairs (stored: shown) stay.
    case map(String, KeyValuePairs<String, String>)
    /// Other values; series whose value is not in the pairs (stored: shown) take no part.
    case pick(String, KeyValuePairs<String, String>)
}

/// How the values of an alias follow from stored ones.
package struct Formula: Sendable {
    /// Stored series: those of a metric whose labels satisfy conditions.
    package struct Term: Sendable {
        package let metric: String
        /// Labels that have one value.
        let fixed: KeyValuePairs<String, String>
        /// Labels that do not match an expression.
        let without: KeyValuePairs<String, String>
    }

    /// What is done with a second series of the same labels (after all changes). They meet where both have a sample of
    /// one moment; the result is stale where either is.
    enum Operation: Sendable {
        case plus
        case minus
    }

    enum Scale: Hashable, Sendable {
        case none
        case times(Double)
        /// Dividing by 100 rounds once, multiplying by 0.01 twice.
        case over(Double)
    }

    package let first: Term
    let second: (operation: Operation, term: Term)?
    let scale: Scale

    /// The stored values themselves.
    static func stored(
        _ metric: String, _ fixed: KeyValuePairs<String, String> = [:],
        without: KeyValuePairs<String, String> = [:]
    ) -> Formula {
        Formula(first: Term(metric: metric, fixed: fixed, without: without), second: nil, scale: .none)
    }

    static func product(_ stored: Formula, _ factor: Double) -> Formula {
        precondition(factor > 0 && factor.isFinite && stored.scale == .none, "a factor is positive, and the only one")
        return Formula(first: stored.first, second: stored.second, scale: .times(factor))
    }

    static func quotient(_ stored: Formula, _ divisor: Double) -> Formula {
        precondition(
            divisor > 0 && divisor.isFinite && stored.scale == .none, "a divisor is positive, and the only one")
        return Formula(first: stored.first, second: stored.second, scale: .over(divisor))
    }

    static func sum(_ a: Formula, _ b: Formula) -> Formula { combined(a, .plus, b) }

    static func difference(_ a: Formula, _ b: Formula) -> Formula { combined(a, .minus, b) }

    private static func combined(_ a: Formula, _ operation: Operation, _ b: Formula) -> Formula {
        precondition(
            a.second == nil && b.second == nil && a.scale == .none && b.scale == .none,
            "a sum or difference is of two stored series")
        return Formula(first: a.first, second: (operation, b.first), scale: .none)
    }

    /// The first, and the second where there is one.
    package var terms: [Term] { second.map { [first, $0.term] } ?? [first] }
}

extension Formula: CustomStringConvertible {
    /// As PromQL would write it: `swap_total_bytes - swap_used_bytes`.
    package var description: String {
        var text = first.description
        if let second { text += (second.operation == .plus ? " + " : " - ") + second.term.description }
        if second != nil && scale != .none { text = "(\(text))" }
        switch scale {
        case .none: return text
        case .times(let factor): return "\(text) * \(FloatText.short(factor))"
        case .over(let divisor): return "\(text) / \(FloatText.short(divisor))"
        }
    }
}

extension Formula.Term: CustomStringConvertible {
    package var description: String {
        let conditions =
            fixed.map { "\($0.key)=\(Labels.quote($0.value))" }
            + without.map { "\($0.key)!~\(Labels.quote($0.value))" }
        return conditions.isEmpty ? metric : "\(metric){\(conditions.joined(separator: ", "))}"
    }
}

extension Alias: CustomStringConvertible {
    /// The name and what stands behind it: `node_load1 = load_average{period="1m"}`.
    package var description: String { "\(name) = \(formula)" }
}
