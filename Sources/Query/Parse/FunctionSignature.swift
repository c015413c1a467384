/// What the type check knows of a function: how many arguments of which types it takes, and what it answers.
package struct FunctionSignature: Hashable, Sendable {
    /// How many arguments may follow, or be left out.
    package enum Arity: Hashable, Sendable {
        /// One for each of ``arguments``.
        case exact
        /// The last of ``arguments`` may be left out.
        case optionalLast
        /// The last of ``arguments`` may be given any number of times, or not at all.
        case repeatedLast
        /// The last of ``arguments`` may be given up to so many times, or not at all.
        case repeatedLastUpTo(Int)
    }

    package var name: String
    package var arguments: [ValueType]
    package var arity: Arity
    package var returns: ValueType
    /// Whether Prometheus accepts it only behind a feature flag.
    package var isExperimental: Bool

    package init(
        _ name: String, _ arguments: [ValueType], _ arity: Arity = .exact, returns: ValueType = .instantVector,
        isExperimental: Bool = false
    ) {
        self.name = name
        self.arguments = arguments
        self.arity = arity
        self.returns = returns
        self.isExperimental = isExperimental
    }

    /// The fewest arguments of a call.
    package var argumentCountMin: Int {
        arity == .exact ? arguments.count : arguments.count - 1
    }

    /// The most arguments of a call; nil where there is no bound.
    package var argumentCountMax: Int? {
        switch arity {
        case .exact, .optionalLast: arguments.count
        case .repeatedLast: nil
        case .repeatedLastUpTo(let count): arguments.count - 1 + count
        }
    }

    /// How Prometheus counts what may follow: 0 for no more and no less than ``arguments``, -1 for any number.
    package var variadic: Int {
        switch arity {
        case .exact: 0
        case .optionalLast: 1
        case .repeatedLast: -1
        case .repeatedLastUpTo(let count): count
        }
    }

    /// As documentation writes it: `round(instant vector, [scalar])`.
    package var text: String {
        var shown = arguments.map(\.rawValue)
        switch arity {
        case .exact: break
        case .optionalLast: shown[shown.count - 1] = "[\(shown[shown.count - 1])]"
        case .repeatedLast: shown[shown.count - 1] = "[\(shown[shown.count - 1])…]"
        case .repeatedLastUpTo: shown[shown.count - 1] = "[\(shown[shown.count - 1])…]"
        }
        return "\(name)(\(shown.joined(separator: ", "))): \(returns.rawValue)"
    }

    /// The type that the argument at `index` has to have; `index` within the bounds above.
    package func type(ofArgument index: Int) -> ValueType { arguments[min(index, arguments.count - 1)] }
}
