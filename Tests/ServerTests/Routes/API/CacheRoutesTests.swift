import Model
import Query
import Synchronization
import Testing

@testable import Server

/// The cache of results and the log of slow queries, as a client sees them.
@Suite struct CacheRoutesTests {
    private static let panel = "/api/v1/query_range?query=sum(m)&start=1699999400&step=60&end="

    @Test func saysWhatTheCacheHad() throws {
        let world = try APIWorld(cache: ResultCache(bytesMax: 1 << 20))
        try world.fill()
        func ask(_ end: Int, _ more: String = "") throws -> (String?, String) {
            let answer = try #require(world.get("\(Self.panel)\(end)\(more)"))
            #expect(answer.status == 200)
            return (answer.headers["x-mon-cache"], answer.body)
        }
        let first = try ask(1_699_999_880)
        #expect(first.0 == "miss")
        let again = try ask(1_699_999_880)
        #expect(again.0 == "hit" && again.1 == first.1)
        let longer = try ask(1_700_000_000)
        #expect(longer.0 == "partial")
        let fresh = try ask(1_700_000_000, "&nocache=1")
        #expect(fresh.0 == nil && fresh.1 == longer.1)
        // A sample of the past: what was kept since then is evaluated again.
        try world.write(Labels(name: "m", ["i": "late"]), at: 1_699_999_760, 5)
        let late = try ask(1_700_000_000)
        #expect(late.0 == "partial" && late.1 != longer.1)
        #expect(try ask(1_700_000_000, "&nocache=1").1 == late.1)
        // An instant query has one step.
        #expect(world.get("/api/v1/query?query=m")?.headers["x-mon-cache"] == nil)
        #expect(world.get("/api/v1/query_range?query=m+@+1&start=1&end=9&step=1")?.headers["x-mon-cache"] == "bypass")
        let page = world.body("/metrics")
        #expect(page.contains("agent_query_cache_requests_total{result=\"partial\"} 2\n"), "\(page)")
        #expect(page.contains("# TYPE agent_query_cache_size_bytes gauge\n"))
    }

    @Test func slowQueriesAreTold() throws {
        let told = Mutex<[SlowQuery]>([])
        let log = SlowQueryLog(threshold: .zero) { query in told.withLock { $0.append(query) } }
        let world = try APIWorld(slowQueries: log)
        try world.fill()
        _ = world.body(Self.panel + "1699999880")
        _ = world.body("/api/v1/query?query=m+%2B+on()+m&time=1700000000")
        _ = world.body("/api/v1/query?query=" + "1+%23" + String(repeating: "a", count: 5000))
        // What is no query costs nothing.
        _ = world.body("/api/v1/query?query=sum(")
        let queries = told.withLock { $0 }
        try #require(queries.count == 3)
        #expect(queries[0].expression == "sum(m)" && queries[0].failure == nil && queries[0].statistics.series == 3)
        #expect(queries[0].client.hasPrefix("127.0.0.1:"))
        #expect(queries[1].failure?.contains("many-to-many") == true)
        #expect(queries[2].expression.hasSuffix("…") && queries[2].expression.utf8.count < 2100)
    }

    @Test func quickQueriesAreNot() throws {
        let log = SlowQueryLog(threshold: .seconds(3600)) { _ in Issue.record("told of a quick query") }
        let world = try APIWorld(slowQueries: log)
        _ = world.body("/api/v1/query?query=1")
    }
}
