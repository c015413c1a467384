import Query
import Testing

@Suite struct TypeCheckTests {
    @Test func arguments() {
        let rate = "in call to function \"rate\", got"
        reject("rate(foo)", "1:6 expected type range vector \(rate) instant vector")
        reject("rate(1)", "1:6 expected type range vector \(rate) scalar")
        reject("rate((foo))", "1:6 expected type range vector \(rate) instant vector")
        reject("scalar(1)", "1:8 expected type instant vector in call to function \"scalar\", got scalar")
        reject("vector(foo)", "1:8 expected type scalar in call to function \"vector\", got instant vector")
        reject("abs(\"x\")", "1:5 expected type instant vector in call to function \"abs\", got string")
        reject("abs(foo[5m])", "1:5 expected type instant vector in call to function \"abs\", got range vector")
        reject(
            "label_join(foo, \"a\", \",\", b)",
            "1:27 expected type string in call to function \"label_join\", got instant vector")
        reject("clamp(foo, bar, 1)", "1:12 expected type scalar in call to function \"clamp\", got instant vector")
        // The innermost error comes first.
        reject("abs(rate(foo))", "1:10 expected type range vector \(rate) instant vector")
        reject("sum(foo[5m])", "1:5 expected type instant vector in aggregation expression, got range vector")
        reject("sum(1)", "1:5 expected type instant vector in aggregation expression, got scalar")
    }

    @Test func operators() {
        let binary = "binary expression must contain only scalar and instant vector types"
        reject("a[5m] + b[5m]", "1:1 \(binary)")
        reject("1 + foo[5m]", "1:5 \(binary)")
        reject("\"a\" + 1", "1:1 \(binary)")
        reject("1 + \"a\"", "1:5 \(binary)")
        reject("foo and foo[5m]", "1:9 \(binary)")
        let unary = "unary expression only allowed on expressions of type scalar or instant vector, got"
        reject("-foo[5m]", "1:1 \(unary) \"range vector\"")
        reject("-\"string\"", "1:1 \(unary) \"string\"")
        reject("1 + -(foo[5m])", "1:5 \(unary) \"range vector\"")
        accept("1 == bool 1 + 1")
        accept("(1 > bool 2) == bool 1")
        accept("time() > bool 1")
        reject("time() > pi()", "1:8 comparisons between scalars must use BOOL modifier")
        reject("(1 > 2) + 1", "1:4 comparisons between scalars must use BOOL modifier")
        accept("scalar(foo) + 1 > foo")
    }

    @Test func syntaxBeforeTypes() {
        // Types are looked at only when all of the text can be read.
        reject("rate(foo) + ", "1:13 unexpected end of input")
        reject("1 == 1 foo", "1:8 unexpected identifier \"foo\"")
        reject("{} + unknown()", "1:6 unknown function with name \"unknown\"")
    }

    @Test func matchingIsThereBetweenVectorsOnly() throws {
        func matching(_ text: String) throws -> VectorMatching? {
            guard case .binary(let node) = try parse(text) else { return nil }
            return node.matching
        }
        #expect(try matching("a + b")?.cardinality == .oneToOne)
        #expect(try matching("a and b")?.cardinality == .manyToMany)
        #expect(try matching("a * on(x) group_left(y) b")?.cardinality == .manyToOne)
        #expect(try matching("a * on(x) group_right b")?.cardinality == .oneToMany)
        #expect(try matching("a + 1") == nil)
        #expect(try matching("1 + a") == nil)
        #expect(try matching("1 + 1") == nil)
        #expect(try matching("(a) + sum(b)") != nil)
        #expect(try matching("a + time()") == nil)
    }
}
