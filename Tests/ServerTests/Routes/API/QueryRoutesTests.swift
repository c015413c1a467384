import Testing

@testable import Server

@Suite struct QueryRoutesTests {
    private func success(_ data: String) -> String { "{\"status\":\"success\",\"data\":\(data)}" }

    @Test func instantByGetAndByForm() throws {
        let world = try APIWorld()
        try world.fill(1)
        let expected = success(
            "{\"resultType\":\"vector\",\"result\":[{\"metric\":{\"__name__\":\"m\",\"i\":\"0\"},"
                + "\"value\":[1700000000,\"60\"]}]}")
        #expect(world.body("/api/v1/query?query=m") == expected)
        #expect(world.body("/api/v1/query?query=m&time=2023-11-14T22:13:20Z") == expected)
        #expect(world.form("/api/v1/query", "query=m%7Bi%3D%220%22%7D&time=1700000000.000")?.body == expected)
        #expect(world.get("/api/v1/query?query=m")?.headers["content-type"] == "application/json")
        #expect(
            world.body("/api/v1/query?query=m&time=1&lookback_delta=5m")
                == success("{\"resultType\":\"vector\",\"result\":[]}"))
        // What would overflow with a moment added.
        #expect(world.get("/api/v1/query?query=m&time=1&lookback_delta=9223372036854775")?.status == 400)
        #expect(
            world.body("/api/v1/query?query=1%2B1&time=0.5")
                == success("{\"resultType\":\"scalar\",\"result\":[0.5,\"2\"]}"))
    }

    @Test func range() throws {
        let world = try APIWorld()
        try world.fill(1)
        #expect(
            world.body("/api/v1/query_range?query=sum(m)&start=1699999880&end=1700000000&step=60")
                == success(
                    "{\"resultType\":\"matrix\",\"result\":[{\"metric\":{},\"values\":[[1699999880,\"58\"],"
                        + "[1699999940,\"59\"],[1700000000,\"60\"]]}]}"))
        let form = world.form(
            "/api/v1/query_range", "query=sum(m)&start=1699999880&end=1700000000&step=1m")
        #expect(form?.status == 200 && form?.body.contains("[1699999940,\"59\"]") == true)
    }

    @Test func refusalsInPrometheusWords() throws {
        let world = try APIWorld()
        func check(_ path: String, _ status: Int, _ type: String, _ message: String) {
            let answer = world.get("/api/v1/" + path)
            let error = "{\"status\":\"error\",\"errorType\":\"\(type)\",\"error\":\"\(message)\"}"
            #expect(answer?.status == status && answer?.body == error, "\(path): \(answer?.body ?? "none")")
        }
        func bad(_ path: String, _ message: String) { check(path, 400, "bad_data", message) }
        bad(
            "query", "invalid parameter \\\"query\\\": unknown position: parse error: no expression found in input")
        bad(
            "query?query=(&time=x&timeout=x",
            "invalid parameter \\\"time\\\": invalid time value for 'time': cannot parse \\\"x\\\" to a valid timestamp"
        )
        bad(
            "query_range?query=1&start=x&end=1&step=1",
            "invalid parameter \\\"start\\\": cannot parse \\\"x\\\" to a valid timestamp")
        bad(
            "query?query=1&time=x&limit=1e3",
            "invalid parameter \\\"limit\\\": strconv.Atoi: parsing \\\"1e3\\\": invalid syntax")
        bad(
            "query?query=1&limit=99999999999999999999",
            "invalid parameter \\\"limit\\\": strconv.Atoi: parsing \\\"99999999999999999999\\\": value out of range")
        bad(
            "query?query=1&timeout=1e30",
            "invalid parameter \\\"timeout\\\": cannot parse \\\"1e30\\\" to a valid duration. It overflows int64")
        bad(
            "query?query=1&lookback_delta=x",
            "error parsing lookback delta duration: cannot parse \\\"x\\\" to a valid duration")
        #expect(world.get("/api/v1/query?query=1&lookback_delta=-300")?.status == 200)
        bad("query?query=1&limit=-1", "invalid parameter \\\"limit\\\": limit must be non-negative")
        bad("query?query=1&timeout=x", "invalid parameter \\\"timeout\\\": cannot parse \\\"x\\\" to a valid duration")
        bad(
            "query_range?query=1&start=2&end=1&step=1",
            "invalid parameter \\\"end\\\": end timestamp must not be before start time")
        bad(
            "query_range?query=1&start=1&end=2&step=0",
            "invalid parameter \\\"step\\\": zero or negative query resolution step widths are not accepted. "
                + "Try a positive integer")
        bad(
            "query_range?query=1&start=0&end=11001&step=1",
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution "
                + "(?step=XX)")
        bad(
            "query_range?query=m%5B5m%5D&start=1&end=2&step=1",
            "invalid parameter \\\"query\\\": invalid expression type \\\"range vector\\\" for range query, must be "
                + "Scalar or instant Vector")
        bad("series?limit=x", "no match[] parameter provided")
        bad("labels?match[]=%7Ba%3D%22%22%7D", "match[] must contain at least one non-empty matcher")
        bad(
            "label/a/values?match[]=%7B%7D&match[]=%7B",
            "1:2: parse error: unexpected end of input inside braces")
        bad(
            "series?match[]=a&start=x",
            "invalid parameter \\\"start\\\": invalid time value for 'start': cannot parse \\\"x\\\" to a valid "
                + "timestamp")
        bad("query_exemplars?query=(&start=2&end=1", "end timestamp must not be before start timestamp")
        bad("query_exemplars?query=(&start=1&end=2", "1:2: parse error: unclosed left parenthesis")
        bad(
            "series?match[]=%7Ba%3D%22%22%7D",
            "invalid parameter \\\"match[]\\\": match[] must contain at least one non-empty matcher")
        #expect(world.get("/api/v1/query_range?query=1&start=0&end=11000&step=1")?.status == 200)
        try world.fill(2)
        check(
            "query?query=label_replace(m,%22i%22,%22%22,%22%22,%22%22)", 422, "execution",
            "vector cannot contain metrics with the same labelset")
        check(
            "query?query=m&timeout=0", 503, "timeout",
            "query timed out in expression evaluation after 0.0 seconds; ask for a shorter range, a longer step or "
                + "fewer series, or raise the query timeout")
    }

    @Test func limitAndStatistics() throws {
        let world = try APIWorld()
        try world.fill(3)
        let limited = world.body("/api/v1/query?query=m&limit=2")
        #expect(limited.hasSuffix(",\"warnings\":[\"results truncated due to limit\"]}"))
        #expect(limited.contains("\"i\":\"1\"") && !limited.contains("\"i\":\"2\""))
        #expect(!world.body("/api/v1/query?query=m&limit=3").contains("warnings"))
        let statistics = world.body("/api/v1/query?query=m&stats=all")
        #expect(statistics.contains("\"stats\":{\"timings\":{\"evalTotalTime\":"))
        #expect(statistics.contains("\"samples\":{\"totalQueryableSamples\":"))
        #expect(world.body("/api/v1/query?query=rate(m[5m])").contains("\"infos\":[\"PromQL info: metric"))
    }

    @Test func gzipWhereItIsTaken() throws {
        let world = try APIWorld()
        try world.fill(40)
        let plain = try #require(world.get("/api/v1/query?query=m"))
        #expect(plain.headers["content-encoding"] == nil && plain.headers["vary"] == "Accept-Encoding")
        let packed = try #require(
            world.get("/api/v1/query?query=m", headers: "Accept-Encoding: deflate, gzip;q=0.5\r\n"))
        #expect(packed.headers["content-encoding"] == "gzip")
        let length = try #require(packed.headers["content-length"].flatMap { Int($0) })
        #expect(length * 4 < plain.body.utf8.count)
        #expect(
            world.get("/api/v1/query?query=1", headers: "Accept-Encoding: gzip\r\n")?.headers["content-encoding"] == nil
        )
        for (header, expected) in [("gzip;q=0", false), ("*", true), ("br", false), ("x-gzip", true)] {
            #expect(Gzip.accepts(header) == expected, "\(header)")
        }
    }

    /// A query whose client has left ends soon, and its thread is free for others.
    @Test func endsWhenTheClientLeaves() throws {
        let world = try APIWorld()
        try world.fill(400)
        // Half a minute in a debug build.
        let slow =
            "/api/v1/query_range?query=sum(sum_over_time(m[10m:1s]))&start=1699998000&end=1700000000&step=1"
        let clock = ContinuousClock()
        // As many as there are threads for queries.
        for _ in 0..<ServerLimits().longWorkerCount {
            let client = TestClient(port: world.server.port)
            client.send("GET \(slow) HTTP/1.1\r\nHost: t\r\n\r\n")
        }
        let begun = clock.now
        #expect(world.get("/api/v1/query?query=1")?.status == 200)
        #expect(clock.now - begun < .seconds(2))
    }
}
