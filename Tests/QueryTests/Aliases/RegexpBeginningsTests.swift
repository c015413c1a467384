import Model
import TestSupport
import Testing

@testable import Query

@Suite struct RegexpBeginningsTests {
    @Test func literals() {
        func check(_ pattern: String, _ expected: [String]) {
            #expect(RegexpBeginnings.literals(of: pattern) == expected, "\(pattern)")
        }
        check("node_load1", ["node_load1"])
        check("node_load1|node_disk_.*", ["node_load1", "node_disk_"])
        check("node_(load1|load5)", ["node_load1", "node_load5"])
        check("(node_load1|node_load5)", ["node_load1", "node_load5"])
        check("(?:a|b(c|d))e|f", ["a", "bc", "bd", "f"])
        check("(?P<name>ab)c|(?<other>d)", ["ab", "d"])
        check("^node_.+$", ["node_"])
        check("node_load1?5", ["node_load"])
        check("ab*c|ab+c|ab{0}c", ["a", "ab", "a"])
        check("a(b|c)?d", ["a"])
        check("a(b|c){0,2}d|e", ["a", "e"])
        check(#"a\.b|a\d|\_x"#, ["a.b", "a", "_x"])
        check(#"a[|)\]]b|c[]|]d|e[[:alpha:]|]f|g[[:]|h"#, ["a", "c", "e", "g", "h"])
        check("a.(b|c)|d", ["a", "d"])
        check("", [""])
        check("a|", ["a", ""])
        check(".+", [""])
        check("(?i)node_.*", [""])
        check("a(?i)|b", [""])
        check(#"\Qa|b\E"#, [""])
        check("é*|éa?", ["", "é"])
    }

    /// Every text that an expression matches begins with one of its literals.
    @Test(arguments: UInt64(0)..<300)
    func areWhatMatchingTextsBeginWith(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let pattern = Self.pattern(3, &random)
        let expression = try RegularExpression(pattern)
        let literals = RegexpBeginnings.literals(of: pattern)
        for text in Self.texts where expression.matches(text) {
            #expect(
                literals.contains { text.utf8.starts(with: $0.utf8) },
                "seed \(seed): \(pattern) matches \(text), not told by \(literals)")
        }
    }

    /// All texts of up to five letters.
    private static let texts: [String] = {
        var all = [""]
        var last = [""]
        for _ in 0..<5 {
            last = last.flatMap { text in ["a", "b", "|"].map { text + $0 } }
            all += last
        }
        return all
    }()

    private static func pattern(_ depth: Int, _ random: inout SeededGenerator) -> String {
        let branches = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            (0..<Int.random(in: 0...3, using: &random)).map { _ in atom(depth, &random) }.joined()
        }
        return branches.joined(separator: "|")
    }

    private static func atom(_ depth: Int, _ random: inout SeededGenerator) -> String {
        var atom = ["a", "b", "a", "b", ".", #"\|"#, "[ab]", "[a|]", "[^b]", "[]|]", "[[:alpha:]]"]
            .randomElement(using: &random)!
        if depth > 0, Int.random(in: 0..<3, using: &random) == 0 {
            atom = ["(", "(?:", "(?P<n\(depth)>"].randomElement(using: &random)! + pattern(depth - 1, &random) + ")"
            // A name may be given once.
            if atom.contains("<n") { atom = atom.replacing(/\(\?P<n\d>/, with: "(") }
        }
        return atom + ["", "", "", "*", "?", "+", "{0,2}", "{1}"].randomElement(using: &random)!
    }

    @Test func escapedTextsMatchThemselves() throws {
        for text in ["a.b", "a|b", "ü(", "a\nb", "\\d", "[x]", "a-b c", "{1}", "^$"] {
            let expression = try RegularExpression(RegexpText.oneOf([text, "other"]))
            #expect(expression.matches(text) && expression.matches("other") && !expression.matches(text + "x"))
        }
        #expect(try !RegularExpression(RegexpText.escaped("a.b")).matches("axb"))
    }
}
