import Query
import Testing

@Suite struct ParserCallsTests {
    @Test func calls() {
        accept("time()")
        accept("rate(foo[5m])")
        accept("clamp(foo, 1, 2)")
        accept("round(foo)")
        accept("round(foo, 5)")
        accept("hour()")
        accept("label_join(foo, \"a\", \",\")")
        accept("label_join(foo, \"a\", \",\", \"b\", \"c\")")
        accept("label_replace(foo, \"a\", \"$1\", \"b\", \"(.*)\")")
        accept("histogram_quantile(0.9, sum by (le) (rate(b_bucket[5m])))")
        accept("quantile_over_time(0.5, foo[1h:1m])")
        accept("abs ( foo )", "abs(foo)")
    }

    @Test func badCalls() {
        reject("rate(foo[5m],)", "1:13 trailing commas not allowed in function call args")
        reject("rate(foo[5m],,)", "1:13 trailing commas not allowed in function call args")
        reject("rate(,)", "1:6 unexpected \",\"")
        reject("rate(", "1:6 unclosed left parenthesis")
        reject("foo(bar)", "1:1 unknown function with name \"foo\"")
        reject("Rate(x[5m])", "1:1 unknown function with name \"Rate\"")
        reject("holt_winters(x[1h], 0.5, 0.5)", "1:1 unknown function with name \"holt_winters\"")
        reject("foo(bar $", "1:9 unexpected character: '$'")
        // The call is complete before what follows it is looked at.
        reject("foo(bar) $", "1:1 unknown function with name \"foo\"")
        reject("a:b(c)", "1:4 unexpected \"(\"")
        reject("abs(foo bar)", "1:9 unexpected identifier \"bar\"")
    }

    @Test func counts() {
        reject("time(x)", "1:1 expected 0 argument(s) in call to \"time\", got 1")
        reject("rate()", "1:1 expected 1 argument(s) in call to \"rate\", got 0")
        reject("rate(x[5m], 1)", "1:1 expected 1 argument(s) in call to \"rate\", got 2")
        reject("round(x, 1, 2)", "1:1 expected at most 2 argument(s) in call to \"round\", got 3")
        reject("round()", "1:1 expected at least 1 argument(s) in call to \"round\", got 0")
        reject("hour(x, x)", "1:1 expected at most 1 argument(s) in call to \"hour\", got 2")
        reject("label_join(x, \"a\")", "1:1 expected at least 3 argument(s) in call to \"label_join\", got 2")
        reject("1 + clamp(x, 1)", "1:5 expected 3 argument(s) in call to \"clamp\", got 2")
    }

    @Test func experimentalFunctions() {
        for text in [
            "mad_over_time(foo[5m])", "sort_by_label(foo, \"a\")", "double_exponential_smoothing(foo[5m], 0.1, 0.2)",
            "ts_of_max_over_time(foo[1m])", "info(foo)", "min_of(1, 2)", "max_of(1, 2)", "start()", "end()", "step()",
            "range()",
        ] {
            let name = String(text.prefix { $0 != "(" })
            reject(text, "1:1 function \"\(name)\" is not enabled")
            accept(text, experimental: true)
        }
        accept("info(foo, {a=\"b\",c=~\".*\"})", experimental: true)
        accept("info(foo, {a=~\".*\"})", experimental: true)
        reject("info(foo, bar)", "1:11 expected label selectors only, got vector selector instead", experimental: true)
        reject("info(foo, {a=\"b\"} == 1)", "1:11 expected label selectors only", experimental: true)
        reject(
            "info(foo, 1)", "1:1 expected type instant vector in call to function \"info\", got scalar",
            experimental: true)
        // Not in the table, and yet known to be there behind a flag.
        reject("start_timestamp(foo)", "1:1 function \"start_timestamp\" is not enabled")
        reject("START()", "1:1 unknown function with name \"START\"", experimental: true)
    }

    @Test func aggregations() {
        for name in ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"] {
            accept("\(name)(foo)")
            accept("\(name.uppercased()) BY (a) (foo)", "\(name) by (a) (foo)")
            accept("\(name) without (a, b) (foo)")
            reject("\(name)()", "1:1 no arguments for aggregate expression provided")
            let count = "wrong number of arguments for aggregate expression provided, expected 1, got 2"
            reject("\(name)(a, b)", "1:1 \(count)")
        }
        accept("topk(5, foo)")
        accept("bottomk by (a) (5, foo)")
        accept("quantile(0.9, foo) without (a)", "quantile without (a) (0.9, foo)")
        accept("count_values(\"v\", foo)")
        accept("topk(scalar(foo), bar)")
        accept("sum(foo) by ()", "sum(foo)")
        accept("sum(foo) without ()", "sum without () (foo)")
        accept("sum by (a,) (foo)", "sum by (a) (foo)")
        accept("sum by (a:b) (foo)", "sum by (\"a:b\") (foo)")
        accept("sum(sum)")
        accept("a + sum")
        accept("sum(foo)[5m:1m]")
        for name in ["limitk", "limit_ratio"] {
            let flag = "--enable-feature=promql-experimental-functions"
            reject("\(name)(1, foo)", "1:1 \(name)() is experimental and must be enabled with \(flag)")
            accept("\(name)(1, foo)", experimental: true)
        }
    }

    @Test func badAggregations() {
        reject("sum(", "1:5 unclosed left parenthesis")
        reject("sum by x (y)", "1:8 unexpected identifier \"x\" in grouping opts, expected \"(\"")
        reject("sum by (1) (y)", "1:9 unexpected number \"1\" in grouping opts, expected label")
        reject("sum by (a b) (y)", "1:11 unexpected identifier \"b\" in grouping opts, expected \",\" or \")\"")
        reject("sum by (,) (y)", "1:9 unexpected \",\" in grouping opts, expected label")
        reject("sum by (a,,) (y)", "1:11 unexpected \",\" in grouping opts, expected label")
        reject("sum by (==) (y)", "1:9 unexpected <op:==> in grouping opts, expected label")
        reject("sum by (\"\") (y)", "1:9 invalid label name for grouping: \"\"")
        reject("sum by (\"\\xff\") (y)", "1:9 invalid label name for grouping: \"\\xff\"")
        reject("x + on (a) group_left (\"\\377\") y", "1:24 invalid label name for grouping: \"\\xff\"")
        reject("sum by (a) y", "1:12 unexpected identifier \"y\" in aggregation")
        reject("sum(foo bar)", "1:9 unexpected identifier \"bar\" in aggregation")
        reject("sum(abs(foo bar))", "1:13 unexpected identifier \"bar\" in aggregation")
        reject("sum foo by (a)", "1:5 unexpected identifier \"foo\"")
        reject("sum(foo) by a", "1:13 unexpected identifier \"a\" in grouping opts, expected \"(\"")
        reject("sum(foo) without (a) by (b)", "1:22 unexpected <by>")
        reject("sum without (a) (foo) by (b)", "1:23 unexpected <by>")
        reject("MIN keep_common (foo)", "1:5 unexpected identifier \"keep_common\"")
        reject("topk(foo)", "1:1 wrong number of arguments for aggregate expression provided, expected 2, got 1")
        reject("topk(foo,)", "1:9 trailing commas not allowed in function call args")
        reject("topk(foo, bar)", "1:6 expected type scalar in aggregation parameter, got instant vector")
        reject("count_values(5, foo)", "1:14 expected type string in aggregation parameter, got scalar")
        reject("count_values(up, \"v\")", "1:18 expected type instant vector in aggregation expression, got string")
    }

    @Test func suggestions() {
        func check(_ text: String, _ suggestion: String?) {
            let error = #expect(throws: ParseError.self) { try parse(text) }
            #expect(error?.suggestion == suggestion, "\(text)")
        }
        check("Rate(foo[5m])", "rate")
        check("raet(foo[5m])", "rate")
        check("avg_overtime(foo[5m])", "avg_over_time")
        check("summ(foo)", "sum")
        check("histogram_quantil(0.5, foo)", "histogram_quantile")
        check("nothing_like_it(foo)", nil)
        check(String(repeating: "a", count: 1000) + "()", nil)
        check("rate(foo)", nil)
    }
}
