// Value by value: rounding, bounds and signs.

extension Function {
    static let abs = Function(
        map: "abs", "Magnitude.", FunctionExample("abs(m)", over: ["m -3"], gives: ["{} 3"])
    ) { $0.magnitude.quieted }

    static let ceil = Function(
        map: "ceil", "Nearest whole number above.", FunctionExample("ceil(m)", over: ["m 1.2"], gives: ["{} 2"])
    ) { $0.rounded(.up) }

    static let floor = Function(
        map: "floor", "Nearest whole number below.", FunctionExample("floor(m)", over: ["m 1.8"], gives: ["{} 1"])
    ) { $0.rounded(.down) }

    static let sgn = Function(
        map: "sgn", "Sign: 1, 0 or -1.", FunctionExample("sgn(m)", over: ["m -3"], gives: ["{} -1"])
    ) { $0 < 0 ? -1 : $0 > 0 ? 1 : $0 }

    static let round = Function(
        FunctionSignature("round", [.instantVector, .scalar], .optionalLast),
        "Nearest multiple of the second argument (1 where there is none); halves go up.",
        example: FunctionExample("round(m, 0.5)", over: ["m 1.3"], gives: ["{} 1.5"]),
        kernel: .mapWithParameters { value, parameters, step in
            // The inverse first: dividing by 0.1 and multiplying by 10 differ in the last bit.
            let inverse = 1 / (parameters.count > 0 ? parameters[0, at: step] : 1)
            return (value * inverse + 0.5).rounded(.down) / inverse
        })

    static let clamp = Function(
        FunctionSignature("clamp", [.instantVector, .scalar, .scalar]),
        "Bounded from below and above; empty where the bounds are the wrong way round.",
        example: FunctionExample("clamp(m, 0, 10)", over: ["m 12"], gives: ["{} 10"]),
        kernel: .mapWithParameters { value, parameters, step in
            let low = parameters[0, at: step]
            let high = parameters[1, at: step]
            return high < low ? .absent : greater(low, lesser(high, value))
        })

    static let clampMin = Function(
        FunctionSignature("clamp_min", [.instantVector, .scalar]), "Bounded from below.",
        example: FunctionExample("clamp_min(m, 0)", over: ["m -2"], gives: ["{} 0"]),
        kernel: .mapWithParameters { value, parameters, step in greater(parameters[0, at: step], value) })

    static let clampMax = Function(
        FunctionSignature("clamp_max", [.instantVector, .scalar]), "Bounded from above.",
        example: FunctionExample("clamp_max(m, 10)", over: ["m 12"], gives: ["{} 10"]),
        kernel: .mapWithParameters { value, parameters, step in lesser(parameters[0, at: step], value) })

    /// The greater one; NaN if either is, and 0 over −0 (Go's math.Max).
    static func greater(_ a: Double, _ b: Double) -> Double {
        if a.isNaN || b.isNaN { return a == .infinity || b == .infinity ? .infinity : .nan }
        if a == 0 && b == 0 { return a.sign == .minus ? b : a }
        return a > b ? a : b
    }

    /// The lesser one; NaN if either is, and −0 below 0 (Go's math.Min).
    static func lesser(_ a: Double, _ b: Double) -> Double {
        if a.isNaN || b.isNaN { return a == -.infinity || b == -.infinity ? -.infinity : .nan }
        if a == 0 && b == 0 { return a.sign == .minus ? a : b }
        return a < b ? a : b
    }
}
