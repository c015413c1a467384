import Formats
import Model
import Query
import Testing

@testable import Server

@Suite struct RoutesTests {
    private func withServer(isReady: Bool = true, _ body: (TestClient) throws -> Void) throws {
        let family = ExpositionFamily(
            family: MetricFamily(name: "reads_total", kind: .counter, help: "Reads."),
            samples: [ExpositionSample(labels: Labels(name: "reads_total"), value: 3)])
        let services = Services(version: "mon <1>", metrics: { _ in [family] }, isReady: { isReady })
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
        let services = Services(version: "mon", names: .both, metrics: { [family($0)] })
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
