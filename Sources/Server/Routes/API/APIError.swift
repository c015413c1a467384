import Formats
import Query
import TSDB

/// A refusal in the envelope of Prometheus' API: its `errorType` decides the status.
struct APIError: Error {
    enum Kind: String {
        case badData = "bad_data"
        case execution
        case timeout
        case canceled
        case notFound = "not_found"
        case unavailable
        case `internal`

        var status: Int {
            switch self {
            case .badData: 400
            case .execution: 422
            case .timeout, .unavailable: 503
            // nginx' number for a client that closed the connection, Prometheus' as well.
            case .canceled: 499
            case .notFound: 404
            case .internal: 500
            }
        }
    }

    let kind: Kind
    let message: String

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// `invalid parameter "time": …`
    static func parameter(_ name: String, _ problem: String) -> APIError {
        APIError(.badData, "invalid parameter \"\(name)\": \(problem)")
    }

    /// What the rooms below throw, turned once into what a client gets.
    init(_ error: any Error) {
        switch error {
        case let error as APIError: self = error
        case let error as QueryError: self.init(error)
        case let error as StoreError:
            switch error {
            case .readOnly: self.init(.unavailable, error.description)
            case .refused(.stopped, _): self.init(.canceled, "the client has left")
            default: self.init(.internal, error.description)
            }
        default: self.init(.internal, "\(error)")
        }
    }

    private init(_ error: QueryError) {
        switch error {
        case .parse(let fault): self = .parameter("query", APIError.text(of: fault))
        case .execution(let message) where message.hasPrefix("invalid expression type"):
            self = .parameter("query", message)
        case .execution, .limit: self.init(.execution, error.description)
        case .timeout: self.init(.timeout, error.description)
        case .cancelled: self.init(.canceled, error.description)
        case .storage: self.init(.internal, error.description)
        }
    }

    /// Prometheus' words, and the name that was perhaps meant.
    static func text(of fault: ParseError) -> String {
        fault.description + (fault.suggestion.map { "; did you mean \($0)?" } ?? "")
    }

    var response: Response {
        var writer = TextWriter()
        PrometheusJSON.write(errorType: kind.rawValue, message: message, into: &writer)
        var response = Response(status: kind.status, contentType: "application/json", writer.take())
        if kind.status == 503 { response.headers.append(("Retry-After", "5")) }
        return response
    }
}
