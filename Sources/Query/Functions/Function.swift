import Model

/// One PromQL function: all that the parser, the documentation, the planner and the evaluator know of it.
package struct Function: Sendable {
    package let signature: FunctionSignature
    /// What it answers, in one or two sentences.
    package let documentation: String
    /// Shown in the documentation and run as a test.
    package let example: FunctionExample
    let kernel: Kernel
    /// Whether it asks for more of a sample in its range than the time.
    let readsValues: Bool

    package var name: String { signature.name }

    init(
        _ signature: FunctionSignature, _ documentation: String, example: FunctionExample, kernel: Kernel,
        readsValues: Bool = true
    ) {
        self.signature = signature
        self.documentation = documentation
        self.example = example
        self.kernel = kernel
        self.readsValues = readsValues
    }

    /// The common shape: one instant vector, value by value, the metric name dropped.
    init(
        map name: String, _ documentation: String, _ example: FunctionExample,
        _ transform: @escaping @Sendable (Double) -> Double
    ) {
        self.init(
            FunctionSignature(name, [.instantVector]), documentation, example: example, kernel: .map(transform))
    }

    /// The common shape: one range vector, window by window, the metric name dropped.
    init(
        window name: String, _ documentation: String, _ example: FunctionExample, keepsName: Bool = false,
        readsValues: Bool = true, tiers: TierAnswer, _ kernel: @escaping RangeKernel
    ) {
        self.init(
            FunctionSignature(name, [.rangeVector]), documentation, example: example,
            kernel: .window(kernel, tiers, keepsName: keepsName), readsValues: readsValues)
    }
}

/// A query over a little data and what it answers, in the words of PromQL test scripts.
package struct FunctionExample: Hashable, Sendable {
    /// Series and their values, one sample a minute from t = 0: `m{a="b"} 1 2 3`.
    package var data: [String]
    package var minutes: Int
    package var query: String
    /// Lines `{labels} value`, or one number where the answer is a scalar.
    package var result: [String]

    /// The query is asked `minutes` after t = 0.
    package init(_ query: String, over data: [String] = [], at minutes: Int = 0, gives result: [String]) {
        self.data = data
        self.minutes = minutes
        self.query = query
        self.result = result
    }
}

/// Fills the row of one series: for each step what the function makes of that step's window. The row comes filled
/// with ``Double/absent``. A kernel that walks whole windows counts its work on the windows' checkpoint, so that it can
/// be stopped; one that slides is done before anybody could ask. What it finds out about the times alone stays with the
/// windows for the next series.
typealias RangeKernel =
    @Sendable (_ windows: inout Windows, _ parameters: Parameters, _ row: inout [Double]) throws(QueryError) -> Void

/// How a function's answer comes about. The cases differ in what the evaluator has to hand them.
enum Kernel: Sendable {
    /// Value by value.
    case map(@Sendable (Double) -> Double)
    /// Value by value with scalar arguments; may answer ``Double/absent``.
    case mapWithParameters(@Sendable (_ value: Double, _ parameters: Parameters, _ step: Int) -> Double)
    /// Series by series over the windows of its range vector; a column at a time. Where there are windows of a tier
    /// in place of samples, these answer in their own way.
    case window(RangeKernel, TierAnswer, keepsName: Bool)
    /// All arguments at once, evaluated.
    case whole(@Sendable (inout FunctionCall) throws(QueryError) -> StepValue)
    /// The sample's own time where the argument is a selector, the evaluation time otherwise.
    case timestamp
    /// 1 where the argument, an instant vector, has nothing.
    case absent
    /// 1 where the argument, a range vector, has nothing.
    case absentOverTime
    /// A number that the query's own times decide; it is planned as that number.
    case ofQuery(@Sendable (PlanContext) -> Double)
    /// Labels of info metrics are put onto the series of the first argument.
    case info
}

/// The scalar arguments of a call, in order, one number a step.
struct Parameters: Sendable {
    private let columns: [[Double]]

    init(_ columns: [[Double]]) { self.columns = columns }

    var count: Int { columns.count }

    @inline(__always) subscript(_ index: Int, at step: Int) -> Double { columns[index][step] }

    func column(_ index: Int) -> [Double] { columns[index] }

    /// Without the first steps.
    func dropping(_ steps: Int) -> Parameters { Parameters(columns.map { Array($0.dropFirst(steps)) }) }
}

/// A call whose arguments are evaluated, as a ``Kernel/whole(_:)`` kernel sees it.
struct FunctionCall {
    let name: String
    let grid: StepGrid
    var arguments: [StepValue]
    var argumentSpans: [SourceSpan]
    var annotations: AnnotationList
    /// Of the query: who goes over many series looks at it once in a while.
    let interruption: Interruption

    /// The instant vector at `index`; the type check has made sure that it is one.
    func vector(_ index: Int) -> VectorColumns {
        guard index < arguments.count, case .vector(let columns) = arguments[index] else {
            preconditionFailure("\(name): argument \(index + 1) passed the type check as an instant vector")
        }
        return columns
    }

    /// The scalar at `index`, one number a step.
    func scalar(_ index: Int) -> [Double] {
        guard index < arguments.count, case .scalar(let column) = arguments[index] else {
            preconditionFailure("\(name): argument \(index + 1) passed the type check as a scalar")
        }
        return column
    }

    /// The string at `index`.
    func string(_ index: Int) -> String { literal(index).text }

    /// The name of a label at `index`.
    /// - Parameter role: of the label, for the error of a name that is none.
    func labelName(_ index: Int, _ role: String) throws(QueryError) -> String {
        let literal = literal(index)
        if literal.isLabelName { return literal.text }
        throw .execution("invalid \(role) label name in \(name)(): \(literal.text)")
    }

    private func literal(_ index: Int) -> LiteralText {
        guard index < arguments.count, case .string(let literal) = arguments[index] else {
            preconditionFailure("\(name): argument \(index + 1) passed the type check as a string")
        }
        return literal
    }
}
