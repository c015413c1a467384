import Formats
import Query
import Testing

/// Trees as Prometheus' `/api/v1/parse_query` writes them.
@Suite struct SyntaxTreeJSONTests {
    private func check(_ query: String, _ expected: String) throws {
        var writer = TextWriter()
        SyntaxTreeJSON.write(try QueryEngine(acceptsExperimental: true).parse(query), into: &writer)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
    }

    private func selector(_ name: String, offset: Int = 0, border: String = "null", time: String = "null") -> String {
        #"{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"\#(name)"}],"name":"\#(name)","#
            + #""offset":\#(offset),"smoothed":false,"startOrEnd":\#(border),"timestamp":\#(time),"#
            + #""type":"vectorSelector"}"#
    }

    @Test func literalsAndSigns() throws {
        try check("1.5", #"{"type":"numberLiteral","val":"1.5"}"#)
        try check("Inf", #"{"type":"numberLiteral","val":"+Inf"}"#)
        try check(#""a\"b""#, #"{"type":"stringLiteral","val":"a\"b"}"#)
        try check("-(a)", #"{"expr":{"expr":\#(selector("a")),"type":"parenExpr"},"op":"-","type":"unaryExpr"}"#)
    }

    @Test func selectors() throws {
        try check("a offset 90", selector("a", offset: 90_000))
        try check("a @ 1.5", selector("a", time: "1500"))
        try check("a @ end() offset -1m", selector("a", offset: -60_000, border: #""end""#))
        try check(
            #"{x!~""}[5m]"#,
            #"{"anchored":false,"matchers":[{"name":"x","type":"!~","value":""}],"name":"","offset":0,"range":300000,"#
                + #""smoothed":false,"startOrEnd":null,"timestamp":null,"type":"matrixSelector"}"#)
        try check(
            "a[1h:5m] @ start()",
            #"{"expr":\#(selector("a")),"offset":0,"range":3600000,"startOrEnd":"start","step":300000,"#
                + #""timestamp":null,"type":"subquery"}"#)
    }

    @Test func callsAndAggregations() throws {
        try check(
            "round(a)",
            #"{"args":[\#(selector("a"))],"func":{"argTypes":["vector","scalar"],"name":"round","#
                + #""returnType":"vector","variadic":1},"type":"call"}"#)
        try check(
            "time()",
            #"{"args":[],"func":{"argTypes":[],"name":"time","returnType":"scalar","variadic":0},"type":"call"}"#)
        try check(
            "topk without (x, y) (3, a)",
            #"{"expr":\#(selector("a")),"grouping":["x","y"],"op":"topk","#
                + #""param":{"type":"numberLiteral","val":"3"},"type":"aggregation","without":true}"#)
        try check(
            "sum(a)",
            #"{"expr":\#(selector("a")),"grouping":[],"op":"sum","param":null,"type":"aggregation","without":false}"#)
    }

    @Test func operators() throws {
        try check(
            "a > bool 1",
            #"{"bool":true,"lhs":\#(selector("a")),"matching":null,"op":">","rhs":{"type":"numberLiteral","val":"1"},"#
                + #""type":"binaryExpr"}"#)
        try check(
            "a * on (x) group_left (y) b",
            #"{"bool":false,"lhs":\#(selector("a")),"matching":{"card":"many-to-one","#
                + #""fillValues":{"lhs":null,"rhs":null},"include":["y"],"labels":["x"],"on":true},"op":"*","#
                + #""rhs":\#(selector("b")),"type":"binaryExpr"}"#)
        try check(
            "a + fill_left (0) b",
            #"{"bool":false,"lhs":\#(selector("a")),"matching":{"card":"one-to-one","#
                + #""fillValues":{"lhs":0,"rhs":null},"include":[],"labels":[],"on":false},"op":"+","#
                + #""rhs":\#(selector("b")),"type":"binaryExpr"}"#)
    }

    @Test func envelopes() throws {
        var writer = TextWriter()
        PrometheusJSON.write(tree: try QueryEngine().parse("1"), into: &writer)
        PrometheusJSON.write(text: "a\n+ b", into: &writer)
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == #"{"status":"success","data":{"type":"numberLiteral","val":"1"}}"#
                + #"{"status":"success","data":"a\n+ b"}"#)
    }
}
