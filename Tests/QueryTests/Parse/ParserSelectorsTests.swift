import Model
import Query
import Testing

@Suite struct ParserSelectorsTests {
    @Test func selectors() {
        accept("up")
        accept("up{}", "up")
        accept("up{job=\"node\"}")
        accept("up{b!=\"1\",a=~\"x.*\",c!~'y'}", "up{a=~\"x.*\",b!=\"1\",c!~\"y\"}")
        accept("up{a=\"b\",}", "up{a=\"b\"}")
        accept("up{a=\"b\",a!=\"c\"}", "up{a!=\"c\",a=\"b\"}")
        accept("{__name__=\"up\"}")
        accept("{__name__=~\"node_.+\",__name__!=\"node_load1\"}", "{__name__!=\"node_load1\",__name__=~\"node_.+\"}")
        accept("{job=~\".+\"}")
        accept("{x!=\"\"}")
        accept("up{a=\"b\\\\c\\n\"}")
        accept("up{by=\"1\",on!=\"2\",bool=\"3\",NaN=\"4\"}", "up{NaN=\"4\",bool=\"3\",by=\"1\",on!=\"2\"}")
    }

    @Test func quotedNames() {
        accept("{\"a.b\"}", "{__name__=\"a.b\"}")
        accept("{\"a.b\", \"c d\"=\"y\"}", "{\"c d\"=\"y\",__name__=\"a.b\"}")
        accept("{'foo', a!=`b`}", "{__name__=\"foo\",a!=\"b\"}")
        accept("{\"bar\", __name__=\"baz\"}", "{__name__=\"bar\",__name__=\"baz\"}")
        accept("sum by (\"a.b\", c) ({\"d.e\"})", "sum by (\"a.b\", c) ({__name__=\"d.e\"})")
        reject("foo{\"bar\"}", "1:1 metric name must not be set twice: \"foo\" or \"bar\"")
        reject("{\"\"}", "1:1 vector selector must contain at least one non-empty matcher")
    }

    @Test func keywordsAsNames() {
        for name in [
            "sum", "avg", "min", "topk", "count_values", "limitk", "by", "without", "and", "or", "unless", "offset",
            "start", "end", "step", "range", "min_of", "max_of", "info", "anchored", "smoothed", "group_left",
            "group_right", "fill", "fill_left", "time", "rate", "SUM", "Offset",
        ] {
            accept(name)
            accept("\(name){a=\"b\"}")
            accept("\(name)[5m]")
            accept("foo + \(name)")
            accept("\(name) and \(name)")
            accept("sum by (\(name)) (foo)")
            accept("{\(name)=\"x\"}")
        }
        reject("bool", "1:1 unexpected <bool>")
        reject("on", "1:1 unexpected <on>")
        reject("ignoring", "1:1 unexpected <ignoring>")
        reject("atan2", "1:1 unexpected <op:atan2>")
        accept("sum by (bool, on, ignoring, atan2, group_left) (foo)")
        accept("and and or or unless")
    }

    @Test func emptiness() {
        let message = "1:1 vector selector must contain at least one non-empty matcher"
        for text in ["{}", "{x=\"\"}", "{job=~\".*\"}", "{x!~\".+\"}", "{x!=\"a\"}", "{}[5m]", "{}[5m:]"] {
            reject(text, message)
        }
        reject("foo{__name__=\"bar\"}", "1:1 metric name must not be set twice: \"foo\" or \"bar\"")
        reject("1 + foo{__name__=~\"b\"}", "1:5 metric name must not be set twice: \"foo\" or \"b\"")
    }

    @Test func badSelectors() {
        reject("{,}", "1:2 unexpected \",\" in label matching, expected identifier or \"}\"")
        reject("{a=\"b\",,}", "1:8 unexpected \",\" in label matching, expected identifier or \"}\"")
        reject("{a}", "1:3 unexpected \"}\" in label matching, expected label matching operator")
        reject("x{a\"b\"}", "1:4 unexpected string \"\\\"b\\\"\" in label matching, expected label matching operator")
        reject("foo{a=b}", "1:7 unexpected identifier \"b\" in label matching, expected string")
        reject("foo{a=}", "1:7 unexpected \"}\" in label matching, expected string")
        reject("foo{a=\"b\" c=\"d\"}", "1:11 unexpected identifier \"c\" in label matching, expected \",\" or \"}\"")
        reject("foo{a=\"b\"=\"c\"}", "1:10 unexpected \"=\" in label matching, expected \",\" or \"}\"")
        reject("foo{a!b}", "1:6 unexpected character after '!' inside braces: 'b'")
        reject("foo{a:b=\"c\"}", "1:6 unexpected character inside braces: ':'")
        reject("foo{a>\"b\"}", "1:6 unexpected character inside braces: '>'")
        reject("foo{1}", "1:5 unexpected character inside braces: '1'")
        reject("foo{é=\"b\"}", "1:5 unexpected character inside braces: 'é'")
        reject("foo{{", "1:5 unexpected left brace '{'")
        reject("foo{a=\"b\"", "1:10 unexpected end of input inside braces")
        reject("{", "1:2 unexpected end of input inside braces")
        reject("}", "1:1 unexpected character: '}'")
        reject("foo{a=\"b\"}{c=\"d\"}", "1:11 unexpected \"{\"")
    }

    @Test func badExpressions() {
        reject("foo{a=~\"(\"}", "1:5 error parsing regexp: missing closing ): `(`")
        reject("foo{a=~\"[\"}", "1:5 error parsing regexp: missing closing ]: `[`")
        reject("foo{b=\"x\",a!~\"*\"}", "1:11 error parsing regexp: missing argument to repetition operator: `*`")
        reject("foo{a=~\"\\\\q\"}", "1:5 error parsing regexp: invalid escape sequence: `\\q`")
        reject("foo{a=~\"(?<=x)\"}", "1:5 error parsing regexp: invalid or unsupported Perl syntax: `(?<`")
        reject("foo{a=~\"x{1001}\"}", "1:5 error parsing regexp: invalid repeat count: `{1001}`")
    }

    @Test func matchers() throws {
        guard case .selector(let selector) = try parse("foo{b=\"1\",a!=\"2\"}") else {
            Issue.record("no selector")
            return
        }
        #expect(selector.matchers.map(\.description) == ["b=\"1\"", "a!=\"2\"", "__name__=\"foo\""])
        #expect(selector.name == "foo")
        #expect(selector.span == SourceSpan(0, 17))
    }

    @Test func loneSelectors() throws {
        func check(_ text: String, _ expected: String) throws {
            #expect(try Parser.parseSelector(text).map(\.description).joined(separator: " ") == expected)
        }
        try check("up", "__name__=\"up\"")
        try check("up{job=\"a\"} ", "job=\"a\" __name__=\"up\"")
        try check("{job=~\".*\"}", "job=~\".*\"")
        try check("{\"a.b\"}", "__name__=\"a.b\"")
        for (text, message) in [
            ("sum(x)", "1:4: parse error: unexpected \"(\""),
            ("up[5m]", "1:3: parse error: unexpected \"[\""),
            ("1", "1:1: parse error: unexpected number \"1\""),
            ("", "unknown position: parse error: unexpected end of input"),
            ("up{", "1:4: parse error: unexpected end of input inside braces"),
        ] {
            let error = #expect(throws: ParseError.self) { try Parser.parseSelector(text) }
            #expect(error?.description == message)
        }
    }
}
