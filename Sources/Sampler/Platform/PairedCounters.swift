/// The numbers of /proc/net/snmp and /proc/net/netstat: pairs of lines that begin with the same word, the first with
/// the names and the second with the numbers.
///
/// A heading is compared as a whole with the one before; while it is the same, its columns stay where they were.
struct PairedCounters {
    private struct Section {
        var heading: [UInt8]
        /// By column, the place among the wanted counters; -1 for one of no interest.
        var columns: [Int]
    }

    private let names: [[UInt8]]
    private var sections: [Section] = []
    /// By wanted counter: the number, where the latest content has it. Some are negative (`MaxConn -1`).
    private(set) var values: [Double?]

    /// - Parameter names: Section and column as one word: `Tcp:RetransSegs`.
    init(names: [String]) {
        self.names = names.map { Array($0.utf8) }
        values = [Double?](repeating: nil, count: names.count)
    }

    /// Replaces the numbers by those of `text`. A pair whose lines do not belong together is passed over.
    mutating func read(_ text: consuming ByteScanner) {
        for index in values.indices { values[index] = nil }
        var number = 0
        while !text.isAtEnd {
            let heading = text.line()
            if text.isAtEnd { return }
            if number == sections.count || !text.isEqual(heading, sections[number].heading) {
                learn(number, heading, &text)
            }
            let start = text.offset
            guard let word = text.word(), text.isEqual(word, title(of: number)) else {
                text.move(to: start)
                text.skipLine()
                number += 1
                continue
            }
            for column in sections[number].columns {
                let isNegative = text.skipSign()
                guard let value = text.number() else { break }
                if column >= 0 { values[column] = isNegative ? -Double(value) : Double(value) }
            }
            text.skipLine()
            number += 1
        }
    }

    private func title(of section: Int) -> [UInt8] {
        let heading = sections[section].heading
        return Array(heading[..<(heading.firstIndex(of: UInt8(ascii: " ")) ?? heading.count)])
    }

    private mutating func learn(_ number: Int, _ heading: Range<Int>, _ text: inout ByteScanner) {
        let behind = text.offset
        text.move(to: heading.lowerBound)
        var section = Section(heading: text.bytes(in: heading), columns: [])
        let title = text.word().map { text.bytes(in: $0) } ?? []
        while let word = text.word() {
            let name = title + text.bytes(in: word)
            section.columns.append(names.firstIndex(of: name) ?? -1)
        }
        text.move(to: behind)
        if number < sections.count { sections[number] = section } else { sections.append(section) }
    }
}
