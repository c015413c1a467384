import Glibc
import Model

@testable import Query

/// Operators of the slow evaluator.
extension SlowEvaluator {
    func apply(_ binary: BinaryOperation, at time: Int64) throws -> Value {
        let filters = binary.operation.isComparison && !binary.returnsBool
        switch (try value(of: binary.lhs, at: time), try value(of: binary.rhs, at: time)) {
        case (.scalar(let a), .scalar(let b)): return .scalar(Self.number(binary.operation, a, b))
        case (.vector(let elements), .scalar(let b)):
            return .vector(
                try finish(
                    elements.compactMap { element in
                        let result = Self.number(binary.operation, element.value, b)
                        if filters { return result == 1 ? element : nil }
                        return (element.labels.droppingMetricName(), result)
                    }))
        case (.scalar(let a), .vector(let elements)):
            return .vector(
                try finish(
                    elements.compactMap { element in
                        let result = Self.number(binary.operation, a, element.value)
                        if filters { return result == 1 ? element : nil }
                        return (element.labels.droppingMetricName(), result)
                    }))
        case (.vector(let left), .vector(let right)):
            guard let matching = binary.matching else { throw Failure(reason: "no matching") }
            return .vector(
                binary.operation.isSetOperation
                    ? try finish(combine(binary.operation, matching, left, right))
                    : try match(binary, matching, left, right, filters: filters))
        }
    }

    private func finish(_ elements: [Element]) throws -> [Element] {
        guard Set(elements.map(\.labels)).count == elements.count else { throw Failure(reason: "duplicate series") }
        return elements
    }

    private func key(_ labels: Labels, _ matching: VectorMatching) -> Labels {
        Labels(
            labels.filter { (label: Label) in
                matching.isOn
                    ? matching.labels.contains(label.name)
                    : !matching.labels.contains(label.name) && label.name != Labels.metricNameLabel
            })
    }

    private func combine(
        _ operation: BinaryOperation.Operation, _ matching: VectorMatching, _ left: [Element], _ right: [Element]
    ) -> [Element] {
        let leftKeys = Set(left.map { key($0.labels, matching) })
        let rightKeys = Set(right.map { key($0.labels, matching) })
        if operation == .or { return left + right.filter { !leftKeys.contains(key($0.labels, matching)) } }
        return left.filter { rightKeys.contains(key($0.labels, matching)) == (operation == .and) }
    }

    private func match(
        _ binary: BinaryOperation, _ matching: VectorMatching, _ left: [Element], _ right: [Element], filters: Bool
    ) throws -> [Element] {
        let (left, right) = fill(matching, left, right)
        if left.isEmpty || right.isEmpty { return [] }
        let isSwapped = matching.cardinality == .oneToMany
        let (many, one) = isSwapped ? (right, left) : (left, right)
        let keys = one.map { key($0.labels, matching) }
        guard Set(keys).count == keys.count else { throw Failure(reason: "many-to-many") }
        var seen: Set<Labels> = []
        var given: [Labels: Set<Labels>] = [:]
        var result: [Element] = []
        for element in many {
            let key = key(element.labels, matching)
            guard let place = keys.firstIndex(of: key) else { continue }
            let partner = one[place]
            let (a, b) = isSwapped ? (partner.value, element.value) : (element.value, partner.value)
            var labels = filters ? element.labels : element.labels.droppingMetricName()
            if matching.cardinality == .oneToOne {
                guard seen.insert(key).inserted else { throw Failure(reason: "many-to-one") }
                labels = Labels(
                    labels.filter { (label: Label) in matching.labels.contains(label.name) == matching.isOn })
            } else {
                for name in matching.include { labels = labels.setting(name, to: partner.labels[name] ?? "") }
                guard given[key, default: []].insert(labels).inserted else { throw Failure(reason: "grouping") }
            }
            let number = Self.number(binary.operation, a, b)
            if !filters { result.append((labels, number)) } else if number == 1 { result.append((labels, a)) }
        }
        return try finish(result)
    }

    /// Gives a partner to each element that has none, where `fill_left` or `fill_right` says so.
    private func fill(
        _ matching: VectorMatching, _ left: [Element], _ right: [Element]
    ) -> (left: [Element], right: [Element]) {
        let leftKeys = left.map { key($0.labels, matching) }
        let rightKeys = right.map { key($0.labels, matching) }
        func missing(_ wanted: [Labels], _ present: [Labels], _ value: Double?) -> [Element] {
            guard let value else { return [] }
            return Set(wanted).subtracting(present).map { ($0, value) }
        }
        // The left one is for the many, wherever they stand.
        let isSwapped = matching.cardinality == .oneToMany
        return (
            left + missing(rightKeys, leftKeys, isSwapped ? matching.fillRight : matching.fillLeft),
            right + missing(leftKeys, rightKeys, isSwapped ? matching.fillLeft : matching.fillRight)
        )
    }

    private static func number(_ operation: BinaryOperation.Operation, _ a: Double, _ b: Double) -> Double {
        switch operation {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .modulo: a - b * (a / b).rounded(.towardZero)
        case .power: pow(a, b)
        case .atan2: atan2(a, b)
        case .equal: a == b ? 1 : 0
        case .notEqual: a != b ? 1 : 0
        case .less: a < b ? 1 : 0
        case .lessOrEqual: a <= b ? 1 : 0
        case .greater: a > b ? 1 : 0
        case .greaterOrEqual: a >= b ? 1 : 0
        case .trimUpper, .trimLower, .and, .or, .unless: .nan
        }
    }
}
