import Glibc
import Model

// Histograms: the classic kind, one series a bucket. Native histograms are not stored, so what reads only them
// answers nothing.

extension Function {
    private static let buckets = [
        #"latency_bucket{le="0.1"} 50"#, #"latency_bucket{le="0.5"} 90"#, #"latency_bucket{le="+Inf"} 100"#,
    ]

    static let histogramQuantile = Function(
        FunctionSignature("histogram_quantile", [.scalar, .instantVector]),
        "The φ-quantile of a histogram whose buckets are series with a label `le`.",
        example: FunctionExample("histogram_quantile(0.7, latency_bucket)", over: buckets, gives: ["{} 0.3"]),
        kernel: .whole(quantiles))

    static let histogramFraction = Function(
        FunctionSignature("histogram_fraction", [.scalar, .scalar, .instantVector]),
        "The share of a histogram's observations between two values.",
        example: FunctionExample("histogram_fraction(0, 0.1, latency_bucket)", over: buckets, gives: ["{} 0.5"]),
        kernel: .whole(fractions))

    static let histogramCount = native("histogram_count", "Number of observations of native histograms.")
    static let histogramSum = native("histogram_sum", "Sum of observations of native histograms.")
    static let histogramAvg = native("histogram_avg", "Mean observation of native histograms.")
    static let histogramStddev = native(
        "histogram_stddev", "Estimated standard deviation of observations of native histograms.")
    static let histogramStdvar = native(
        "histogram_stdvar", "Estimated variance of observations of native histograms.")

    private static func native(_ name: String, _ documentation: String) -> Function {
        Function(
            FunctionSignature(name, [.instantVector]), documentation + " Nothing for floats.",
            example: FunctionExample("\(name)(m)", over: ["m 1"], gives: []),
            kernel: .whole { call in .vector(VectorColumns(steps: call.grid.count)) })
    }

    private static func quantiles(_ call: inout FunctionCall) throws(QueryError) -> StepValue {
        try quantiles(&call, repairsAt: call.argumentSpans[1])
    }

    private static func quantiles(
        _ call: inout FunctionCall, repairsAt span: SourceSpan
    ) throws(QueryError) -> StepValue {
        let phi = call.scalar(0)
        for value in phi where Quantile.isInvalid(value) {
            call.annotations.warn(
                "quantile value should be between 0 and 1, got \(FloatText.short(value))", at: call.argumentSpans[0])
        }
        let grid = call.grid
        var annotations = call.annotations
        let result = try eachHistogram(call, vectorAt: 1, annotations: &annotations) {
            histogram, step, annotations in
            var histogram = histogram
            var repair: MonotonicityRepair?
            let quantile = histogram.quantile(phi[step], repair: &repair)
            if var repair {
                repair.samples = 1
                repair.timeMin = grid.time(step)
                repair.timeMax = grid.time(step)
                annotations.inform(of: repair, at: span)
            }
            return quantile
        }
        call.annotations = annotations
        return .vector(result)
    }

    static let histogramQuantiles = Function(
        FunctionSignature(
            "histogram_quantiles", [.instantVector, .string, .scalar, .scalar], .repeatedLastUpTo(9),
            isExperimental: true),
        "Several φ-quantiles of a histogram whose buckets are series with a label `le`, each with φ as a label.",
        example: FunctionExample(
            #"histogram_quantiles(latency_bucket, "q", 0.5, 0.7)"#, over: buckets,
            gives: [#"{q="0.5"} 0.1"#, #"{q="0.7"} 0.3"#]),
        kernel: .whole(severalQuantiles))

    private static func severalQuantiles(_ call: inout FunctionCall) throws(QueryError) -> StepValue {
        let label = call.string(1)
        var result = VectorColumns(steps: call.grid.count)
        for index in 2..<call.arguments.count {
            let phi = call.scalar(index)
            var one = call
            one.arguments = [.scalar(phi), call.arguments[0]]
            // What is wrong with the input is said of the vector, what was repaired in it of the label.
            one.argumentSpans = [call.argumentSpans[index], call.argumentSpans[0]]
            guard case .vector(let columns) = try quantiles(&one, repairsAt: call.argumentSpans[1]) else { continue }
            call.annotations = one.annotations
            for series in 0..<columns.count {
                // φ may change from step to step, and the label with it.
                var rest = Array(columns.values[columns.column(series)])
                while let first = rest.firstIndex(where: \.isPresent) {
                    var row = [Double](repeating: .absent, count: rest.count)
                    for step in first..<rest.count where phi[step].bitPattern == phi[first].bitPattern {
                        (row[step], rest[step]) = (rest[step], .absent)
                    }
                    result.append(columns.labels[series].setting(label, to: labelText(phi[first])), row)
                }
            }
        }
        try result.mergeDuplicates(call.interruption)
        return .vector(result)
    }

    /// As OpenMetrics writes a bound: always with a point or an exponent.
    private static func labelText(_ value: Double) -> String {
        let text = FloatText.short(value)
        return text.utf8.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: "-") }) ? text + ".0" : text
    }

    private static func fractions(_ call: inout FunctionCall) throws(QueryError) -> StepValue {
        let lower = call.scalar(0)
        let upper = call.scalar(1)
        var annotations = call.annotations
        let result = try eachHistogram(call, vectorAt: 2, annotations: &annotations) { histogram, step, _ in
            histogram.fraction(from: lower[step], to: upper[step])
        }
        call.annotations = annotations
        return .vector(result)
    }

    /// Puts the buckets of each histogram together, once for all steps, and evaluates every step at which it has any.
    private static func eachHistogram(
        _ call: FunctionCall, vectorAt index: Int, annotations: inout AnnotationList,
        _ evaluate: (ClassicHistogram, _ step: Int, inout AnnotationList) -> Double
    ) throws(QueryError) -> VectorColumns {
        let columns = call.vector(index)
        var places: [Labels: Int] = [:]
        var histograms: [(labels: Labels, members: [(series: Int, bound: Double)])] = []
        var checkpoint = Checkpoint(call.interruption)
        for series in 0..<columns.count {
            try checkpoint.pass(2 * Checkpoint.labelsWork)
            let labels = columns.labels[series]
            let text = labels["le"] ?? ""
            guard let bound = bucketBound(text) else {
                annotations.warn(
                    "bucket label \"le\" is missing or has a malformed value of \(Labels.quote(text))",
                    at: call.argumentSpans[index])
                continue
            }
            let rest = labels.filter { !$0.elementsEqual("le".utf8) }
            let place = places[rest] ?? histograms.count
            if place == histograms.count {
                places[rest] = place
                histograms.append((rest, []))
            }
            histograms[place].members.append((series, bound))
        }
        var result = VectorColumns(steps: columns.steps)
        var buckets: [ClassicHistogram.Bucket] = []
        for (labels, members) in histograms {
            var row = [Double](repeating: .absent, count: columns.steps)
            for step in 0..<columns.steps {
                try checkpoint.pass(10 * members.count)
                buckets.removeAll(keepingCapacity: true)
                for (series, bound) in members {
                    let count = columns.values[series * columns.steps + step]
                    if count.isPresent { buckets.append(ClassicHistogram.Bucket(bound: bound, count: count)) }
                }
                if !buckets.isEmpty { row[step] = evaluate(ClassicHistogram(buckets), step, &annotations) }
            }
            result.append(labels, row)
        }
        try result.dropMetricNames(call.interruption)
        return result
    }

    /// A bucket's bound as Go's ParseFloat reads it; nil where it is none, or beyond what a float64 holds.
    private static func bucketBound(_ text: String) -> Double? {
        let lower = text.lowercased()
        switch lower {
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        case "nan": return .nan
        default: break
        }
        // Hexadecimal ones need an exponent.
        let isNumber = lower.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (97...102).contains(byte) || "+-.xp".utf8.contains(byte)
        }
        guard isNumber, !lower.contains("x") || lower.contains("p"), let bound = Double(text), bound.isFinite else {
            return nil
        }
        return bound
    }
}
