import Model

// Between scalars and vectors; time; presence; order.

extension Function {
    static let time = Function(
        FunctionSignature("time", [], returns: .scalar), "The evaluation time, in seconds since 1970.",
        example: FunctionExample("time()", at: 2, gives: ["120"]), kernel: .whole(evaluationTime))

    static let pi = Function(
        FunctionSignature("pi", [], returns: .scalar), "π.",
        example: FunctionExample("pi()", gives: ["3.141592653589793"]),
        kernel: .whole { call in .scalar([Double](repeating: .exactPi, count: call.grid.count)) })

    static let scalar = Function(
        FunctionSignature("scalar", [.instantVector], returns: .scalar),
        "The value of the only series; NaN where there are none or several.",
        example: FunctionExample("scalar(m)", over: ["m 7"], gives: ["7"]), kernel: .whole(onlyValue))

    static let vector = Function(
        FunctionSignature("vector", [.scalar]), "The scalar as a vector of one series without labels.",
        example: FunctionExample("vector(1)", gives: ["{} 1"]), kernel: .whole(vectorOfScalar))

    static let timestamp = Function(
        FunctionSignature("timestamp", [.instantVector]), "When each sample was taken, in seconds since 1970.",
        example: FunctionExample("timestamp(m)", over: ["m 7 8"], at: 2, gives: ["{} 60"]), kernel: .timestamp)

    static let absent = Function(
        FunctionSignature("absent", [.instantVector]),
        "1 where the vector is empty, with the labels that the selector asks for by `=`.",
        example: FunctionExample(#"absent(nothing{host="a"})"#, gives: [#"{host="a"} 1"#]), kernel: .absent)

    static let sort = Function(
        FunctionSignature("sort", [.instantVector]), "In ascending order of value; for instant queries.",
        example: FunctionExample(
            "sort(m)", over: [#"m{a="x"} 2"#, #"m{a="y"} 1"#], gives: [#"m{a="y"} 1"#, #"m{a="x"} 2"#]),
        kernel: .whole { call throws(QueryError) in .vector(try ordered(call) { $0 < $1 }) })

    static let sortDesc = Function(
        FunctionSignature("sort_desc", [.instantVector]), "In descending order of value; for instant queries.",
        example: FunctionExample(
            "sort_desc(m)", over: [#"m{a="x"} 1"#, #"m{a="y"} 2"#], gives: [#"m{a="y"} 2"#, #"m{a="x"} 1"#]),
        kernel: .whole { call throws(QueryError) in .vector(try ordered(call) { $0 > $1 }) })

    private static func evaluationTime(_ call: inout FunctionCall) throws(QueryError) -> StepValue {
        .scalar((0..<call.grid.count).map { Double(call.grid.time($0)) / 1000 })
    }

    private static func onlyValue(_ call: inout FunctionCall) throws(QueryError) -> StepValue {
        let columns = call.vector(0)
        var result = [Double](repeating: .nan, count: columns.steps)
        for step in 0..<columns.steps {
            var present = 0
            for series in 0..<columns.count {
                let value = columns.values[series * columns.steps + step]
                guard value.isPresent else { continue }
                present += 1
                if present > 1 { break }
                result[step] = value
            }
            if present > 1 { result[step] = .nan }
        }
        return .scalar(result)
    }

    private static func vectorOfScalar(_ call: inout FunctionCall) throws(QueryError) -> StepValue {
        var columns = VectorColumns(steps: call.grid.count)
        columns.append(.empty, call.scalar(0))
        return .vector(columns)
    }

    /// By value at the only step, NaN last; over a range the order of series means nothing and is left alone.
    private static func ordered(
        _ call: FunctionCall, by precedes: (Double, Double) -> Bool
    ) throws(QueryError) -> VectorColumns {
        let columns = call.vector(0)
        guard columns.steps == 1 else { return columns }
        let values = columns.values
        // Equal values keep their order: Swift's sort is stable in fact, the index makes it so by contract.
        var checkpoint = Checkpoint(call.interruption)
        let order = try Array(columns.labels.indices).sorted(&checkpoint) { a, b in
            if values[a].isNaN || values[b].isNaN {
                return values[a].isNaN == values[b].isNaN ? a < b : values[b].isNaN
            }
            return values[a] == values[b] ? a < b : precedes(values[a], values[b])
        }
        var result = VectorColumns(steps: 1)
        result.labels = order.map { columns.labels[$0] }
        result.values = order.map { values[$0] }
        return result
    }
}
