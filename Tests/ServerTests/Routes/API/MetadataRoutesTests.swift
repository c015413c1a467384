import Testing

@testable import Server

@Suite struct MetadataRoutesTests {
    @Test func seriesLabelsAndValues() throws {
        let world = try APIWorld()
        try world.fill(3)
        func data(_ path: String) -> String {
            let body = world.body("/api/v1/" + path)
            let begin = "{\"status\":\"success\",\"data\":"
            return body.hasPrefix(begin) ? String(body.dropFirst(begin.count).dropLast()) : body
        }
        #expect(
            data("series?match[]=m%7Bi%3D~%220|2%22%7D")
                == "[{\"__name__\":\"m\",\"i\":\"0\"},{\"__name__\":\"m\",\"i\":\"2\"}]")
        #expect(data("series?match[]=m&start=0&end=1") == "[]")
        #expect(data("series?match[]=m%7Bi=%220%22%7D&match[]=m%7Bi=%221%22%7D").hasSuffix("\"i\":\"1\"}]"))
        #expect(
            data("series?match[]=m&limit=1")
                == "[{\"__name__\":\"m\",\"i\":\"0\"}],\"warnings\":[\"results truncated due to limit\"]")
        #expect(data("labels") == "[\"__name__\",\"i\"]")
        #expect(data("labels?match[]=none") == "[]")
        #expect(data("label/i/values") == "[\"0\",\"1\",\"2\"]")
        #expect(data("label/U__i/values?match[]=m%7Bi%3D%221%22%7D") == "[\"1\"]")
        #expect(data("label/__name__/values") == "[\"m\"]")
        #expect(data("metadata") == "{\"m\":[{\"type\":\"gauge\",\"help\":\"What m is.\",\"unit\":\"bytes\"}]}")
        #expect(data("metadata?metric=none") == "{}")
        #expect(world.form("/api/v1/labels", "match[]=m")?.body.contains("__name__") == true)
        #expect(SeriesRoutes.unescaped("U__a_2e_b__c") == "a.b_c" && SeriesRoutes.unescaped("U__a_zz_") == "U__a_zz_")
    }

    @Test func whatIsEmptyHere() throws {
        let world = try APIWorld()
        for (path, data) in [
            ("rules", "{\"groups\":[]}"), ("alerts", "{\"alerts\":[]}"), ("query_exemplars?query=m", "[]"),
            ("alertmanagers", "{\"activeAlertmanagers\":[],\"droppedAlertmanagers\":[]}"),
            ("targets", "{\"activeTargets\":[],\"droppedTargets\":[],\"droppedTargetCounts\":{}}"),
            ("status/config", "{\"yaml\":\"\"}"), ("status/flags", "{\"query.timeout\":\"1m\"}"),
        ] {
            #expect(world.body("/api/v1/" + path) == "{\"status\":\"success\",\"data\":\(data)}")
        }
        #expect(world.body("/api/v1/features").contains("\"promql\":{"))
        #expect(world.body("/api/v1/status/buildinfo").contains("\"applicationVersion\":\"1.2.3\""))
        #expect(world.body("/api/v1/status/runtimeinfo").contains("\"startTime\":\"2023-11-14T22:13:20Z\""))
        try world.fill(3)
        let figures = world.body("/api/v1/status/tsdb?limit=1")
        #expect(figures.contains("\"numSeries\":3,") && figures.contains("\"maxTime\":1700000000000"))
        #expect(figures.contains("\"seriesCountByMetricName\":[{\"name\":\"m\",\"value\":3}]"))
    }

    @Test func formsAndTrees() throws {
        let world = try APIWorld()
        #expect(
            world.body("/api/v1/format_query?query=sum%20by(a)(rate(x%5B5m%5D))")
                == "{\"status\":\"success\",\"data\":\"sum by (a) (rate(x[5m]))\"}")
        #expect(
            world.body("/api/v1/parse_query?query=-rate(x%7Ba!%3D%22b%22%7D%5B5m%5D%20offset%201m)")
                == "{\"status\":\"success\",\"data\":{\"expr\":{\"args\":[{\"anchored\":false,"
                + "\"matchers\":[{\"name\":\"a\","
                + "\"type\":\"!=\",\"value\":\"b\"},{\"name\":\"__name__\",\"type\":\"=\",\"value\":\"x\"}],"
                + "\"name\":\"x\",\"offset\":60000,\"range\":300000,\"smoothed\":false,\"startOrEnd\":null,"
                + "\"timestamp\":null,\"type\":\"matrixSelector\"}],"
                + "\"func\":{\"argTypes\":[\"matrix\"],\"name\":\"rate\","
                + "\"returnType\":\"vector\",\"variadic\":0},\"type\":\"call\"},\"op\":\"-\",\"type\":\"unaryExpr\"}}")
        #expect(world.get("/api/v1/parse_query?query=sum(")?.status == 400)
    }
}
