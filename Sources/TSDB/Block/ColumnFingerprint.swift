/// What two columns have in common that follow from each other (Codec/ColumnRelation.swift).
///
/// `key` is a hash of the differences of neighbouring integers, divided by their greatest common divisor and with the
/// sign of the first: equal for columns that are the same, negated, shifted, scaled. `shape` is a hash of the signs of
/// the differences alone: equal for a column and percents of it. Both hold the column's times, because columns at other
/// times have nothing to do with each other.
struct ColumnFingerprint {
    private(set) var key: UInt64 = 0
    private(set) var shape: UInt64 = 0
    /// Integers that mean little: full mantissas, such as divisions leave.
    private(set) var isIrregular = false
    private(set) var isConstant = false
    private(set) var scale = Scale.units
    /// The first value that is an integer under `scale`, and which it is; nil where none is.
    private(set) var first: (place: Int, integer: Int64)?
    /// The divisor of the differences; negative where the first of them is.
    private(set) var step: Int64 = 1

    /// Equal for columns of one scale that are the same.
    var content: UInt64 {
        let start = UInt64(bitPattern: first?.integer ?? 0)
        return ColumnFingerprint.mixed(ColumnFingerprint.mixed(key, start), UInt64(bitPattern: step))
    }

    private var integers: [Int64] = []
    private var corrections: [Int64] = []
    private var residuals: [Int64] = []

    /// Under finer scales an integer is a mantissa rather than a measured number: a guess.
    private static let divisorMax = 1e9

    init() {}

    /// Replaces all by what `values` are.
    /// - Parameters:
    ///   - scale: one that suits them; two columns are compared under the scale of each.
    ///   - times: stands for the ticks of the samples.
    mutating func take(_ values: Span<Double>, scale: Scale, times: UInt64) {
        self.scale = scale
        let isCorrected = UlpCorrection.split(values, by: scale, into: &integers, &corrections)
        key = times
        shape = times
        first = nil
        var irregular = 0
        for i in values.indices {
            if !isCorrected || corrections[i] == 0 {
                if first == nil { first = (i, integers[i]) }
            } else {
                if !values[i].isNaN { irregular += 1 }
                key = ColumnFingerprint.mixed(key ^ UInt64(i), values[i].bitPattern)
            }
        }
        isIrregular = irregular > values.count / 8 || scale.divisor > ColumnFingerprint.divisorMax
        takeDifferences()
        if isIrregular { takeShape(values, times) }
    }

    private mutating func takeDifferences() {
        step = 1
        isConstant = true
        residuals.removeAll(keepingCapacity: true)
        if integers.count > 1 {
            step = Int64(Differences(order: 1, of: integers, into: &residuals).divisor)
            if let leading = residuals.first(where: { $0 != 0 }) {
                isConstant = false
                if leading < 0 { step = -step }
            }
        }
        if isConstant {
            key = ColumnFingerprint.mixed(key ^ UInt64(scale.code), UInt64(bitPattern: integers.first ?? 0))
            return
        }
        let sign: Int64 = step < 0 ? -1 : 1
        var (key, shape) = (key, shape)
        for residual in residuals {
            key = ColumnFingerprint.mixed(key, UInt64(bitPattern: residual &* sign))
            shape = ColumnFingerprint.mixed(shape, UInt64(bitPattern: residual.signum()))
        }
        (self.key, self.shape) = (key, shape)
    }

    /// The shape of irregular values, whose integers may be too coarse to tell which of two is higher. As with
    /// integers, NaN repeats what was before it.
    private mutating func takeShape(_ values: Span<Double>, _ times: UInt64) {
        var shape = times
        var previous = Double.nan
        for i in values.indices {
            let sign: Int64 = values[i] > previous ? 1 : values[i] < previous ? -1 : 0
            if i > 0 { shape = ColumnFingerprint.mixed(shape, UInt64(bitPattern: sign)) }
            if !values[i].isNaN { previous = values[i] }
        }
        self.shape = shape
    }

    /// A multiplication spreads what was added, a shift brings it down again.
    @inline(__always) static func mixed(_ hash: UInt64, _ more: UInt64) -> UInt64 {
        let product = (hash ^ more) &* 0x9e37_79b9_7f4a_7c15
        return product ^ product >> 32
    }
}
