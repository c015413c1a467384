import Formats
import Testing

@Suite struct ContentNegotiationTests {
    @Test func table() {
        func check(_ accept: String?, _ expected: ExpositionFormat, line: Int = #line) {
            #expect(ContentNegotiation.format(accept: accept) == expected, "line \(line)")
        }
        check(nil, .text)
        check("", .text)
        check("*/*", .text)
        check("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", .text)
        check("application/openmetrics-text", .openMetrics)
        check("application/openmetrics-text; version=1.0.0", .openMetrics)
        check("APPLICATION/OpenMetrics-Text;Version=\"1.0.0\";charset=utf-8", .openMetrics)
        check("application/openmetrics-text;version=2.0.0", .text)
        check(
            "application/openmetrics-text;version=2.0.0,application/openmetrics-text;version=0.0.1;q=0.1", .openMetrics)
        check("application/openmetrics-text;q=0", .text)
        check("application/openmetrics-text;q=0.3,text/plain;q=0.4", .text)
        check("text/plain,application/openmetrics-text", .openMetrics)
        check("application/openmetrics-text;q=0.5,*/*;q=0.6", .text)
        check("application/openmetrics-text;q=0.5,text/plain;q=0.2,*/*;q=0.9", .openMetrics)
        check("application/openmetrics-text;q=zero", .text)
        check(";;,,q=1", .text)
        // What Prometheus 3 sends.
        check(
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                + "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;"
                + "q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", .openMetrics)
        // A scraper that is told to take the text first.
        check("text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.2", .text)
    }
}
