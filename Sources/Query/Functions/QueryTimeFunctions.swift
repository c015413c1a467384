import Model

// What the query's own times decide, and the lesser and greater of two scalars: experimental in Prometheus as
// expressions, while durations in brackets know them without a flag.

extension Function {
    static let start = ofQuery("start", "The query's start, in seconds since 1970.", gives: 120) {
        Double($0.query.start) / 1000
    }

    static let end = ofQuery("end", "The query's end, in seconds since 1970.", gives: 120) {
        Double($0.query.end) / 1000
    }

    static let range = ofQuery("range", "Seconds from the query's start to its end; 0 at one moment.", gives: 0) {
        Double($0.query.end.subtractingClamped($0.query.start)) / 1000
    }

    static let step = ofQuery("step", "The query's step in seconds; 0 at one moment.", gives: 0) {
        $0.isRange ? Double($0.query.step) / 1000 : 0
    }

    static let minOf = ofTwo("min_of", "The lesser of two scalars; NaN if either is.", gives: 2) { lesser($0, $1) }
    static let maxOf = ofTwo("max_of", "The greater of two scalars; NaN if either is.", gives: 3) { greater($0, $1) }

    private static func ofQuery(
        _ name: String, _ documentation: String, gives number: Int, _ value: @escaping @Sendable (PlanContext) -> Double
    ) -> Function {
        Function(
            FunctionSignature(name, [], returns: .scalar, isExperimental: true), documentation,
            example: FunctionExample("\(name)()", at: 2, gives: ["\(number)"]), kernel: .ofQuery(value))
    }

    private static func ofTwo(
        _ name: String, _ documentation: String, gives number: Int,
        _ choose: @escaping @Sendable (Double, Double) -> Double
    ) -> Function {
        Function(
            FunctionSignature(name, [.scalar, .scalar], returns: .scalar, isExperimental: true), documentation,
            example: FunctionExample("\(name)(2, 3)", gives: ["\(number)"]),
            kernel: .whole { call in
                .scalar(zip(call.scalar(0), call.scalar(1)).map { choose($0, $1) })
            })
    }
}
