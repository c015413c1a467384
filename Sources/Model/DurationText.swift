/// Durations as PromQL writes them: `1h30m`, `5m`, `250ms`.
///
/// Units are `y` (365 d), `w` (7 d), `d`, `h`, `m`, `s`, `ms`; each at most once, largest first, whole numbers only.
/// Source: Prometheus 3, "Float literals and time durations".
package enum DurationText {
    /// Units from largest to smallest, in milliseconds.
    package static let units: [(suffix: String, milliseconds: Int64)] = [
        ("y", 365 * 86_400_000), ("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000),
        ("s", 1000), ("ms", 1),
    ]

    /// Milliseconds of `text`, or nil where it is not a duration or does not fit into Int64.
    package static func parse(_ text: some StringProtocol) -> Int64? {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty else { return nil }
        if bytes == [UInt8(ascii: "0")] { return 0 }
        var at = 0
        var nextUnit = 0
        var total: Int64 = 0
        while at < bytes.count {
            var amount: Int64 = 0
            let numberStart = at
            while at < bytes.count, (48...57).contains(bytes[at]) {
                let (scaled, overflow) = amount.multipliedReportingOverflow(by: 10)
                let (sum, carry) = scaled.addingReportingOverflow(Int64(bytes[at] - 48))
                if overflow || carry { return nil }
                amount = sum
                at += 1
            }
            guard at > numberStart else { return nil }
            let unitStart = at
            while at < bytes.count, !(48...57).contains(bytes[at]) { at += 1 }
            let suffix = bytes[unitStart..<at]
            guard
                let unit = units.indices.first(where: { units[$0].suffix.utf8.elementsEqual(suffix) }),
                unit >= nextUnit
            else { return nil }
            nextUnit = unit + 1
            let (part, overflow) = amount.multipliedReportingOverflow(by: units[unit].milliseconds)
            let (sum, carry) = total.addingReportingOverflow(part)
            if overflow || carry { return nil }
            total = sum
        }
        return total
    }

    /// The shortest text that ``parse(_:)`` reads back as `milliseconds`; a negative one gets a leading `-`.
    /// Weeks and years are written only when they divide it, as Prometheus' model.Duration does.
    package static func format(_ milliseconds: Int64) -> String {
        if milliseconds == 0 { return "0s" }
        var text = milliseconds < 0 ? "-" : ""
        var rest = milliseconds.magnitude
        for (suffix, size) in units {
            let size = size.magnitude
            if (suffix == "y" || suffix == "w") && rest % size != 0 { continue }
            if rest >= size {
                text += "\(rest / size)\(suffix)"
                rest %= size
            }
        }
        return text
    }
}
