import Query
import Testing

@Suite struct ParserExpressionsTests {
    @Test func precedence() {
        understand("1 + 2 * 3 ^ 2 ^ 1", "(1 + (2 * (3 ^ (2 ^ 1))))")
        understand("-1 ^ 2", "(- (1 ^ 2))")
        understand("-1 * 2", "(-1 * 2)")
        understand("-1 ^ -2", "(- (1 ^ -2))")
        understand("2 ^ -3 ^ 2 * 4", "((2 ^ (- (3 ^ 2))) * 4)")
        understand("- - 1", "1")
        understand("-+-1", "1")
        understand("1 - -1", "(1 - -1)")
        understand("1 - 2 - 3", "((1 - 2) - 3)")
        understand("8 / 4 % 3 atan2 2", "(((8 / 4) % 3) atan2 2)")
        understand("1 + 2 > bool 2 * 2", "((1 + 2) > bool (2 * 2))")
        let any = " [one-to-one ignoring []]"
        let many = " [many-to-many ignoring []]"
        let foo = "foo<__name__=\"foo\">"
        let (a, b, c) = ("a<__name__=\"a\">", "b<__name__=\"b\">", "c<__name__=\"c\">")
        understand("a or b and c", "(\(a) or\(many) (\(b) and\(many) \(c)))")
        understand("a and b unless c", "((\(a) and\(many) \(b)) unless\(many) \(c))")
        understand("a == b and c", "((\(a) ==\(any) \(b)) and\(many) \(c))")
        understand("a > b + c", "(\(a) >\(any) (\(b) +\(any) \(c)))")
        understand("a </ b >/ c", "((\(a) </\(any) \(b)) >/\(any) \(c))")
        understand("-foo offset 5m", "(- \(foo)+300.0)")
        understand("-foo ^ 2", "(- (\(foo) ^ 2))")
        understand("(1 + 2) * 3", "({(1 + 2)} * 3)")
    }

    @Test func operators() {
        for sign in ["+", "-", "*", "/", "%", "^", "atan2"] {
            accept("1 \(sign) 2")
            accept("foo \(sign) bar")
            accept("foo \(sign) 2")
            reject("1 \(sign)", "1:\(sign == "atan2" ? 8 : 4) unexpected end of input")
        }
        for sign in ["==", "!=", "<", "<=", ">", ">="] {
            accept("1 \(sign) bool 2")
            accept("foo \(sign) bar")
            accept("foo \(sign) 2")
            accept("2 \(sign) foo")
            accept("foo \(sign) bool on (a) group_left () bar")
            reject("1 \(sign) 2", "1:3 comparisons between scalars must use BOOL modifier")
        }
        for sign in ["and", "or", "unless"] {
            accept("foo \(sign) bar")
            accept("foo \(sign) on (a) bar")
            accept("foo \(sign) ignoring (a) bar")
            accept("foo \(sign.uppercased()) on () bar", "foo \(sign) on () bar")
            reject("1 \(sign) 2", "1:1 set operator \"\(sign)\" not allowed in binary scalar expression")
            reject("foo \(sign) 2", "1:1 set operator \"\(sign)\" not allowed in binary scalar expression")
            let message = "1:1 no grouping allowed for \"\(sign)\" operation"
            reject("foo \(sign) on(bar) group_left(baz) bar", message)
            reject("foo \(sign) on(bar) group_right(baz) bar", message)
        }
        accept("foo </ 5")
        accept("foo >/ 5")
        accept("foo</bar", "foo </ bar")
        accept("-foo")
        accept("+foo")
        accept("--foo")
        accept("+1", "1")
    }

    @Test func matching() {
        accept("a * on(x,y) b", "a * on (x, y) b")
        accept("a * ignoring() b", "a * b")
        accept("a * on() b", "a * on () b")
        accept("a / ignoring(x) group_left b", "a / ignoring (x) group_left () b")
        accept("a / on(x,) group_right(z, \"u.v\",) b", "a / on (x) group_right (z, \"u.v\") b")
        accept("a == bool on(x) b", "a == bool on (x) b")
        accept("1 == bool on() 2", "1 == bool 2")
        reject("a and bool b", "1:3 bool modifier can only be used on comparison operators")
        reject("foo + bool 10", "1:5 bool modifier can only be used on comparison operators")
        reject("a </ bool b", "1:3 bool modifier can only be used on comparison operators")
        reject("foo == on(bar) 10", "1:1 vector matching only allowed between instant vectors")
        reject("1 or on(bar) foo", "1:1 vector matching only allowed between instant vectors")
        reject("a * on(x) group_left(x) b", "1:3 label \"x\" must not occur in ON and GROUP clause at once")
        reject("foo + group_left(baz) bar", "1:7 unexpected <group_left>")
        reject("foo + group_right bar", "1:7 unexpected <group_right>")
        reject("a - on(b) ignoring(c) d", "1:11 unexpected <ignoring>")
        reject("a - on b", "1:8 unexpected identifier \"b\" in grouping opts, expected \"(\"")
        reject("a == on (x) bool b", "1:13 unexpected <bool>")
    }

    @Test func fill() {
        reject("a + fill(0) b", "1:1 binop fill modifiers are experimental and not enabled")
        accept("a + fill (0) b", experimental: true)
        accept("a + fill_left(-1.5) b", "a + fill_left (-1.5) b", experimental: true)
        let both = "a + on (x) fill_left (1) fill_right (2) b"
        accept("a + on(x) fill_right(2) fill_left(1) b", both, experimental: true)
        accept("fill + fill_left")
        reject("fill(0)", "1:1 unexpected <fill>")
        reject("a + fill (x) b", "1:11 unexpected identifier \"x\"", experimental: true)
        let missing = "1:1 filling in missing series"
        reject("a + fill(0) 1", "\(missing) only allowed between instant vectors", experimental: true)
        reject("a or fill(0) b", "\(missing) not allowed for set operators", experimental: true)
    }

    @Test func unexpectedTokens() {
        reject("*1", "1:1 unexpected <op:*>")
        reject("1+", "1:3 unexpected end of input")
        reject("1 +\n  * 2", "2:3 unexpected <op:*>")
        reject("foo bar", "1:5 unexpected identifier \"bar\"")
        reject("foo by", "1:5 unexpected <by>")
        reject("foo sum", "1:5 unexpected <aggr:sum>")
        reject("foo 5m", "1:5 unexpected duration \"5m\"")
        reject("foo 12345678901", "1:5 unexpected number \"1234567890\"...")
        reject("foo \"a\"", "1:5 unexpected string \"\\\"a\\\"\"")
        reject("foo a:b", "1:5 unexpected metric identifier \"a:b\"")
        reject("()", "1:2 unexpected \")\"")
        reject("(1, 2)", "1:3 unexpected \",\"")
        reject("foo, bar", "1:4 unexpected \",\"")
        reject("abs(bar))", "1:10 unexpected right parenthesis ')'")
        reject("@@", "1:1 unexpected <op:@>")
        reject("by(foo)", "1:3 unexpected \"(\"")
        reject("foo start()", "1:5 unexpected \"start\"")
        reject("-=", "1:2 unexpected \"=\"")
        reject("++-++-+-+-<", "1:11 unexpected <op:<>")
    }

    @Test func expectations() {
        func check(_ text: String, _ expected: String) {
            let error = #expect(throws: ParseError.self) { try parse(text) }
            #expect(error?.expected == expected, "\(text)")
        }
        check("1 +", "an expression")
        check("foo bar", "an operator or the end of the query")
        check("(foo bar", "an operator or \")\"")
        check("abs(foo bar)", "an operator, \",\" or \")\"")
        check("foo{a}", "label matching operator")
        check("sum by x (y)", "\"(\"")
        check("foo[]", "number, duration, step(), or range()")
        check("rate(foo)", "range vector")
        check("", "an expression")
    }

    @Test func positions() throws {
        let error = #expect(throws: ParseError.self) { try parse("sum(\n\tfoo{é=\"1\"}\n)") }
        #expect(error?.line == 2)
        #expect(error?.column == 6)
        #expect(error?.offset == 10)
        guard case .binary(let node) = try parse(" foo  ==  bool bar ") else {
            Issue.record("no operation")
            return
        }
        #expect(node.span == SourceSpan(1, 18))
        #expect(node.operationSpan == SourceSpan(6, 8))
        #expect(node.lhs.span == SourceSpan(1, 4))
    }
}
