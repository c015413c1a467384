import Formats
import Model
import Query
import Synchronization
import Testing

@testable import Server

@Suite struct RoutesTests {
    private func withServer(isReady: Bool = true, _ body: (TestClient) throws -> Void) throws {
        let family = ExpositionFamily(
            family: MetricFamily(name: "reads_total", kind: .counter, help: "Reads."),
            samples: [ExpositionSample(labels: Labels(name: "reads_total"), value: 3)])
        let services = Services(version: "mon <1>", metrics: { _, _ in ExpositionPage([family]) }, isReady: { isReady })
        let server = try HTTPServer.start(address: "127.0.0.1:0", routes: Routes.all(services))
        defer { server.stop(within: .seconds(5)) }
        try body(TestClient(port: server.port))
    }

    @Test func metricsInBothTexts() throws {
        try withServer { client in
            let text = try #require(client.get("/metrics"))
            #expect(text.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(text.headers["vary"] == "Accept")
            #expect(text.body == "# HELP reads_total Reads.\n# TYPE reads_total counter\nreads_total 3\n")
            let open = try #require(client.get("/metrics", headers: "Accept: application/openmetrics-text\r\n"))
            #expect(open.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8")
            #expect(open.body == "# HELP reads Reads.\n# TYPE reads counter\nreads_total 3\n# EOF\n")
        }
    }

    @Test func metricsUnderOtherNames() throws {
        @Sendable func family(_ names: NameForm) -> ExpositionFamily {
            let name = "as_\(names.rawValue)"
            return ExpositionFamily(
                family: MetricFamily(name: name, kind: .gauge, help: ""),
                samples: [ExpositionSample(labels: Labels(name: name), value: 1)])
        }
        let services = Services(
            version: "mon", names: .both, metrics: { page, _ in ExpositionPage([family(page.names)]) })
        let server = try HTTPServer.start(address: "127.0.0.1:0", routes: Routes.all(services))
        defer { server.stop(within: .seconds(5)) }
        let client = TestClient(port: server.port)
        #expect(client.get("/metrics")?.body == "# TYPE as_both gauge\nas_both 1\n")
        for names in NameForm.allCases {
            let page = client.get("/metrics?names=\(names.rawValue)")
            #expect(page?.body == "# TYPE as_\(names.rawValue) gauge\nas_\(names.rawValue) 1\n")
        }
        let refused = try #require(client.get("/metrics?names=nod"))
        #expect(refused.status == 400)
        #expect(refused.body.contains("names=nod: possible are native, modern, both, node"))
    }

    /// A gauge with a sample a collector that is asked for, or `all`.
    private static func figures(_ page: MetricsPage, _ format: ExpositionFormat) -> ExpositionPage {
        let collectors = page.collectors?.sorted() ?? ["all"]
        let family = ExpositionFamily(
            family: MetricFamily(name: "of", kind: .gauge, help: ""),
            samples: collectors.map { ExpositionSample(labels: Labels(name: "of", ["collector": $0]), value: 1) })
        return ExpositionPage([family])
    }

    @Test func metricsOfSomeCollectors() throws {
        var services = Services(version: "mon", metrics: RoutesTests.figures)
        services.collectors = ["cpu", "disk", "network"]
        let server = try HTTPServer.start(address: "127.0.0.1:0", routes: Routes.all(services))
        defer { server.stop(within: .seconds(5)) }
        let client = TestClient(port: server.port)
        #expect(client.get("/metrics?other=1")?.body == "# TYPE of gauge\nof{collector=\"all\"} 1\n")
        #expect(
            client.get("/metrics?collect[]=network&collect%5B%5D=cpu&names=node")?.body
                == "# TYPE of gauge\nof{collector=\"cpu\"} 1\nof{collector=\"network\"} 1\n")
        let refused = try #require(client.get("/metrics?collect[]=cpu&collect[]=meminfo"))
        #expect(refused.status == 400)
        #expect(
            refused.body == "collect[]=meminfo: there is no such collector; possible are cpu, disk, network\n")
    }

    @Test func aPageIsMadeOncePerScrapeAndForm() throws {
        let made = Mutex(0)
        let version = Mutex<UInt64>(1)
        var services = Services(version: "mon") { page, _ in
            let count = made.withLock { count in
                count += 1
                return count
            }
            let made = ExpositionFamily(
                family: MetricFamily(name: "made", kind: .gauge, help: String(repeating: "x", count: 2000)),
                samples: [ExpositionSample(labels: Labels(name: "made"), value: Double(count))])
            return ExpositionPage([made])
        }
        services.metricsVersion = { version.withLock { $0 } }
        let server = try HTTPServer.start(address: "127.0.0.1:0", routes: Routes.all(services))
        defer { server.stop(within: .seconds(5)) }
        let client = TestClient(port: server.port)
        let first = try #require(client.get("/metrics"))
        #expect(first.body.hasSuffix("made 1\n"))
        #expect(client.get("/metrics")?.body == first.body)
        let open = "Accept: application/openmetrics-text\r\n"
        #expect(client.get("/metrics", headers: open)?.body.hasSuffix("made 2\n# EOF\n") == true)
        #expect(client.get("/metrics")?.body == first.body)
        // Another form of the same scrape is another page; packed, one cannot read it, but it says what it is.
        let packed = try #require(client.head("/metrics", headers: "Accept-Encoding: br, gzip;q=0.5\r\n"))
        #expect(packed["content-encoding"] == "gzip")
        #expect(packed["vary"] == "Accept, Accept-Encoding")
        let refused = try #require(client.head("/metrics", headers: "Accept-Encoding: gzip;q=0\r\n"))
        #expect(refused["vary"] == "Accept, Accept-Encoding")
        #expect(refused["content-encoding"] == nil)
        let before = made.withLock { $0 }
        version.withLock { $0 = 2 }
        #expect(client.get("/metrics")?.body.hasSuffix("made \(before + 1)\n") == true)
    }

    @Test func noMoreThanTwoPagesAreKept() {
        let pages = KeptPages()
        func key(_ names: NameForm) -> KeptPages.Key {
            KeptPages.Key(page: MetricsPage(names: names), format: .text, isPacked: false)
        }
        for names in [NameForm.native, .modern, .node] { pages.keep(.text(names.rawValue), key(names), 7) }
        #expect(pages.response(key(.native), 7) == nil)
        #expect(pages.response(key(.modern), 7) != nil && pages.response(key(.node), 7) != nil)
        #expect(pages.response(key(.node), 8) == nil)
        pages.keep(.text("new"), key(.native), 8)
        #expect(pages.response(key(.node), 7) == nil)
    }

    @Test func health() throws {
        try withServer(isReady: false) { client in
            #expect(client.get("/-/healthy")?.status == 200)
            #expect(client.get("/-/ready")?.status == 503)
        }
        try withServer { client in #expect(client.get("/-/ready")?.status == 200) }
    }

    @Test func startPageListsEveryRoute() throws {
        try withServer { client in
            let page = try #require(client.get("/"))
            #expect(page.headers["content-type"] == "text/html; charset=utf-8")
            #expect(page.body.contains("mon &lt;1&gt;"))
            for path in ["/metrics", "/-/healthy", "/-/ready"] {
                #expect(page.body.contains("<a href=\"\(path)\">"))
            }
        }
    }
}
