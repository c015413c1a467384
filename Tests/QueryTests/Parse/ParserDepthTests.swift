import Query
import Testing

@Suite struct ParserDepthTests {
    private func deep(_ count: Int, _ open: String, _ inner: String, _ close: String = "") -> String {
        String(repeating: open, count: count) + inner + String(repeating: close, count: count)
    }

    /// What nests, in all the ways there are.
    private func towers(_ count: Int) -> [String] {
        [
            deep(count, "(", "1", ")"), deep(count, "-", "foo"), deep(count, "1 ^ ", "2"), deep(count, "1 + ", "2"),
            deep(count, "foo or ", "foo"), deep(count, "abs(", "foo", ")"), deep(count, "sum(", "foo", ")"),
            deep(count, "sum by (a) (", "foo", ")"), "foo[" + deep(count, "(", "1m", ")") + "]",
            "foo[" + deep(count, "-", "step()") + "]", "foo[" + deep(count, "1m + ", "1m") + "]",
            "foo[" + deep(count, "1 ^ ", "1") + "]", "foo[" + deep(count, "min_of(1,", "1", ")") + "]",
            "foo offset " + deep(count, "-", "1m"), deep(count, "last_over_time(", "foo", "[5m:])"),
            deep(count, "-(", "1", ")"), deep(count, "1 + (", "1", ")"),
        ]
    }

    @Test func reasonableDepthIsAccepted() throws {
        for text in towers(100) {
            _ = try parse(text)
        }
    }

    @Test func deepTowersAreRefused() {
        for count in [1000, 10_000] {
            for text in towers(count) {
                let error = #expect(throws: ParseError.self) { try parse(text) }
                #expect(error?.message.hasPrefix("expression is nested too deeply") == true, "\(text.prefix(40))")
            }
        }
    }

    @Test func unclosedTowersAreRefused() {
        for open in ["(", "-(", "sum(", "foo[(", "abs(", "foo offset -(", "{", "[", "1+(", "foo[min_of("] {
            #expect(throws: ParseError.self) { try parse(deep(10_000, open, "")) }
        }
    }

    @Test func theLimitIsExact() throws {
        let options = ParserOptions(depthMax: 20)
        func parses(_ text: String) -> Bool {
            (try? Parser.parse(text, functions: SignatureTable.function(named:), options: options)) != nil
        }
        #expect(parses(deep(19, "(", "1", ")")))
        #expect(!parses(deep(20, "(", "1", ")")))
        #expect(parses(deep(19, "1 + ", "1")))
        #expect(!parses(deep(20, "1 + ", "1")))
    }
}
