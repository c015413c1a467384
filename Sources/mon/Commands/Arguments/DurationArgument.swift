import Model

/// A length of time on the command line: `5m`, `1h30m`, `250ms`, or a number of seconds.
enum DurationArgument {
    /// Milliseconds, more than 0.
    /// - Throws: ``CommandFailure`` that names `option`.
    static func parse(_ text: String, option: String) throws(CommandFailure) -> Int64 {
        let isNumber = text.utf8.allSatisfy { ($0 >= 48 && $0 <= 57) || $0 == UInt8(ascii: ".") }
        let milliseconds =
            isNumber
            ? Double(text).flatMap { Timestamp(seconds: $0)?.milliseconds }
            : DurationText.parse(text)
        guard let milliseconds, milliseconds > 0 else {
            throw CommandFailure(
                .usage, "\(option): \"\(text)\" is no length of time; possible are 30s, 5m, 1h30m, 7d, or seconds")
        }
        return milliseconds
    }
}
