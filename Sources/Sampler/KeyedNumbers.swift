/// The numbers of a kernel file that has a key and its number on each line, as /proc/meminfo and /proc/vmstat have.
///
/// The kernel prints the same lines at each read. Which line has which key is therefore learned once, with the first
/// eight bytes of its key, by which it is known again; a pass then costs one comparison for a line of no interest.
struct KeyedNumbers {
    private struct Line {
        /// The first bytes of the line up to the end of its key, eight at most, and which bits of eight they are.
        var signature: UInt64
        var mask: UInt64
        /// Place among the keys; -1 for a line of no interest.
        var key: Int
    }

    private let keys: [[UInt8]]
    /// The first eight bytes of those that have as many.
    private let beginnings: [UInt64]
    private var lines: [Line] = []
    private var values: [UInt64?]
    /// How many lines of interest the latest content has, the end of each included, and the place behind the last.
    private(set) var wholeCount = 0
    private(set) var end = 0

    /// - Parameter keys: What lines begin with, up to the first blank.
    init(keys: [String]) {
        self.keys = keys.map { Array($0.utf8) }
        beginnings = self.keys.compactMap { key in key.count < 8 ? nil : ByteScanner(key.span).nextEight }
        values = [UInt64?](repeating: nil, count: keys.count)
    }

    /// The number of a key in the latest content, in bytes where the line's unit is kB; nil where the content has no
    /// such line, or where it has no number or one beyond UInt64.
    subscript(key: Int) -> UInt64? { values[key] }

    /// Replaces the numbers by those of `text`.
    mutating func read(_ text: consuming ByteScanner) {
        for index in values.indices { values[index] = nil }
        (wholeCount, end) = (0, 0)
        var number = 0
        while !text.isAtEnd {
            let eight = text.nextEight
            if number < lines.count, lines[number].key < 0, eight & lines[number].mask == lines[number].signature {
                number += 1
                text.skipLine()
                continue
            }
            let start = text.offset
            if let word = text.word() {
                let key = place(of: word, in: text, number)
                let line = line(eight, word.lowerBound == start ? word.count : 0, key)
                if number == lines.count { lines.append(line) } else { lines[number] = line }
                number += 1
                if key >= 0 {
                    values[key] = KeyedNumbers.value(&text)
                    text.skipLine()
                    if text.isBehindLine {
                        wholeCount += 1
                        end = text.offset
                    }
                    continue
                }
            }
            text.skipLine()
        }
    }

    /// What a line of which this was read is known by.
    private func line(_ eight: UInt64, _ wordCount: Int, _ key: Int) -> Line {
        // The blank behind it belongs to a short word, so that no longer one is taken for it.
        let mask = UInt64.max >> (64 - UInt64(min(wordCount + 1, 8)) * 8)
        // A line that begins as one of interest is read each time: no bits are 1 where none are looked at.
        if wordCount == 0 || eight == 0 || beginnings.contains(eight) { return Line(signature: 1, mask: 0, key: key) }
        return Line(signature: eight & mask, mask: mask, key: key)
    }

    /// The place among the keys; most likely the one that the line had in the content before.
    private func place(of word: Range<Int>, in text: borrowing ByteScanner, _ line: Int) -> Int {
        if line < lines.count, lines[line].key >= 0, text.isEqual(word, keys[lines[line].key]) {
            return lines[line].key
        }
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
