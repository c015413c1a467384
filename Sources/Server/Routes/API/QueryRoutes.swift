import Formats
import Model
import Query
import Synchronization
import TSDB

/// `/api/v1/query` and `/api/v1/query_range`.
enum QueryRoutes {
    /// Steps of a range: with 60 s a week, with 1 h a year, as Prometheus has it.
    private static let stepsMax: Int64 = 11_000

    static func instant(_ request: Request, _ services: APIServices) throws -> Response {
        let parameters = APIParameters(request)
        let limit = try parameters.limit()
        let time = try parameters.time("time") ?? services.now()
        return try answer(request, parameters, services, at: .instant(time), limit: limit)
    }

    static func range(_ request: Request, _ services: APIServices) throws -> Response {
        let parameters = APIParameters(request)
        let limit = try parameters.limit()
        let start = try parameters.requiredTime("start")
        let end = try parameters.requiredTime("end")
        guard end >= start else { throw APIError.parameter("end", "end timestamp must not be before start time") }
        guard let step = try parameters.duration("step") else {
            throw APIError.parameter("step", "cannot parse \"\" to a valid duration")
        }
        guard step > 0 else {
            throw APIError.parameter(
                "step", "zero or negative query resolution step widths are not accepted. Try a positive integer")
        }
        guard (end.milliseconds - start.milliseconds) / step <= stepsMax else {
            throw APIError(
                .badData,
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution "
                    + "(?step=XX)")
        }
        return try answer(
            request, parameters, services, at: .range(start: start, end: end, stepMilliseconds: step), limit: limit)
    }

    private static func answer(
        _ request: Request, _ parameters: APIParameters, _ services: APIServices, at time: QueryTime,
        limit: Int?
    ) throws -> Response {
        var timeout = services.engine.limits.timeout
        if let asked = try parameters.duration("timeout") {
            timeout = min(timeout ?? .milliseconds(asked), .milliseconds(asked))
        }
        var lookback: Duration?
        let asked = try parameters.duration("lookback_delta") {
            APIError(.badData, "error parsing lookback delta duration: " + $0)
        }
        // None and less than none is the usual one.
        if let asked, asked > 0 { lookback = .milliseconds(asked) }
        // A query that is none is refused before the store is touched.
        _ = try services.engine.parse(parameters["query"] ?? "")
        let cancellation = request.cancellation
        let interruption = Interruption(
            timeout: timeout, isCancelled: { cancellation.isCancelled },
            willStop: { request.answerEarly(APIError($0).response) })
        let timesNodes = parameters["stats"] == "all"
        let keeps = parameters["nocache"].map { $0 == "0" } ?? !timesNodes
        let query = AskedQuery(
            text: parameters["query"] ?? "", time: time, interruption: interruption, lookback: lookback,
            options: QueryOptions(timesNodes: timesNodes), cache: keeps ? services.cache : nil, client: request.client)
        var (result, use) = try query.answer(services)
        if let limit { truncate(&result, to: limit) }
        var response = written(result, showsStatistics: parameters["stats"] != nil)
        if let use { response.headers.append(("X-Mon-Cache", use.rawValue)) }
        return response
    }

    /// An answer in JSON; a large one is written while it is sent, so that its text is never held as a whole, and not
    /// at all once the client has left.
    private static func written(_ result: consuming QueryResult, showsStatistics: Bool) -> Response {
        var pieces = PrometheusPieces(result, showsStatistics: showsStatistics)
        let first = pieces.next() ?? []
        var response = Response(contentType: "application/json", first)
        if !pieces.isAtEnd {
            let rest = Mutex(pieces)
            response.more = { rest.withLock { $0.next() } }
        }
        return response
    }

    /// What is asked of the engine, or of the cache before it.
    private struct AskedQuery {
        var text: String
        var time: QueryTime
        var interruption: Interruption
        var lookback: Duration?
        var options: QueryOptions
        var cache: ResultCache?
        var client: String

        /// Whatever comes of it, a slow query is told.
        func answer(_ services: APIServices) throws -> (result: QueryResult, use: ResultCache.Use?) {
            let begun = ContinuousClock.now
            do {
                let (result, use) = try evaluate(services)
                tell(services, since: begun, result.statistics, use)
                return (result, use)
            } catch {
                tell(services, since: begun, QueryStatistics(), nil, failure: APIError(error).message)
                throw error
            }
        }

        private func evaluate(_ services: APIServices) throws -> (QueryResult, ResultCache.Use?) {
            let snapshot = try services.store.snapshot()
            if let cache, case .range = time {
                let (result, use) = try cache.evaluate(
                    text, at: time, in: snapshot, by: services.engine, interruption: interruption,
                    lookbackDelta: lookback)
                return (result, use)
            }
            let result = try services.engine.evaluate(
                text, at: time, in: snapshot, interruption: interruption, lookbackDelta: lookback, options: options)
            return (result, nil)
        }

        private func tell(
            _ services: APIServices, since begun: ContinuousClock.Instant, _ statistics: QueryStatistics,
            _ use: ResultCache.Use?, failure: String? = nil
        ) {
            services.slowQueries?.tell(
                SlowQuery(
                    expression: text, time: time, duration: ContinuousClock.now - begun, statistics: statistics,
                    use: use,
                    client: client, failure: failure))
        }
    }

    private static func truncate(_ result: inout QueryResult, to limit: Int) {
        switch result.value {
        case .vector(let series) where series.count > limit: result.value = .vector(Array(series[..<limit]))
        case .matrix(let series) where series.count > limit: result.value = .matrix(Array(series[..<limit]))
        case .scalar, .string, .vector, .matrix: return
        }
        // First: of many warnings the last ones are left out.
        result.annotations.insert(APIRoutes.truncated, at: 0)
    }
}
