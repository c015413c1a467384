import Glibc
import Model

/// Turns durations as written into milliseconds, once the query's step and range are known.
struct DurationResolution {
    private let stepSeconds: Double
    private let rangeSeconds: Double

    init(_ context: PlanContext) {
        stepSeconds = context.isRange ? Double(context.query.step) / 1000 : 0
        rangeSeconds = Double(context.query.end.subtractingClamped(context.query.start)) / 1000
    }

    /// A range or a step, which has to be longer than nothing.
    func positive(_ duration: DurationExpression) throws(QueryError) -> Int64 {
        let milliseconds = try milliseconds(duration)
        guard milliseconds > 0 else { throw .execution("duration must be greater than 0") }
        return milliseconds
    }

    /// Whole milliseconds. A literal is rounded to nanoseconds first, so that 0.29 s is 290 ms although its product
    /// with 1000 lies below; a computed duration is cut off.
    func milliseconds(_ duration: DurationExpression) throws(QueryError) -> Int64 {
        let value: Double
        if case .literal(let seconds, _) = duration {
            value = (seconds * 1e9).rounded() / 1e6
        } else {
            value = try seconds(duration) * 1000
        }
        guard let milliseconds = Int64(exactly: value.rounded(.towardZero)), milliseconds.magnitude < 1 << 53 else {
            throw .execution("duration is out of range")
        }
        return milliseconds
    }

    private func seconds(_ duration: DurationExpression) throws(QueryError) -> Double {
        switch duration {
        case .literal(let seconds, _): return seconds
        case .step: return stepSeconds
        case .range: return rangeSeconds
        case .minimum(let a, let b): return min(try seconds(a), try seconds(b))
        case .maximum(let a, let b): return max(try seconds(a), try seconds(b))
        case .negated(let inner): return -(try seconds(inner))
        case .parenthesized(let inner): return try seconds(inner)
        case .binary(let operation, let a, let b):
            let lhs = try seconds(a)
            let rhs = try seconds(b)
            switch operation {
            case .add: return lhs + rhs
            case .subtract: return lhs - rhs
            case .multiply: return lhs * rhs
            case .divide:
                if rhs == 0 { throw .execution("division by zero") }
                return lhs / rhs
            case .modulo:
                if rhs == 0 { throw .execution("modulo by zero") }
                return fmod(lhs, rhs)
            case .power: return pow(lhs, rhs)
            }
        }
    }
}
