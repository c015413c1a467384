import Formats
package import Query
import Synchronization

/// `/metrics`: the current values, for Prometheus and its kin. `?names=` says under which names, `?collect[]=` of which
/// collectors, as node_exporter has it.
enum MetricsRoute {
    static func route(_ services: Services) -> Route {
        let kept = KeptPages()
        return Route(.get, "/metrics", summary: "current values, as Prometheus text or OpenMetrics by Accept") {
            request in
            let page: MetricsPage
            switch asked(request, services) {
            case .page(let asked): page = asked
            case .refused(let reason): return .text(status: 400, reason)
            }
            let key = KeptPages.Key(
                page: page, format: ContentNegotiation.format(accept: request.header("Accept")),
                isPacked: Gzip.accepts(request.header("Accept-Encoding")))
            // Read before the values: a page is never kept for a version that is younger than it.
            let version = services.metricsVersion()
            if let version, let response = kept.response(key, version) { return response }
            let response = try make(key, services, kept)
            if let version { kept.keep(response, key, version) }
            return response
        }
    }

    private enum Asked {
        case page(MetricsPage)
        case refused(String)
    }

    private static func asked(_ request: Request, _ services: Services) -> Asked {
        var page = MetricsPage(names: services.names, collectors: nil)
        for (name, value) in request.parameters {
            switch name {
            case "names":
                guard let names = NameForm(rawValue: value) else {
                    let possible = NameForm.allCases.map(\.rawValue).joined(separator: ", ")
                    return .refused("names=\(value): possible are \(possible)")
                }
                page.names = names
            case "collect[]":
                guard services.collectors.contains(value) else {
                    let possible = services.collectors.joined(separator: ", ")
                    return .refused("collect[]=\(value): there is no such collector; possible are \(possible)")
                }
                page.collectors = (page.collectors ?? []).union([value])
            // A scraper may add what is meant for another exporter.
            default: break
            }
        }
        return .page(page)
    }

    private static func make(_ key: KeptPages.Key, _ services: Services, _ kept: KeptPages) throws -> Response {
        // node_exporter has no such figures.
        let isAboutAgent = key.page.names != .node && key.page.collectors?.contains("agent") ?? true
        let own = isAboutAgent ? services.api?.cache.map(CacheFigures.families) ?? [] : []
        var writer = TextWriter()
        writer.reserve(kept.textBytes)
        var page = try services.metrics(key.page, key.format)
        page.families += own
        ExpositionWriter.write(page, as: key.format, into: &writer)
        kept.made(writer.bytes.count)
        var response = Response(contentType: key.format.mediaType, writer.take())
        response.headers.append(("Vary", "Accept"))
        Gzip.pack(&response, acceptEncoding: key.isPacked ? "gzip" : nil)
        return response
    }
}

/// What a page of current values shows.
package struct MetricsPage: Hashable, Sendable {
    package var names: NameForm
    /// Names of collectors, or of sections of them; nil for all.
    package var collectors: Set<String>?

    package init(names: NameForm, collectors: Set<String>? = nil) {
        self.names = names
        self.collectors = collectors
    }
}

/// The pages that were made last, as they went out: scrapers of one tick get the same bytes.
///
/// Two, because a Prometheus asks for one form and a person beside it for another. Packed, the page of 700 series takes
/// 12 KiB.
final class KeptPages: Sendable {
    struct Key: Hashable {
        var page: MetricsPage
        var format: ExpositionFormat
        var isPacked: Bool
    }

    private struct Kept {
        var key: Key
        var version: UInt64
        var response: Response
    }

    static let countMax = 2

    private let pages = Mutex<[Kept]>([])
    private let largestBytes = Mutex(0)

    /// Room for the text of a page: a little more than the largest so far took, so that it does not move as it grows.
    var textBytes: Int { largestBytes.withLock { max($0 + $0 / 16, 16 << 10) } }

    /// Takes note of how long the text of a page was.
    func made(_ textBytes: Int) { largestBytes.withLock { $0 = max($0, textBytes) } }

    func response(_ key: Key, _ version: UInt64) -> Response? {
        pages.withLock { pages in pages.first { $0.key == key && $0.version == version }?.response }
    }

    /// Forgets what is of another version, and of the others the oldest.
    func keep(_ response: Response, _ key: Key, _ version: UInt64) {
        pages.withLock { pages in
            pages.removeAll { $0.version != version || $0.key == key }
            if pages.count == KeptPages.countMax { pages.removeFirst() }
            pages.append(Kept(key: key, version: version, response: response))
        }
    }
}
