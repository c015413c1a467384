import Query
import Testing

/// Queries over several lines, in the shape of Prometheus' own formatter.
@Suite struct PromQLFormatterTests {
    private func formatted(_ text: String) throws -> String {
        PromQLFormatter.format(try parse(text, experimental: true), source: text)
    }

    @Test func shortQueriesStayOnALine() throws {
        func check(_ text: String, _ expected: String) throws { #expect(try formatted(text) == expected) }
        try check("sum(rate(a[5m]))by(x)", "sum by (x) (rate(a[5m]))")
        try check("-(a+b)", "-(a + b)")
        try check("  a[5m:1m]  offset  90", "a[5m:1m] offset 1m30s")
        try check("a and on(x)b", "a and on (x) b")
        try check("'x'", #""x""#)
    }

    @Test func longQueriesAreOpened() throws {
        let long = #"{environment="production", team="storage", cluster="eu-central-1a", shelf="the top one"}"#
        let selector =
            #"{cluster="eu-central-1a",environment="production",shelf="the top one",team="storage"}"#
        #expect(
            try formatted("sum without(instance) (rate(reqs\(long)[5m])) / 2") == """
                  sum without (instance) (
                    rate(reqs\(selector)[5m])
                  )
                /
                  2
                """)
        #expect(
            try formatted("a\(long) * on(x) group_left(y) b\(long)") == """
                  a\(selector)
                * on (x) group_left (y)
                  b\(selector)
                """)
        #expect(
            try formatted("topk(3, (sum(reqs\(long)) > bool 1))") == """
                topk(
                  3,
                  (
                      sum(reqs\(selector))
                    > bool
                      1
                  )
                )
                """)
        #expect(
            try formatted("-label_replace(some_quite_long_metric\(long), 'a', '$1', 'b', '(.*)')") == """
                -label_replace(
                  some_quite_long_metric\(selector),
                  "a",
                  "$1",
                  "b",
                  "(.*)"
                )
                """)
        #expect(
            try formatted("max_over_time(sum(http_requests_total\(long))[1h:5m] offset 1d)") == """
                max_over_time(
                  sum(
                    http_requests_total\(selector)
                  )[1h:5m] offset 1d
                )
                """)
    }

    /// Whatever the lines, the tree is the same.
    @Test func readsBackAsTheSameQuery() throws {
        var generator = QueryGenerator(seed: 7)
        for _ in 0..<200 {
            let query = "(\(generator.vector(4)) or \(generator.vector(4)) or \(generator.vector(4)))"
            let tree = try parse(query, experimental: true)
            let text = PromQLFormatter.format(tree, source: query)
            #expect(
                Printer.print(try parse(text, experimental: true), source: text) == Printer.print(tree, source: query))
            // Formatting what is formatted changes nothing.
            #expect(PromQLFormatter.format(try parse(text, experimental: true), source: text) == text)
        }
    }
}
