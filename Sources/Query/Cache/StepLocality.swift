import Model

/// Whether the answers of an expression at some steps of a range are, to the bit, those of any other range with the
/// same steps: what can be kept of one range query for the next.
///
/// A step's value depends on samples up to the step alone, so nearly all of PromQL is local. What is not:
/// 1. `@`, and the query's own `start()`, `end()`, `range()`: they mean the range.
/// 2. Sums and their like over series that come in an order in which they first appear in the range: sums are rounded,
///    and best of equals is the first. Series of a selector come in label order, whatever the range.
/// 3. Subqueries that have steps in no window: of these come annotations, and errors.
/// 4. What takes series by chance (`limitk`, `limit_ratio`), orders them, or joins them by other metrics (`info`).
struct StepLocality {
    private let durations: DurationResolution
    private let stepMilliseconds: Int64

    init(_ context: PlanContext) {
        durations = DurationResolution(context)
        stepMilliseconds = context.query.step
    }

    /// How far behind a step the samples may lie that decide its value, in milliseconds; 0 without a negative offset.
    /// Nil where the expression is not local.
    func lookahead(of expression: Expression) -> Int64? {
        switch expression {
        case .number, .string: return 0
        case .parenthesized(let inner, _): return lookahead(of: inner)
        case .selector(let selector): return lookahead(of: selector.modifiers)
        case .range(let range):
            guard fixed(range.duration) != nil else { return nil }
            return lookahead(of: range.selector.modifiers)
        case .subquery(let subquery):
            guard let length = fixed(subquery.range), length >= stepMilliseconds,
                subquery.step.map({ fixed($0) != nil }) ?? true, let own = lookahead(of: subquery.modifiers),
                let inner = lookahead(of: subquery.expression)
            else { return nil }
            return own.addingClamped(inner)
        case .call(let call): return lookahead(of: call)
        case .aggregation(let aggregation): return lookahead(of: aggregation)
        case .unary(let unary): return lookahead(of: unary.expression)
        case .binary(let binary): return greatest([binary.lhs, binary.rhs])
        }
    }

    private func lookahead(of modifiers: TimeModifiers) -> Int64? {
        guard modifiers.at == nil else { return nil }
        guard let written = modifiers.offset else { return 0 }
        return fixed(written).map { max(0, -$0) }
    }

    private func lookahead(of call: Call) -> Int64? {
        guard let function = FunctionRegistry.function(named: call.function) else { return nil }
        switch function.kernel {
        case .ofQuery: return call.function == "step" ? 0 : nil
        case .info: return nil
        case .whole where call.function.hasPrefix("sort"): return nil
        case .map, .mapWithParameters, .window, .whole, .timestamp, .absent, .absentOverTime:
            return greatest(call.arguments)
        }
    }

    private func lookahead(of aggregation: Aggregation) -> Int64? {
        switch aggregation.operation {
        case .limitK, .limitRatio: return nil
        case .count, .group, .countValues: break
        case .sum, .avg, .min, .max, .stddev, .stdvar, .topk, .bottomk, .quantile:
            guard isOrdered(aggregation.expression) else { return nil }
        }
        return greatest([aggregation.expression] + (aggregation.parameter.map { [$0] } ?? []))
    }

    private func greatest(_ parts: [Expression]) -> Int64? {
        var greatest: Int64 = 0
        for part in parts {
            guard let lookahead = lookahead(of: part) else { return nil }
            greatest = max(greatest, lookahead)
        }
        return greatest
    }

    /// The duration in milliseconds, unless it depends on the range.
    private func fixed(_ duration: DurationExpression) -> Int64? {
        hasRange(duration) ? nil : try? durations.milliseconds(duration)
    }

    private func hasRange(_ duration: DurationExpression) -> Bool {
        switch duration {
        case .literal, .step: false
        case .range: true
        case .negated(let inner), .parenthesized(let inner): hasRange(inner)
        case .minimum(let a, let b), .maximum(let a, let b), .binary(_, let a, let b): hasRange(a) || hasRange(b)
        }
    }

    // MARK: - Order

    /// Whether any two series of the vector come in the same order in every range, and none are joined into one: as
    /// those of one metric do through all that works series by series.
    private func isOrdered(_ expression: Expression) -> Bool {
        switch expression {
        case .number, .string: return true
        case .parenthesized(let inner, _): return isOrdered(inner)
        case .unary(let unary): return isOrdered(unary.expression)
        case .selector(let selector): return hasOneName(selector)
        case .range(let range): return hasOneName(range.selector)
        case .subquery(let subquery): return isOrdered(subquery.expression)
        case .call(let call):
            guard let function = FunctionRegistry.function(named: call.function) else { return false }
            switch function.kernel {
            case .map, .mapWithParameters, .window, .timestamp: return call.arguments.allSatisfy(isOrdered)
            // One series, if any.
            case .absent, .absentOverTime: return true
            case .whole, .ofQuery, .info: return function.signature.returns == .scalar
            }
        case .binary(let binary):
            guard binary.matching != nil else { return isOrdered(binary.lhs) && isOrdered(binary.rhs) }
            // The left side's series, those that stay.
            return (binary.operation == .and || binary.operation == .unless) && isOrdered(binary.lhs)
        case .aggregation: return false
        }
    }

    private func hasOneName(_ selector: VectorSelector) -> Bool {
        selector.matchers.contains { $0.name == Labels.metricNameLabel && $0.operation == .equal && !$0.value.isEmpty }
    }
}
