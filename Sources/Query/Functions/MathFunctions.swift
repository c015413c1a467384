import Glibc

// Value by value: powers, logarithms, trigonometry. Go's library and glibc differ here by up to 4e-15.

extension Function {
    static let exp = Function(
        map: "exp", "e to the power of the value.", FunctionExample("exp(m)", over: ["m 0"], gives: ["{} 1"])
    ) { Glibc.exp($0) }

    static let ln = Function(
        map: "ln", "Natural logarithm.", FunctionExample("ln(m)", over: ["m 1"], gives: ["{} 0"])
    ) { Glibc.log($0) }

    static let log2 = Function(
        map: "log2", "Logarithm to base 2.", FunctionExample("log2(m)", over: ["m 8"], gives: ["{} 3"])
    ) { Glibc.log2($0) }

    static let log10 = Function(
        map: "log10", "Logarithm to base 10.", FunctionExample("log10(m)", over: ["m 1000"], gives: ["{} 3"])
    ) { Glibc.log10($0) }

    static let sqrt = Function(
        map: "sqrt", "Square root.", FunctionExample("sqrt(m)", over: ["m 9"], gives: ["{} 3"])
    ) { $0.squareRoot() }

    static let sin = Function(
        map: "sin", "Sine of an angle in radians.", FunctionExample("sin(m)", over: ["m 0"], gives: ["{} 0"])
    ) { Glibc.sin($0) }

    static let cos = Function(
        map: "cos", "Cosine of an angle in radians.", FunctionExample("cos(m)", over: ["m 0"], gives: ["{} 1"])
    ) { Glibc.cos($0) }

    static let tan = Function(
        map: "tan", "Tangent of an angle in radians.", FunctionExample("tan(m)", over: ["m 0"], gives: ["{} 0"])
    ) { Glibc.tan($0) }

    static let asin = Function(
        map: "asin", "Angle whose sine it is, in radians.", FunctionExample("asin(m)", over: ["m 0"], gives: ["{} 0"])
    ) { Glibc.asin($0) }

    static let acos = Function(
        map: "acos", "Angle whose cosine it is, in radians.",
        FunctionExample("acos(m)", over: ["m 1"], gives: ["{} 0"])
    ) { Glibc.acos($0) }

    static let atan = Function(
        map: "atan", "Angle whose tangent it is, in radians.",
        FunctionExample("atan(m)", over: ["m 0"], gives: ["{} 0"])
    ) { Glibc.atan($0) }

    static let sinh = Function(
        map: "sinh", "Hyperbolic sine.", FunctionExample("sinh(m)", over: ["m 0"], gives: ["{} 0"])
    ) { Glibc.sinh($0) }

    static let cosh = Function(
        map: "cosh", "Hyperbolic cosine.", FunctionExample("cosh(m)", over: ["m 0"], gives: ["{} 1"])
    ) { Glibc.cosh($0) }

    static let tanh = Function(
        map: "tanh", "Hyperbolic tangent.", FunctionExample("tanh(m)", over: ["m 0"], gives: ["{} 0"])
    ) { Glibc.tanh($0) }

    static let asinh = Function(
        map: "asinh", "Inverse hyperbolic sine.", FunctionExample("asinh(m)", over: ["m 0"], gives: ["{} 0"])
    ) { Glibc.asinh($0) }

    static let acosh = Function(
        map: "acosh", "Inverse hyperbolic cosine.", FunctionExample("acosh(m)", over: ["m 1"], gives: ["{} 0"])
    ) { Glibc.acosh($0) }

    static let atanh = Function(
        map: "atanh", "Inverse hyperbolic tangent.", FunctionExample("atanh(m)", over: ["m 0"], gives: ["{} 0"])
    ) { Glibc.atanh($0) }

    // From left to right, as Prometheus writes it: value · 180 / π and value · π / 180.
    static let deg = Function(
        map: "deg", "Radians to degrees.", FunctionExample("deg(m)", over: ["m 0"], gives: ["{} 0"])
    ) { $0 * 180 / Double.exactPi }

    static let rad = Function(
        map: "rad", "Degrees to radians.", FunctionExample("rad(m)", over: ["m 0"], gives: ["{} 0"])
    ) { $0 * Double.exactPi / 180 }
}

extension Double {
    /// π to the nearest float64. `Double.pi` is the next one towards zero, whose name promises that an angle below
    /// it stays in its quadrant; Prometheus has the nearest.
    static let exactPi = 3.141592653589793
}
