import Glibc
import Model

/// What an operator makes of two numbers.
enum ScalarArithmetic {
    /// The result of an arithmetic operator; of a comparison 1 or 0. Nil for the operators between vectors only.
    @inline(__always)
    static func value(of operation: BinaryOperation.Operation, _ lhs: Double, _ rhs: Double) -> Double? {
        switch operation {
        case .add: lhs + rhs
        case .subtract: lhs - rhs
        case .multiply: lhs * rhs
        case .divide: lhs / rhs
        // The sign of the dividend, as in Go's math.Mod.
        case .modulo: fmod(lhs, rhs)
        case .power: pow(lhs, rhs)
        case .atan2: Glibc.atan2(lhs, rhs)
        case .equal: lhs == rhs ? 1 : 0
        case .notEqual: lhs != rhs ? 1 : 0
        case .less: lhs < rhs ? 1 : 0
        case .lessOrEqual: lhs <= rhs ? 1 : 0
        case .greater: lhs > rhs ? 1 : 0
        case .greaterOrEqual: lhs >= rhs ? 1 : 0
        case .trimUpper, .trimLower, .and, .unless, .or: nil
        }
    }
}

/// What an operator makes of two values of instant vectors: a value, or nothing where a comparison filters.
struct ElementOperation: Sendable {
    let operation: BinaryOperation.Operation
    private let filters: Bool

    init(_ plan: BinaryPlan) {
        operation = plan.operation
        filters = plan.operation.isComparison && !plan.returnsBool
    }

    /// Whether the result is a new quantity, which has no name.
    var dropsName: Bool { !filters }

    /// - Parameter kept: What a filter lets through: the left value, or the vector's beside a scalar.
    @inline(__always) func callAsFunction(_ lhs: Double, _ rhs: Double, kept: Double) -> Double {
        guard let value = ScalarArithmetic.value(of: operation, lhs, rhs) else { return .absent }
        return filters ? (value == 0 ? .absent : kept) : value
    }
}

extension Evaluation {
    mutating func evaluate(_ plan: BinaryPlan, on grid: StepGrid) throws(QueryError) -> StepValue {
        if let matching = plan.matching { return .vector(try evaluate(plan, matching, on: grid)) }
        let lhs = try evaluate(plan.lhs, on: grid)
        let rhs = try evaluate(plan.rhs, on: grid)
        switch (lhs, rhs) {
        case (.scalar(let left), .scalar(let right)):
            var result = left
            for step in result.indices {
                result[step] = ScalarArithmetic.value(of: plan.operation, left[step], right[step]) ?? .nan
            }
            return .scalar(result)
        case (.vector(var columns), .scalar(let right)):
            let apply = ElementOperation(plan)
            informOfTrimming(plan, columns)
            try columns.mapValues(interruption) { value, step in apply(value, right[step], kept: value) }
            return .vector(try finish(&columns, apply))
        case (.scalar(let left), .vector(var columns)):
            let apply = ElementOperation(plan)
            informOfTrimming(plan, columns)
            try columns.mapValues(interruption) { value, step in apply(left[step], value, kept: value) }
            return .vector(try finish(&columns, apply))
        case (.vector, .vector): preconditionFailure("an operation between vectors carries its matching")
        case (.string, _), (_, .string):
            preconditionFailure("strings are in no operator, as the type check knows")
        }
    }

    mutating func negate(_ value: StepValue) throws(QueryError) -> StepValue {
        switch value {
        case .scalar(var column):
            for step in column.indices { column[step] = (-column[step]).quieted }
            return .scalar(column)
        case .vector(var columns):
            try columns.mapValues(interruption) { (-$0).quieted }
            try columns.dropMetricNames(interruption)
            return .vector(columns)
        case .string: preconditionFailure("a string has no sign, as the type check knows")
        }
    }

    private func finish(
        _ columns: inout VectorColumns, _ apply: ElementOperation
    ) throws(QueryError) -> VectorColumns {
        try columns.removeEmptySeries(interruption)
        if apply.dropsName { try columns.dropMetricNames(interruption) }
        return columns
    }

    /// `</` and `>/` cut native histograms; floats have nothing to cut.
    mutating func informOfTrimming(_ plan: BinaryPlan, _ columns: VectorColumns) {
        guard plan.operation == .trimUpper || plan.operation == .trimLower, columns.count > 0 else { return }
        annotations.inform(
            "incompatible sample types encountered for binary operator \(Labels.quote(plan.operation.rawValue)): "
                + "float \(plan.operation.rawValue) float", at: plan.span)
    }
}
