/// The numbers of a kernel file that has a key and its number on each line, as /proc/meminfo and /proc/vmstat have.
///
/// The kernel prints the same lines at each read. Which line has which key is therefore learned once, with the first
/// eight bytes of the line by which it is known again; a pass then costs one comparison for a line of no interest.
struct KeyedNumbers {
    private struct Line {
        var signature: UInt64
        /// Place among the keys; -1 for a line of no interest.
        var key: Int
    }

    private let keys: [[UInt8]]
    private var lines: [Line] = []
    private var values: [UInt64?]

    /// - Parameter keys: What lines begin with, up to the first blank.
    init(keys: [String]) {
        self.keys = keys.map { Array($0.utf8) }
        values = [UInt64?](repeating: nil, count: keys.count)
    }

    /// The number of a key in the latest content, in bytes where the line's unit is kB; nil where the content has no
    /// such line, or where it has no number or one beyond UInt64.
    subscript(key: Int) -> UInt64? { values[key] }

    /// Replaces the numbers by those of `text`.
    mutating func read(_ text: consuming ByteScanner) {
        for index in values.indices { values[index] = nil }
        var number = 0
        while !text.isAtEnd {
            if let word = text.word() {
                let signature = text.signature(of: word)
                if number == lines.count {
                    lines.append(Line(signature: signature, key: place(of: word, in: text)))
                } else if lines[number].signature != signature {
                    lines[number] = Line(signature: signature, key: place(of: word, in: text))
                }
                let key = lines[number].key
                if key >= 0, text.isEqual(word, keys[key]) { values[key] = KeyedNumbers.value(&text) }
                number += 1
            }
            text.skipLine()
        }
    }

    private func place(of word: Range<Int>, in text: borrowing ByteScanner) -> Int {
        for index in keys.indices where text.isEqual(word, keys[index]) { return index }
        return -1
    }

    private static func value(_ text: inout ByteScanner) -> UInt64? {
        guard let number = text.number() else { return nil }
        text.skipBlanks()
        guard text.skip("kB") else { return number }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: 1024)
        return overflow ? nil : bytes
    }
}
