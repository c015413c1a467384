import Formats
import Model
import Query
import TSDB

/// The body of a remote-write or remote-read request, out of its Snappy block.
enum RemoteBody {
    /// Bytes on the wire; Prometheus' own senders stay below 1 MB.
    static let packedBytesMax = 16 << 20
    /// Bytes of the message.
    static let bytesMax = 64 << 20

    /// - Throws: a response: 415 for what is not packed by Snappy, 413 for too much, 400 for what is no block.
    static func unpack(_ request: Request) throws(Refusal) -> [UInt8] {
        if let encoding = request.header("Content-Encoding"), encoding.lowercased() != "snappy" {
            throw Refusal(415, "Content-Encoding \(encoding): only snappy is taken")
        }
        do throws(WireError) {
            return try Snappy.decode(request.body, most: bytesMax)
        } catch {
            if case .tooLarge = error { throw Refusal(413, "the message is too large: \(error)") }
            throw Refusal(400, "this is no Snappy block: \(error)")
        }
    }

    /// What `body` answers, or refuses to.
    static func answer(_ body: () throws -> Response) throws -> Response {
        do {
            return try body()
        } catch let refusal as Refusal {
            return refusal.response
        }
    }

    struct Refusal: Error {
        let response: Response

        init(_ status: Int, _ text: String) { response = .text(status: status, text) }
    }
}

/// `/api/v1/write`: Prometheus remote write 1.0 and 2.0. What is answered with 204 is committed and can be read.
enum RemoteWriteRoute {
    static func route(_ services: APIServices) -> Route {
        Route(
            .post, "/api/v1/write", summary: "Prometheus remote write 1.0 and 2.0",
            bodyBytesMax: RemoteBody.packedBytesMax, lane: .writing
        ) { request in
            try RemoteBody.answer { () throws -> Response in try answer(request, services) }
        }
    }

    /// How far a sample may lie in the future: a sender's clock may be ahead. Later ones would be the newest of their
    /// series for as long as their clock was wrong, and outlive all others. Prometheus' receiver has the same bound.
    private static let millisecondsAheadMax: Int64 = 600_000

    private static func answer(_ request: Request, _ services: APIServices) throws -> Response {
        let version = try version(of: request)
        guard let inbox = services.inbox else {
            var response = Response.text(status: 503, services.readOnlyReason)
            response.headers.append(("Retry-After", "60"))
            return response
        }
        let bytes = try RemoteBody.unpack(request)
        var written: WriteRequest
        do throws(WireError) {
            written = try WriteRequest(bytes, version)
        } catch {
            if case .tooManySamples = error { throw RemoteBody.Refusal(413, "\(error)") }
            throw RemoteBody.Refusal(400, "this is no message of remote write: \(error)")
        }
        let ahead = written.batch.dropSamples(after: services.now().milliseconds + millisecondsAheadMax)
        let outcome: ImportOutcome
        guard InboxLimits.spansMax >= written.batch.spanCount else {
            throw RemoteBody.Refusal(
                400, "samples of more than \(InboxLimits.spansMax) spans of two hours; send them in several messages")
        }
        do throws(StoreError) {
            outcome = try inbox.write(written.batch)
        } catch {
            switch error {
            case .refused(let cause, _) where cause != .damagedFile: break
            default: return .text(status: 500, "nothing was written: \(error)")
            }
            // The sender keeps its samples and tries again.
            var response = Response.text(status: 503, "nothing was written: \(error)")
            response.headers.append(("Retry-After", "5"))
            return response
        }
        let kept = outcome.samples - outcome.samplesOutOfTime - outcome.refusedSamples
        var problems = problems(written, outcome, daySeriesMax: services.store.daySeriesMax)
        if ahead > 0 {
            problems.append(
                "\(ahead) samples of times more than ten minutes ahead of this server's clock; is the sender's right?")
        }
        var response =
            problems.isEmpty
            ? Response(status: 204)
            : .text(status: 400, "\(kept) samples were written; not written: \(problems.joined(separator: "; "))")
        response.headers.append(("X-Prometheus-Remote-Write-Samples-Written", "\(kept)"))
        response.headers.append(("X-Prometheus-Remote-Write-Histograms-Written", "0"))
        response.headers.append(("X-Prometheus-Remote-Write-Exemplars-Written", "0"))
        return response
    }

    /// By the Content-Type, as the specification of 2.0 has it; without one it is 1.0.
    private static func version(of request: Request) throws(RemoteBody.Refusal) -> WriteRequest.Version {
        guard let type = request.header("Content-Type") else { return .one }
        let parts = type.split(separator: ";").map { part in
            String(part.drop { $0 == " " }).lowercased().filter { $0 != " " && $0 != "\"" }
        }
        let known = "application/x-protobuf"
        guard parts.first == known else {
            throw RemoteBody.Refusal(415, "Content-Type \(type): \(known) is taken")
        }
        switch parts.first(where: { $0.hasPrefix("proto=") }) {
        case nil, "proto=prometheus.writerequest": return .one
        case "proto=io.prometheus.write.v2.request": return .two
        case .some(let other):
            throw RemoteBody.Refusal(
                415,
                "Content-Type \(other): proto=prometheus.WriteRequest and "
                    + "proto=io.prometheus.write.v2.Request are taken"
            )
        }
    }

    /// What was not written and will not be however often it comes. Exemplars are not samples: that they are not kept
    /// is what their header says.
    private static func problems(
        _ written: WriteRequest, _ outcome: ImportOutcome, daySeriesMax: Int
    ) -> [String] {
        var problems: [String] = []
        if written.histograms > 0 {
            problems.append("\(written.histograms) samples of native histograms, which this store does not keep")
        }
        if written.invalidSeries > 0 {
            problems.append(
                "\(written.invalidSamples) samples of \(written.invalidSeries) series that are none, the first: "
                    + (written.firstProblem ?? ""))
        }
        if outcome.samplesOutOfTime > 0 {
            problems.append("\(outcome.samplesOutOfTime) samples of times that no store holds")
        }
        if let first = outcome.firstRefused {
            problems.append(
                "\(outcome.refusedSamples) samples of \(outcome.refusedSeries) series beyond the "
                    + "\(daySeriesMax) that a day may have, the first \(first)")
        }
        return problems
    }
}

extension ImportBatch {
    /// Leaves out the samples of later times, in milliseconds.
    /// - Returns: how many there were.
    fileprivate mutating func dropSamples(after latest: Int64) -> Int {
        guard times.contains(where: { $0 > latest }) else { return 0 }
        var kept = 0
        for place in times.indices where times[place] <= latest {
            (numbers[kept], times[kept], values[kept]) = (numbers[place], times[place], values[place])
            kept += 1
        }
        let dropped = times.count - kept
        numbers.removeLast(dropped)
        times.removeLast(dropped)
        values.removeLast(dropped)
        return dropped
    }
}

/// `/api/v1/read`: Prometheus remote read, answered with samples.
enum RemoteReadRoute {
    /// Bytes of an answer, as it is built in memory.
    private static let answerBytesMax = 256 << 20
    /// Queries of one request; Prometheus sends one.
    private static let queriesMax = 1000

    private static func checkClient(_ request: Request) throws(RemoteBody.Refusal) {
        if request.cancellation.isCancelled { throw RemoteBody.Refusal(503, "the client has left") }
    }

    static func route(_ services: APIServices) -> Route {
        Route(
            .post, "/api/v1/read", summary: "Prometheus remote read, samples", bodyBytesMax: 1 << 20, lane: .long
        ) { request in
            try RemoteBody.answer { () throws -> Response in try answer(request, services) }
        }
    }

    private static func answer(_ request: Request, _ services: APIServices) throws -> Response {
        let bytes = try RemoteBody.unpack(request)
        let asked: ReadRequest
        do throws(WireError) {
            asked = try ReadRequest(bytes)
        } catch {
            throw RemoteBody.Refusal(400, "this is no message of remote read: \(error)")
        }
        guard asked.acceptsSamples else {
            throw RemoteBody.Refusal(400, "only chunks are accepted as an answer; this server answers with SAMPLES")
        }
        let view = StoreView(try services.store.snapshot())
        var response = ReadResponse()
        var column = SampleColumn()
        guard asked.queries.count <= queriesMax else {
            throw RemoteBody.Refusal(
                400, "\(asked.queries.count) queries in one request, where at most \(queriesMax) are")
        }
        for query in asked.queries {
            try checkClient(request)
            if !query.range.isEmpty {
                let selection = try view.select(query.matchers, in: query.range)
                for (index, labels) in selection.labels.enumerated() {
                    try checkClient(request)
                    try selection.read(index, in: query.range, into: &column)
                    if column.count == 0 { continue }
                    // A sample takes up to 23 bytes.
                    guard response.byteCount + 23 * column.count <= answerBytesMax else {
                        throw RemoteBody.Refusal(
                            413, "the answer is larger than \(answerBytesMax) bytes; ask for a shorter span")
                    }
                    response.add(labels, times: column.timestamps, values: column.values)
                }
            }
            response.endResult()
        }
        return Response(
            headers: [("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy")],
            body: Snappy.encode(response.finish()))
    }
}

/// `/federate`: the newest samples of selected series with their times, for another Prometheus to scrape.
enum FederateRoute {
    static func route(_ services: APIServices) -> Route {
        Route(.get, "/federate", summary: "newest samples of match[], for another Prometheus", lane: .long) {
            request in
            do {
                return try answer(request, services)
            } catch let error as APIError where error.kind == .badData {
                return .text(status: 400, error.message)
            }
        }
    }

    private static func answer(_ request: Request, _ services: APIServices) throws -> Response {
        let selectors = try APIParameters(request).selectors(isNamed: false)
        let now = services.now()
        let lookback = services.engine.lookbackDelta.components.seconds * 1000
        let range = TimeRange(min: Timestamp(milliseconds: now.milliseconds - lookback + 1), max: now)
        let view = StoreView(try services.store.snapshot())
        var samples: [Labels: ExpositionSample] = [:]
        var families: [String: MetricFamily] = [:]
        var seen: Set<String> = []
        var column = SampleColumn()
        for matchers in selectors {
            let selection = try view.select(matchers, in: range)
            for (index, labels) in selection.labels.enumerated() where samples[labels] == nil {
                try selection.read(index, in: range, into: &column)
                guard let value = column.values.last, let time = column.timestamps.last, !value.isStaleMarker else {
                    continue
                }
                samples[labels] = ExpositionSample(
                    labels: labels, value: value, time: Timestamp(milliseconds: time))
                if let name = labels.metricName, seen.insert(name).inserted,
                    let family = try MetricFamily.ofSamples(named: name, known: { try view.metadata(of: $0) })
                {
                    families[family.name] = family
                }
            }
        }
        var writer = TextWriter()
        ExpositionWriter.write(
            ExpositionFamily.group(samples.values, families: families), as: .text, into: &writer)
        return Response(contentType: ExpositionFormat.text.mediaType, writer.take())
    }
}
