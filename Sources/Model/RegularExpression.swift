import CRE2

/// A compiled RE2 expression, anchored at both ends, whose dot also matches a newline: what PromQL's `=~` means.
/// Matching takes time linear in the text, whatever the expression. Safe to use from any thread.
@safe package final class RegularExpression: @unchecked Sendable {
    // @unchecked: RE2 objects are immutable once compiled and documented as thread-safe (re2/re2.h).
    private let compiled: OpaquePointer
    package let pattern: String

    /// - Throws: ``RegularExpressionError`` with RE2's own words for what is wrong.
    package init(_ pattern: String) throws(RegularExpressionError) {
        var message = [CChar](repeating: 0, count: 256)
        var text = pattern
        // The pointers live for the duration of the call only; the shim copies what it keeps.
        let compiled = text.withUTF8 { bytes in
            unsafe message.withUnsafeMutableBufferPointer { error in
                unsafe bytes.withMemoryRebound(to: CChar.self) { pattern in
                    unsafe mon_re2_compile(pattern.baseAddress, pattern.count, error.baseAddress, error.count)
                }
            }
        }
        guard let compiled = unsafe compiled else {
            let end = message.firstIndex(of: 0) ?? message.endIndex
            let reason = String(decoding: message[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw RegularExpressionError(pattern: pattern, reason: reason)
        }
        unsafe self.compiled = unsafe compiled
        self.pattern = pattern
    }

    deinit { unsafe mon_re2_free(compiled) }

    /// Whether the whole of `text` matches.
    package func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) {
                unsafe mon_re2_matches(compiled, $0.baseAddress, $0.count) != 0
            }
        }
    }

    /// Whether the whole of `bytes`, taken as UTF-8, matches.
    package func matches(_ bytes: ArraySlice<UInt8>) -> Bool {
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) {
                unsafe mon_re2_matches(compiled, $0.baseAddress, $0.count) != 0
            }
        }
    }

    /// The texts of group 0 (all of it), 1, 2, …, nil where a group took no part; nil when `text` does not match.
    package func captures(in text: String) -> [String?]? {
        let groupCount = unsafe Int(mon_re2_group_count(compiled))
        var spans = [Int](repeating: 0, count: 2 * (groupCount + 1))
        var text = text
        // The shim writes exactly 2 · (groups + 1) numbers.
        return text.withUTF8 { bytes -> [String?]? in
            let matched = unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                unsafe spans.withUnsafeMutableBufferPointer { spans in
                    unsafe mon_re2_captures(
                        compiled, characters.baseAddress, characters.count, spans.baseAddress, Int32(groupCount))
                }
            }
            guard matched != 0 else { return nil }
            return (0...groupCount).map { group in
                let start = spans[2 * group]
                guard start >= 0 else { return nil }
                let part = unsafe bytes[start..<start + spans[2 * group + 1]]
                return unsafe String(decoding: part, as: UTF8.self)
            }
        }
    }

    /// The index of the group named `name`; nil where the expression has none.
    package func index(ofGroup name: String) -> Int? {
        var name = name
        let index = name.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) {
                unsafe mon_re2_named_group(compiled, $0.baseAddress, $0.count)
            }
        }
        return index < 0 ? nil : Int(index)
    }
}

/// A pattern that RE2 refuses.
package struct RegularExpressionError: Error, Hashable, CustomStringConvertible {
    package let pattern: String
    package let reason: String

    package var description: String { "invalid regular expression \(Labels.quote(pattern)): \(reason)" }
}
