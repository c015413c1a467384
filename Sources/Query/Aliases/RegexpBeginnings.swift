/// What the texts that a regular expression matches begin with, as far as its letters say so.
///
///     node_load1|node_disk_.*     node_load1, node_disk_
///     node_(load1|load5)          node_load1, node_load5
///     node_load1?5                node_load
///     .+                          (nothing)
///
/// Every text that the expression matches begins with one of the literals. Where flags or quoted parts could give
/// letters another meaning the only literal is the empty one, which says nothing.
struct RegexpBeginnings {
    private let pattern: [Unicode.Scalar]
    private var place = 0

    private init(_ pattern: [Unicode.Scalar]) { self.pattern = pattern }

    /// One literal or more for each branch.
    /// - Parameter pattern: An expression that RE2 accepts.
    static func literals(of pattern: String) -> [String] {
        let scalars = Array(pattern.unicodeScalars)
        if hasFlags(scalars) { return [""] }
        var beginnings = RegexpBeginnings(scalars)
        return beginnings.alternatives().map { literal in
            var text = String.UnicodeScalarView()
            text.append(contentsOf: literal)
            return String(text)
        }
    }

    /// Whether there is a group that is more than a group, or `\Q`. What only looks like one counts.
    private static func hasFlags(_ scalars: [Unicode.Scalar]) -> Bool {
        for place in scalars.indices.dropLast() {
            if scalars[place] == "\\" && scalars[place + 1] == "Q" { return true }
            guard scalars[place] == "(", scalars[place + 1] == "?" else { continue }
            guard place + 2 < scalars.count, ":P<".unicodeScalars.contains(scalars[place + 2]) else { return true }
        }
        return false
    }

    private var next: Unicode.Scalar? { place < pattern.count ? pattern[place] : nil }

    /// Branches up to the end or to a closing parenthesis, which is left.
    private mutating func alternatives() -> [[Unicode.Scalar]] {
        var found = branch()
        while next == "|" {
            place += 1
            found += branch()
        }
        return found
    }

    private mutating func branch() -> [[Unicode.Scalar]] {
        var literal: [Unicode.Scalar] = []
        if next == "^" { place += 1 }
        while let scalar = next {
            switch scalar {
            case "|", ")": return [literal]
            case "(":
                let group = self.group()
                // Whatever stands no time or more says nothing.
                let found = isOptional ? [literal] : group.map { literal + $0 }
                skip()
                return found
            case "*", "?", "{":
                if !literal.isEmpty { literal.removeLast() }
                skip()
                return [literal]
            case "[", ".", "$", "^", "+":
                skip()
                return [literal]
            case "\\":
                guard place + 1 < pattern.count, !RegexpBeginnings.isWord(pattern[place + 1]) else {
                    skip()
                    return [literal]
                }
                literal.append(pattern[place + 1])
                place += 2
            default:
                literal.append(scalar)
                place += 1
            }
        }
        return [literal]
    }

    /// The alternatives of a group, with its parentheses.
    private mutating func group() -> [[Unicode.Scalar]] {
        place += 1
        if next == "?" {
            // `?:`, `?P<name>` or `?<name>`
            let end: Unicode.Scalar = place + 1 < pattern.count && pattern[place + 1] == ":" ? ":" : ">"
            while let scalar = next {
                place += 1
                if scalar == end { break }
            }
        }
        let found = alternatives()
        if next == ")" { place += 1 }
        return found
    }

    /// Whether what was read may be missing.
    private var isOptional: Bool { next == "*" || next == "?" || next == "{" }

    /// Letters and digits behind a backslash are classes and places.
    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
    }

    /// Goes to the end of the branch.
    private mutating func skip() {
        var depth = 0
        while let scalar = next {
            switch scalar {
            case "\\": place += 1
            case "[":
                skipClass()
                continue
            case "(": depth += 1
            case ")":
                if depth == 0 { return }
                depth -= 1
            case "|": if depth == 0 { return }
            default: break
            }
            place += 1
        }
    }

    private mutating func skipClass() {
        place += 1
        if next == "^" { place += 1 }
        // Right behind the opening one a closing bracket is a letter.
        if next == "]" { place += 1 }
        while let scalar = next {
            place += 1
            switch scalar {
            case "]": return
            case "\\": place += 1
            case "[" where next == ":": skipNamedClass()
            default: break
            }
        }
    }

    /// `[:alpha:]` within a class. Without its end the bracket was a letter.
    private mutating func skipNamedClass() {
        for end in pattern.indices.dropLast() where end > place && pattern[end] == ":" && pattern[end + 1] == "]" {
            place = end + 2
            return
        }
    }
}

/// A text as an expression that matches it alone.
enum RegexpText {
    static func escaped(_ text: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isPlain =
                scalar.value >= 128 || scalar == "_" || ("a"..."z").contains(scalar)
                || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
            if scalar.value < 32 || scalar.value == 127 {
                let hex = String(scalar.value, radix: 16)
                escaped.append(contentsOf: "\\x{\(hex)}".unicodeScalars)
                continue
            }
            if !isPlain { escaped.append("\\") }
            escaped.append(scalar)
        }
        return String(escaped)
    }

    /// An expression that matches each of the texts and nothing else.
    static func oneOf(_ texts: [String]) -> String { texts.map(escaped).joined(separator: "|") }
}
