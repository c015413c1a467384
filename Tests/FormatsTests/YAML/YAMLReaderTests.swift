import Formats
import TestSupport
import Testing

@Suite struct YAMLReaderTests {
    private func read(_ text: String) throws(YAMLError) -> YAMLNode? { try YAMLReader.read(Array(text.utf8)) }

    /// The value as one line: texts in quotes where they were, `key@line:column`.
    private func shown(_ node: YAMLNode) -> String {
        switch node.content {
        case .scalar(let text, let isPlain): isPlain ? text : "\"\(text)\""
        case .sequence(let items): "[" + items.map(shown).joined(separator: ", ") + "]"
        case .mapping(let entries):
            "{" + entries.map { "\($0.key)@\($0.place): \(shown($0.value))" }.joined(separator: ", ") + "}"
        }
    }

    @Test(arguments: [
        ("a: 1\nb: two\n", "{a@1:1: 1, b@2:1: two}"),
        ("a:\n  b: 'x'\n  c: [1, \"2\", {d: e}]\n", "{a@1:1: {b@2:3: \"x\", c@3:3: [1, \"2\", {d@3:16: e}]}}"),
        ("- 1\n- \n- ~\n", "[1, , ~]"),
        ("a: |\n  one\n  two\nb: >-\n  one\n  two\n", "{a@1:1: \"one\ntwo\n\", b@4:1: \"one two\"}"),
        ("# only\n---\na: é # comment\n", "{a@3:1: é}"),
        ("a: &x [1, 2]\nb: *x\n", "{a@1:1: [1, 2], b@2:1: [1, 2]}"),
        ("a: !!str 5\n", "{a@1:1: \"5\"}"),
        ("text", "text"),
        ("{a: {}, b: []}", "{a@1:2: {}, b@1:9: []}"),
    ]) func values(_ text: String, _ expected: String) throws {
        #expect(try read(text).map(shown) == expected)
    }

    @Test func nothingAtAll() throws {
        for text in ["", "\n", "# a comment\n", "   "] { #expect(try read(text) == nil, "\(text)") }
        for text in ["~", "null", "---\n"] { #expect(try read(text)?.isNull == true, "\(text)") }
        #expect(try read("''")?.isNull == false)
    }

    @Test(arguments: [
        ("a: 1\na: 2\n", "2:1", "the key \"a\" stands at 1:1 already"),
        ("a: [1, 2\n", "2:1", "did not find expected ',' or ']'"),
        ("a: 1\n  b: 2\n", "2:4", "mapping values are not allowed in this context"),
        ("[a]: 1\n", "1:1", "a key has to be text"),
        ("a: *x\n", "1:4", "there is no &x before this *x"),
        ("a: !include b\n", "1:4", "the tag !include has no meaning here"),
        ("a: 1\n---\nb: 2\n", "2:1", "a second document begins here"),
        ("a: \"x\n", "2:1", "found unexpected end of stream"),
        ("a:\n\t- 1\n", "2:1", "found character that cannot start any token"),
        (String(repeating: "[", count: 100), "1:65", "more than 64 deep"),
    ]) func errors(_ text: String, _ place: String, _ reason: String) {
        let error = #expect(throws: YAMLError.self) { try read(text) }
        #expect(error?.place.description == place)
        #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
    }

    @Test func bytesThatAreNoText() {
        let error = #expect(throws: YAMLError.self) { try YAMLReader.read(Array("a: 1\nb: ".utf8) + [0xff, 0xfe]) }
        #expect(error?.place.line == 2 && error?.place.column == 4)
    }

    /// Ten names, each of ten of the one before: 10^10 values, were they made.
    @Test func namesOfNamesStaySmall() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<10 {
            let items = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(items)]\n"
        }
        let error = #expect(throws: YAMLError.self) { try read(text) }
        #expect(error?.reason.contains("more than 100000 values") == true)
    }

    @Test func noBytesTrap() {
        let whole = Array("a: &x [1, 'two', \"thr\\u0065e\"]\nb:\n  - {c: *x, d: |\n      text\n    }\n# é\n".utf8)
        for end in 0...whole.count { _ = try? YAMLReader.read(Array(whole[..<end])) }
        var random = SeededGenerator(seed: 11)
        for _ in 0..<3000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = try? YAMLReader.read(bytes)
        }
    }
}
