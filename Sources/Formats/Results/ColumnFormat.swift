import Model

/// Writes the numbers of one column alike: the same decimals all the way down, decimal points under each other, the
/// unit behind them. Choosing needs all values first; writing then takes one at a time.
struct ColumnFormat {
    private let zone: TimeZoneRule
    private let plainDecimals: Int
    private let bytesDecimals: Int
    private let secondsDecimals: Int

    /// A number and its unit; both are padded so that cells of a column line up.
    struct Cell: Hashable {
        var number: String
        var unit: String

        var text: String { unit.isEmpty ? number : number + " " + unit }
    }

    init(_ values: some Sequence<(value: Double, unit: DisplayUnit)>, zone: TimeZoneRule) {
        self.zone = zone
        var plain: [Double] = []
        var bytes: [Double] = []
        var seconds: [Double] = []
        for (value, unit) in values where value.isFinite {
            switch unit.quantity {
            case .plain, .named: plain.append(value)
            case .bytes: bytes.append(value)
            case .seconds: seconds.append(value)
            case .percent, .ratio, .timestamp: break
            }
        }
        plainDecimals = ColumnFormat.decimals(for: plain)
        // Whole bytes below 1 KiB need no decimal; beside larger ones they have it for the column's sake.
        bytesDecimals = bytes.allSatisfy { $0.magnitude < 1024 && $0 == $0.rounded() } ? 0 : 1
        secondsDecimals = seconds.allSatisfy { $0 == $0.rounded() } ? 0 : 2
    }

    func cell(_ value: Double, _ unit: DisplayUnit) -> Cell {
        guard value.isFinite else { return Cell(number: FloatText.plain(value), unit: "") }
        let slash = unit.isPerSecond ? "/s" : ""
        switch unit.quantity {
        case .plain: return Cell(number: number(value), unit: slash)
        case .named(let symbol): return Cell(number: number(value), unit: symbol + slash)
        case .percent: return Cell(number: ColumnFormat.fixed(value, decimals: 1), unit: "%" + slash)
        case .ratio: return Cell(number: ColumnFormat.fixed(value * 100, decimals: 1), unit: "%" + slash)
        case .bytes: return bytesCell(value, slash)
        case .seconds: return secondsCell(value)
        case .timestamp:
            guard let time = Timestamp(seconds: value), time.milliseconds.magnitude < 1 << 53 else {
                return Cell(number: number(value), unit: "")
            }
            return Cell(number: TimeText.local(time, zone, TimeText.Precision(for: [time])), unit: "")
        }
    }

    private func number(_ value: Double) -> String {
        let magnitude = value.magnitude
        // Beyond these a row of zeros or a loss of all digits tells less than an exponent.
        if magnitude != 0 && (magnitude >= 1e15 || magnitude < 1e-6) { return FloatText.short(value) }
        return ColumnFormat.fixed(value, decimals: plainDecimals)
    }

    private func bytesCell(_ value: Double, _ slash: String) -> Cell {
        let prefixes = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var scaled = value
        var place = 0
        // 1023.95 would be written as 1024.0, so it already counts as 1 of the next.
        while place < prefixes.count - 1, scaled.magnitude >= (place == 0 && bytesDecimals == 0 ? 1024 : 1023.95) {
            scaled /= 1024
            place += 1
        }
        if scaled.magnitude >= 1e6 { return Cell(number: FloatText.short(value), unit: "B" + slash) }
        return Cell(number: ColumnFormat.fixed(scaled, decimals: bytesDecimals), unit: prefixes[place] + slash)
    }

    private func secondsCell(_ value: Double) -> Cell {
        let magnitude = value.magnitude
        if magnitude >= 59.995 && magnitude < 1e12 {
            return Cell(number: (value < 0 ? "-" : "") + ColumnFormat.span(seconds: magnitude), unit: "")
        }
        if magnitude >= 1e12 { return Cell(number: FloatText.short(value), unit: "s") }
        if magnitude == 0 || magnitude >= 0.9995 {
            return Cell(number: ColumnFormat.fixed(value, decimals: secondsDecimals), unit: "s")
        }
        for (factor, unit) in [(1e3, "ms"), (1e6, "µs")] where magnitude * factor >= 0.9995 {
            return Cell(number: ColumnFormat.fixed(value * factor, decimals: secondsDecimals), unit: unit)
        }
        return Cell(number: ColumnFormat.fixed(value * 1e9, decimals: secondsDecimals), unit: "ns")
    }

    /// The two largest units of a span of at least a minute: `2 h 3 m`, `41 d 5 h`, `1 m 30 s`.
    private static func span(seconds: Double) -> String {
        let whole = Int64(seconds.rounded())
        if whole >= 86_400 {
            let hours = (whole + 1800) / 3600
            return "\(hours / 24) d \(hours % 24) h"
        }
        if whole >= 3600 {
            let minutes = (whole + 30) / 60
            return minutes >= 1440 ? "1 d 0 h" : "\(minutes / 60) h \(minutes % 60) m"
        }
        return "\(whole / 60) m \(whole % 60) s"
    }

    /// Decimals that show the largest value to three or four digits; none where all are whole numbers.
    private static func decimals(for values: [Double]) -> Int {
        if values.allSatisfy({ $0 == $0.rounded() }) { return 0 }
        let largest = values.lazy.map(\.magnitude).filter { $0 < 1e15 }.max() ?? 0
        var decimals = 3
        var bound = 10.0
        while decimals > 1 && largest >= bound {
            decimals -= 1
            bound *= 10
        }
        bound = 0.1
        while decimals < 9 && largest < bound && largest > 0 {
            decimals += 1
            bound /= 10
        }
        return decimals
    }

    /// `value` with exactly that many decimals, rounded half away from zero; never "-0".
    static func fixed(_ value: Double, decimals: Int) -> String {
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = (value.magnitude * scale).rounded()
        guard scaled < 9e18 else { return FloatText.plain(value) }
        var digits = String(Int64(scaled))
        if decimals > 0 {
            digits = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
            let point = digits.index(digits.endIndex, offsetBy: -decimals)
            digits.insert(".", at: point)
        }
        return (value < 0 && scaled != 0 ? "-" : "") + digits
    }
}
