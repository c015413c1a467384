/// A running sum with its rounding error kept beside it (Neumaier, 1974), so that the last bits are those of
/// Prometheus, which adds in the same way (promql/functions.go).
struct CompensatedSum: Sendable {
    var sum: Double
    var error: Double

    @inline(__always) init(_ sum: Double = 0, error: Double = 0) {
        self.sum = sum
        self.error = error
    }

    @inline(__always) mutating func add(_ x: Double) {
        let total = sum + x
        if total.isInfinite {
            error = 0
        } else if sum.magnitude >= x.magnitude {
            error += (sum - total) + x
        } else {
            error += (x - total) + sum
        }
        sum = total
    }

    @inline(__always) func adding(_ x: Double) -> CompensatedSum {
        var next = self
        next.add(x)
        return next
    }
}

/// A running mean: a compensated sum as long as it is finite, from then on a compensated incremental mean.
struct CompensatedMean: Sendable {
    private var total: CompensatedSum
    private var count: Double = 1
    private var isIncremental = false

    init(first: Double) { total = CompensatedSum(first) }

    mutating func add(_ x: Double) {
        count += 1
        if !isIncremental {
            let next = total.adding(x)
            if !next.sum.isInfinite {
                total = next
                return
            }
            isIncremental = true
            total.sum /= count - 1
            total.error /= count - 1
        }
        let kept = (count - 1) / count
        total = CompensatedSum(kept * total.sum, error: kept * total.error)
        total.add(x / count)
    }

    var value: Double {
        isIncremental ? total.sum + total.error : total.sum / count + total.error / count
    }
}
