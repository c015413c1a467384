/// Reads the parts of dates and times of day from the front of a text.
package struct TimeTextReader {
    private var rest: ArraySlice<UInt8>

    package init(_ text: String) { rest = Array(text.utf8)[...] }

    /// Whether nothing is left.
    package var isAtEnd: Bool { rest.isEmpty }

    /// The character, if it is what comes next.
    package mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    /// A number of exactly so many digits.
    package mutating func digits(_ count: Int) -> Int? {
        let part = rest.prefix(count)
        guard part.count == count, part.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
        rest.removeFirst(count)
        return part.reduce(0) { $0 * 10 + Int($1 - 48) }
    }

    /// `03:12`, `03:12:30`, `03:12:30.25`: hour, minute, second, millisecond. Decimals beyond three are cut off.
    ///
    /// - Parameter needsSeconds: whether an hour and a minute alone are no time.
    package mutating func clock(needsSeconds: Bool = false) -> (Int, Int, Int, Int)? {
        guard let hour = digits(2), hour < 24, take(":"), let minute = digits(2), minute < 60 else { return nil }
        guard take(":") else { return needsSeconds ? nil : (hour, minute, 0, 0) }
        guard let second = digits(2), second < 60 else { return nil }
        guard take(".") else { return (hour, minute, second, 0) }
        var millisecond = 0
        var count = 0
        while let digit = digits(1) {
            if count < 3 { millisecond = millisecond * 10 + digit }
            count += 1
        }
        if count == 0 { return nil }
        for _ in count..<max(3, count) { millisecond *= 10 }
        return (hour, minute, second, millisecond)
    }

    /// `Z`, `+02:00`, `-09:30`, in seconds.
    package mutating func offset() -> Int? {
        if take("Z") || take("z") { return 0 }
        let sign = take("+") ? 1 : take("-") ? -1 : 0
        guard sign != 0, let hour = digits(2), hour < 24, take(":"), let minute = digits(2), minute < 60 else {
            return nil
        }
        return sign * (hour * 3600 + minute * 60)
    }
}
