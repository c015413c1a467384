package import Model

/// What a number measures, as far as its look for people goes.
package struct DisplayUnit: Hashable, Sendable {
    /// What is measured.
    package enum Quantity: Hashable, Sendable {
        /// Nothing that is known: a count, a load.
        case plain
        /// In powers of 1024: `17.9 MiB`.
        case bytes
        /// `350.00 ms`, `2 h 3 m`.
        case seconds
        case percent
        /// 0…1, shown as a percentage.
        case ratio
        /// Seconds since 1970, shown as a moment.
        case timestamp
        /// A unit that is only written behind the number.
        case named(String)
    }

    package var quantity: Quantity
    package var isPerSecond: Bool

    package init(_ quantity: Quantity, isPerSecond: Bool = false) {
        self.quantity = quantity
        self.isPerSecond = isPerSecond
    }

    package static let none = DisplayUnit(.plain)

    /// The unit of a metric's samples, from its name's suffix: `…_bytes`, `…_seconds_total`.
    package init(metricName name: String) {
        var words = name.split(separator: "_")
        if words.last == "total" { words.removeLast() }
        let last = words.last ?? ""
        let isTimestamp = last == "timestamp" || (last == "seconds" && words.dropLast().last == "timestamp")
        self = isTimestamp ? DisplayUnit(.timestamp) : DisplayUnit(unitName: last)
    }

    /// The unit that metadata names, `bytes`; else what the name tells.
    package init(of family: MetricFamily) {
        self = DisplayUnit(metricName: family.name)
        if self == .none { self = DisplayUnit(unitName: family.unit[...]) }
    }

    private init(unitName: Substring) {
        let quantity: Quantity =
            switch unitName {
            case "bytes": .bytes
            case "seconds": .seconds
            case "percent": .percent
            case "ratio": .ratio
            case "celsius": .named("°C")
            case "hertz": .named("Hz")
            case "volts": .named("V")
            case "amperes": .named("A")
            case "watts": .named("W")
            case "joules": .named("J")
            case "rpm": .named("rpm")
            default: .plain
            }
        self.init(quantity)
    }

    /// The unit of the values' change in a second. Seconds in a second are a share of time: how busy one thing was.
    package var perSecond: DisplayUnit {
        switch quantity {
        case .seconds: DisplayUnit(.ratio)
        case .timestamp: .none
        case .named("J"): DisplayUnit(.named("W"))
        case .plain, .bytes, .percent, .ratio, .named: isPerSecond ? .none : DisplayUnit(quantity, isPerSecond: true)
        }
    }
}
