import Formats
import Model
import Query
import TSDB

/// `/api/v1/query` and `/api/v1/query_range`.
enum QueryRoutes {
    /// Steps of a range: with 60 s a week, with 1 h a year, as Prometheus has it.
    private static let stepsMax: Int64 = 11_000

    static func instant(_ request: Request, _ services: APIServices) throws -> Response {
        let parameters = APIParameters(request)
        return try answer(request, parameters, services, at: .instant(try parameters.time("time") ?? services.now()))
    }

    static func range(_ request: Request, _ services: APIServices) throws -> Response {
        let parameters = APIParameters(request)
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
            request, parameters, services, at: .range(start: start, end: end, stepMilliseconds: step))
    }

    private static func answer(
        _ request: Request, _ parameters: APIParameters, _ services: APIServices, at time: QueryTime
    ) throws -> Response {
        let limit = try parameters.limit()
        var timeout = services.engine.limits.timeout
        if let asked = try parameters.duration("timeout") {
            timeout = min(timeout ?? .milliseconds(asked), .milliseconds(asked))
        }
        var lookback: Duration?
        if let asked = try parameters.duration("lookback_delta") {
            guard asked > 0 else { throw APIError.parameter("lookback_delta", "must be more than 0") }
            lookback = .milliseconds(asked)
        }
        // A query that is none is refused before the store is touched.
        _ = try services.engine.parse(parameters["query"] ?? "")
        let cancellation = request.cancellation
        let interruption = Interruption(timeout: timeout, isCancelled: { cancellation.isCancelled })
        var result = try services.engine.evaluate(
            parameters["query"] ?? "", at: time, in: services.store.snapshot(), interruption: interruption,
            lookbackDelta: lookback)
        if let limit { truncate(&result, to: limit) }
        return APIRoutes.json {
            PrometheusJSON.write(result, showsStatistics: parameters["stats"] != nil, into: &$0)
        }
    }

    private static func truncate(_ result: inout QueryResult, to limit: Int) {
        switch result.value {
        case .vector(let series) where series.count > limit: result.value = .vector(Array(series[..<limit]))
        case .matrix(let series) where series.count > limit: result.value = .matrix(Array(series[..<limit]))
        case .scalar, .string, .vector, .matrix: return
        }
        result.annotations.append(APIRoutes.truncated)
    }
}
