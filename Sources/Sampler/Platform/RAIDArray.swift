/// An array of /proc/mdstat (md(4)):
/// ```
/// md0 : active raid1 sdb1[1] sda1[0](F)
///       1953382464 blocks super 1.2 [2/1] [U_]
///       [=>...................]  recovery =  8.5% (16775552/195310144) finish=17.0min speed=259783K/sec
/// ```
struct RAIDArray: Hashable {
    /// node_exporter's words.
    enum State: String, CaseIterable {
        case active, inactive, recovering, resync, check
    }

    var name: String
    var state: State
    var required = 0
    var active = 0
    var failed = 0
    var spare = 0
    var blocks: UInt64 = 0
    var blocksSynced: UInt64 = 0

    static func parse(_ text: consuming ByteScanner) -> [RAIDArray] {
        var arrays: [RAIDArray] = []
        while !text.isAtEnd {
            let line = text.text(in: text.line())
            let words = line.split(separator: " ").map(String.init)
            if words.count >= 3, words[1] == ":", words[0].hasPrefix("md") {
                arrays.append(RAIDArray(heading: words))
            } else if !arrays.isEmpty, !words.isEmpty {
                arrays[arrays.count - 1].read(words, line)
            }
        }
        return arrays
    }

    private init(heading words: [String]) {
        name = words[0]
        state = words[2] == "active" ? .active : .inactive
        for member in words.dropFirst(3) where member.contains("[") {
            if member.hasSuffix("(F)") {
                failed += 1
            } else if member.hasSuffix("(S)") {
                spare += 1
            } else {
                active += 1
            }
        }
        required = active
    }

    private mutating func read(_ words: [String], _ line: String) {
        if words.count >= 2, words[1] == "blocks", let count = UInt64(words[0]) {
            blocks = count
            blocksSynced = count
            // `[2/1]`: two are required, one is active.
            for word in words where word.hasPrefix("[") && word.hasSuffix("]") {
                let counts = word.dropFirst().dropLast().split(separator: "/").map { Int($0) }
                if counts.count == 2, let wanted = counts[0], let present = counts[1] {
                    required = wanted
                    active = present
                }
            }
            return
        }
        guard line.contains(" = ") else { return }
        for (word, meaning) in [("recovery", State.recovering), ("resync", .resync), ("check", .check)]
        where words.contains(word) { state = meaning }
        // `(16775552/195310144)`
        for word in words where word.hasPrefix("(") && word.hasSuffix(")") {
            let counts = word.dropFirst().dropLast().split(separator: "/").map { UInt64($0) }
            if counts.count == 2, let done = counts[0] { blocksSynced = done }
        }
    }
}
