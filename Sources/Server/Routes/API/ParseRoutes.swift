import Formats
import Model
import Query

/// What can be said of a query without the store.
enum ParseRoutes {
    static func format(_ request: Request, _ services: APIServices) throws -> Response {
        let text = APIParameters(request)["query"] ?? ""
        let formatted = PromQLFormatter.format(try services.engine.parse(text), source: text)
        return APIRoutes.json { PrometheusJSON.write(text: formatted, into: &$0) }
    }

    static func tree(_ request: Request, _ services: APIServices) throws -> Response {
        let tree = try services.engine.parse(APIParameters(request)["query"] ?? "")
        return APIRoutes.json { PrometheusJSON.write(tree: tree, into: &$0) }
    }

    static func exemplars(_ request: Request, _ services: APIServices) throws -> Response {
        let parameters = APIParameters(request)
        let (start, end) = (try parameters.time("start"), try parameters.time("end"))
        if let start, let end, end < start {
            throw APIError(.badData, "end timestamp must not be before start timestamp")
        }
        do throws(QueryError) {
            _ = try services.engine.parse(parameters["query"] ?? "")
        } catch {
            if case .parse(let fault) = error { throw APIError(.badData, APIError.text(of: fault)) }
            throw error
        }
        return APIRoutes.json { PrometheusJSON.write(data: "[]", into: &$0) }
    }
}
