/// Float64 as text that reads back as the same bits, in the forms that the field's programs write.
package enum FloatText {
    /// Without exponent, shortest digits: what Go's `FormatFloat(v, 'f', -1, 64)` writes, and so Prometheus' JSON.
    /// `NaN`, `+Inf` and `-Inf` for those.
    package static func plain(_ value: Double) -> String {
        let quick = unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: NumberText.bytesMax) { buffer in
            // A temporary allocation has an address; what is decoded was just written.
            guard let start = buffer.baseAddress, let count = unsafe NumberText.write(plain: value, to: start)
            else { return String?.none }
            return unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
        }
        return quick ?? anyPlain(value)
    }

    /// As ``plain(_:)``, by Swift's own digits.
    static func anyPlain(_ value: Double) -> String {
        if let special = special(value) { return special }
        var (digits, exponent) = decimal(value)
        // The value is 0.d₁d₂… × 10^exponent.
        var text = value.sign == .minus ? "-" : ""
        if exponent <= 0 {
            text += "0." + String(repeating: "0", count: -exponent) + String(decoding: digits, as: UTF8.self)
        } else if digits.count <= exponent {
            digits += [UInt8](repeating: 48, count: exponent - digits.count)
            text += String(decoding: digits, as: UTF8.self)
        } else {
            text += String(decoding: digits[..<exponent], as: UTF8.self) + "."
            text += String(decoding: digits[exponent...], as: UTF8.self)
        }
        return value == 0 ? (value.sign == .minus ? "-0" : "0") : text
    }

    /// Plain where that is readable, with an exponent below 1e-4 and from 1e21 on: what Go's `%v` writes. For the
    /// exposition, which takes either form.
    package static func short(_ value: Double) -> String {
        if let special = special(value) { return special }
        if value == 0 { return plain(value) }
        let (digits, exponent) = decimal(value)
        let power = exponent - 1
        if power >= -4 && power < 21 { return plain(value) }
        var text = value.sign == .minus ? "-" : ""
        text += String(decoding: digits[..<1], as: UTF8.self)
        if digits.count > 1 { text += "." + String(decoding: digits[1...], as: UTF8.self) }
        let magnitude = String(power.magnitude)
        return text + "e" + (power < 0 ? "-" : "+") + (magnitude.count < 2 ? "0" : "") + magnitude
    }

    private static func special(_ value: Double) -> String? {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return nil
    }

    /// The shortest digits that read back as `value`'s magnitude, and where the decimal point stands before them.
    private static func decimal(_ value: Double) -> (digits: [UInt8], exponent: Int) {
        var digits: [UInt8] = []
        var exponent = 0
        var pointSeen = false
        var written = 0
        // Swift's description is the shortest text that reads back (SwiftDtoa), in one of three forms:
        // 123.0, 0.00123, 1.23e+30.
        let text = Array(value.magnitude.description.utf8)
        var at = 0
        while at < text.count {
            let byte = text[at]
            if byte == UInt8(ascii: ".") {
                pointSeen = true
            } else if byte == UInt8(ascii: "e") {
                written = Int(String(decoding: text[(at + 1)...], as: UTF8.self)) ?? 0
                break
            } else {
                if !pointSeen { exponent += 1 }
                digits.append(byte)
            }
            at += 1
        }
        exponent += written
        let zeros = digits.prefix { $0 == 48 }.count
        digits.removeFirst(zeros)
        exponent -= zeros
        while digits.last == 48 { digits.removeLast() }
        return (digits, exponent)
    }
}
