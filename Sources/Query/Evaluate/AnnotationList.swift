import Model

/// What a query has to say beside its answer, each thing once per place.
struct AnnotationList: Sendable {
    fileprivate struct Key: Hashable, Sendable {
        var severity: Annotation.Severity
        var message: String
        var span: SourceSpan
    }

    private var order: [Key] = []
    /// The details of a key that gathers them; see ``MonotonicityRepair``.
    private var known: [Key: MonotonicityRepair?] = [:]

    init() {}

    mutating func warn(_ message: String, at span: SourceSpan) {
        insert(Key(severity: .warning, message: "PromQL warning: " + message, span: span))
    }

    mutating func inform(_ message: String, at span: SourceSpan) {
        insert(Key(severity: .info, message: "PromQL info: " + message, span: span))
    }

    /// Tells of bucket counts that had to be repaired; all repairs of one place become one annotation.
    mutating func inform(of repair: MonotonicityRepair, at span: SourceSpan) {
        let key = Key(
            severity: .info,
            message: "PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see "
                + "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)",
            span: span)
        insert(key)
        let before = known[key] ?? nil
        known[key] = before?.merged(with: repair) ?? repair
    }

    private mutating func insert(_ key: Key) {
        if known.index(forKey: key) == nil {
            known[key] = .some(nil)
            order.append(key)
        }
    }

    /// One thing that was said, to be said again of another place.
    struct Remark: Sendable {
        fileprivate var key: Key
        fileprivate var repair: MonotonicityRepair?
    }

    var count: Int { order.count }

    /// What has been said since there were `count` of them.
    func remarks(from count: Int) -> ArraySlice<Remark> {
        order[min(count, order.count)...].map { Remark(key: $0, repair: known[$0] ?? nil) }[...]
    }

    /// Says the same of places that lie `distance` bytes behind.
    mutating func `repeat`(_ remarks: ArraySlice<Remark>, movedBy distance: Int) {
        for remark in remarks {
            var key = remark.key
            if key.span != .nowhere { key.span = SourceSpan(key.span.start + distance, key.span.end + distance) }
            insert(key)
            if let repair = remark.repair { known[key] = repair }
        }
    }

    /// The annotations in the order of their places in `text`, which stand at their ends: `… (line:column)`.
    func annotations(in text: String) -> [Annotation] {
        let inOrder = order.enumerated().sorted {
            ($0.element.span.start, $0.offset) < ($1.element.span.start, $1.offset)
        }
        return inOrder.map { _, key in
            let detail = (known[key] ?? nil).map(\.text) ?? ""
            return Annotation(key.severity, "\(key.message)\(detail) (\(Self.position(key.span.start, in: text)))")
        }
    }

    /// Line and column, both from 1; the column counts bytes.
    private static func position(_ offset: Int, in text: String) -> String {
        var line = 1
        var column = 1
        for byte in text.utf8.prefix(offset) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        return "\(line):\(column)"
    }
}

extension SourceSpan {
    /// Of a remark that has no place, or none that is known.
    static let nowhere = SourceSpan(0, 0)
}

/// How far bucket counts were from growing with their bounds.
struct MonotonicityRepair: Hashable, Sendable {
    var boundMin: Double
    var boundMax: Double
    var differenceMax: Double
    var samples: Int
    var timeMin: Int64
    var timeMax: Int64

    func merged(with other: MonotonicityRepair) -> MonotonicityRepair {
        MonotonicityRepair(
            boundMin: min(boundMin, other.boundMin), boundMax: max(boundMax, other.boundMax),
            differenceMax: max(differenceMax, other.differenceMax), samples: samples + other.samples,
            timeMin: min(timeMin, other.timeMin), timeMax: max(timeMax, other.timeMax))
    }

    /// Prometheus' words (util/annotations, histogramQuantileForcedMonotonicityErr).
    var text: String {
        ", from buckets \(FloatText.short(boundMin)) to \(FloatText.short(boundMax)), with a max diff of "
            + "\(Self.twoDigits(differenceMax)), over \(samples) samples from "
            + "\(CalendarDate(seconds: timeMin / 1000).text) to \(CalendarDate(seconds: timeMax / 1000).text)"
    }

    /// Two significant digits, as C's and Go's `%.2g` write them, of a number ≥ 0.
    static func twoDigits(_ value: Double) -> String {
        guard value > 0, value.isFinite else { return FloatText.short(value) }
        var exponent = 0
        // Found by comparison: a logarithm may be off by one at powers of ten.
        while value >= power(exponent + 1) { exponent += 1 }
        while value < power(exponent) { exponent -= 1 }
        var digits = (value / power(exponent - 1)).rounded(.toNearestOrEven)
        if digits >= 100 {
            digits = 10
            exponent += 1
        }
        if exponent >= -4 && exponent < 2 {
            return FloatText.short(exponent == 1 ? digits : digits / power(1 - exponent))
        }
        let tail = Int(digits) % 10 == 0 ? "" : ".\(Int(digits) % 10)"
        let size = String(exponent.magnitude)
        return "\(Int(digits) / 10)\(tail)e\(exponent < 0 ? "-" : "+")\(size.count < 2 ? "0" : "")\(size)"
    }

    private static func power(_ exponent: Int) -> Double {
        Double("1e\(exponent)") ?? (exponent < 0 ? 0 : .infinity)
    }
}
