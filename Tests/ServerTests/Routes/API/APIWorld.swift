import Formats
import Model
import Query
import Server
import TSDB
import TestSupport

/// A server of Prometheus' API on a store in a folder of its own.
final class APIWorld {
    let folder = TemporaryFolder()
    let store: Store
    let server: HTTPServer
    let client: TestClient
    static let now: Int64 = 1_700_000_000_000

    init(
        isReadOnly: Bool = false, timeout: Duration = .seconds(60), cache: ResultCache? = nil,
        slowQueries: SlowQueryLog? = nil
    ) throws {
        store = try Store(at: folder.path, access: .write(HostIdentity(name: "test", machineID: "0")))
        var api = APIServices(
            store: store, engine: QueryEngine(limits: QueryLimits(timeout: timeout)), cache: cache,
            slowQueries: slowQueries,
            now: { Timestamp(milliseconds: APIWorld.now) }, started: Timestamp(milliseconds: APIWorld.now),
            version: "1.2.3", flags: [("query.timeout", "1m")])
        if isReadOnly {
            api.readOnlyReason = "process 42 records here"
        } else {
            api.inbox = Inbox(into: store, source: "t")
        }
        let services = Services(version: "mon", metrics: { _, _ in ExpositionPage([]) }, api: api)
        server = try HTTPServer.start(address: "127.0.0.1:0", routes: Routes.all(services))
        client = TestClient(port: server.port)
    }

    deinit { server.stop(within: .seconds(5)) }

    /// `count` series `m{i="…"}`, a sample a minute for an hour up to ``now``, the value the number of the minute.
    func fill(_ count: Int = 3) throws {
        var batch = ImportBatch()
        for number in 0..<count {
            batch.series.append(Labels(name: "m", ["i": "\(number)"]))
            for minute in 0...60 {
                batch.append(UInt32(number), APIWorld.now - Int64(60 - minute) * 60_000, Double(minute))
            }
        }
        batch.families.append(MetricFamily(name: "m", kind: .gauge, unit: "bytes", help: "What m is."))
        _ = try Inbox(into: store, source: "t").write(batch)
    }

    /// One sample, at so many seconds since 1970.
    func write(_ labels: Labels, at seconds: Int64, _ value: Double) throws {
        var batch = ImportBatch()
        batch.series.append(labels)
        batch.append(0, seconds * 1000, value)
        _ = try Inbox(into: store, source: "t").write(batch)
    }

    func get(_ path: String, headers: String = "") -> TestClient.Answer? { client.get(path, headers: headers) }

    func body(_ path: String) -> String { get(path)?.body ?? "none" }

    func post(_ path: String, _ body: [UInt8], headers: String) -> TestClient.Answer? {
        client.send("POST \(path) HTTP/1.1\r\nHost: t\r\nContent-Length: \(body.count)\r\n\(headers)\r\n")
        client.send(body)
        return client.answer()
    }

    func form(_ path: String, _ text: String) -> TestClient.Answer? {
        post(path, Array(text.utf8), headers: "Content-Type: application/x-www-form-urlencoded\r\n")
    }
}
