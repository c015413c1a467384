/// Delta orders and common divisors: what turns a column of integers into small residuals, and back.
///
///     order 0    residual = (integer - lowest) / divisor           head: lowest
///     order 1    residual = (difference) / divisor                 head: the first integer
///     order 2    residual = (difference of differences) / divisor  head: the first integer, the first difference
///
/// Memory moves in 4096s and disks in 512s, so the divisor (the residuals' greatest common divisor) saves whole bytes.
/// There are `count - order` residuals. All arithmetic wraps at 2^64 in both directions.
struct Differences {
    var order: Int
    /// The lowest integer (order 0) or the first.
    var first: Int64 = 0
    /// The first difference (order 2).
    var second: Int64 = 0
    /// 1 where nothing is gained.
    var divisor: UInt64 = 1

    /// Turns `integers` into `residuals` (replaced).
    /// - Precondition: there are more integers than `order`, and each is within ±2^61, so that no difference wraps.
    init(order: Int, of integers: [Int64], into residuals: inout [Int64]) {
        self.order = order
        let count = integers.count - order
        if residuals.count != count { residuals = [Int64](repeating: 0, count: count) }
        var span = residuals.mutableSpan
        switch order {
        case 0:
            first = integers[0]
            for i in integers.indices { first = min(first, integers[i]) }
            for i in span.indices { span[i] = integers[i] &- first }
        case 1:
            first = integers[0]
            for i in span.indices { span[i] = integers[i + 1] &- integers[i] }
        default:
            first = integers[0]
            second = integers[1] &- integers[0]
            for i in span.indices { span[i] = (integers[i + 2] &- integers[i + 1]) &- (integers[i + 1] &- integers[i]) }
        }
        divisor = Differences.commonDivisor(of: span.span)
        guard divisor > 1 else { return }
        let signed = Int64(divisor)
        for i in span.indices { span[i] /= signed }
    }

    /// The first differences of a head that was read, for ``restore``.
    init(order: Int, first: Int64, second: Int64, divisor: UInt64) {
        self.order = order
        self.first = first
        self.second = second
        self.divisor = divisor
    }

    /// Hands each integer, in order, to `body`; the residuals lie at `residuals[order...]`.
    /// - Precondition: `count` is at least `order`, and `residuals` holds `count` numbers.
    @inline(__always)
    func restore(_ residuals: Span<Int64>, count: Int, _ body: (Int, Int64) -> Void) {
        precondition(count <= residuals.count && order <= count)
        let factor = Int64(bitPattern: divisor)
        // In bounds: i < count <= residuals.count.
        switch order {
        case 0:
            for i in 0..<count { body(i, unsafe residuals[unchecked: i] &* factor &+ first) }
        case 1:
            var integer = first
            body(0, integer)
            for i in 1..<count {
                integer &+= unsafe residuals[unchecked: i] &* factor
                body(i, integer)
            }
        default:
            var difference = second
            var integer = first
            body(0, integer)
            integer &+= difference
            body(1, integer)
            for i in 2..<count {
                difference &+= unsafe residuals[unchecked: i] &* factor
                integer &+= difference
                body(i, integer)
            }
        }
    }

    /// Euclid's algorithm over the column, ended as soon as it reaches 1; 1 where all are zero.
    static func commonDivisor(of values: Span<Int64>) -> UInt64 {
        var divisor: UInt64 = 0
        for i in values.indices where values[i] != 0 {
            var rest = divisor
            divisor = values[i].magnitude
            // Nearly always one division: the divisor so far divides this value too.
            if rest != 0 { (divisor, rest) = (rest, divisor % rest) }
            while rest != 0 { (divisor, rest) = (rest, divisor % rest) }
            if divisor == 1 { break }
        }
        return max(divisor, 1)
    }
}
