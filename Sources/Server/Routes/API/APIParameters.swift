import Formats
import Model
import Query

/// The parameters of a request, read as Prometheus reads them. A parameter that is given and empty is not given.
struct APIParameters {
    private let values: [String: [String]]

    init(_ request: Request) {
        var values: [String: [String]] = [:]
        // Of a form and a query that both name a parameter the form counts.
        let (inQuery, all) = (URLForm.parse(request.query), request.parameters)
        for (name, value) in all.dropFirst(inQuery.count) + inQuery { values[name, default: []].append(value) }
        self.values = values
    }

    /// All values of a parameter.
    func all(_ name: String) -> [String] { values[name] ?? [] }

    /// The first value; nil where it is missing or empty.
    subscript(_ name: String) -> String? {
        guard let value = values[name]?.first, !value.isEmpty else { return nil }
        return value
    }

    /// A moment that may be missing.
    func time(_ name: String) throws(APIError) -> Timestamp? {
        guard let text = self[name] else { return nil }
        return try moment(text, name, "invalid time value for '\(name)': ")
    }

    /// A moment that must be given.
    func requiredTime(_ name: String) throws(APIError) -> Timestamp { try moment(self[name] ?? "", name, "") }

    /// - Parameter prefix: Prometheus has one more where a moment may be missing.
    private func moment(_ text: String, _ name: String, _ prefix: String) throws(APIError) -> Timestamp {
        // The bounds of Prometheus' own times, as its clients write them.
        if text == "-292273086-05-16T16:47:06Z" { return Timestamp(milliseconds: -times) }
        if text == "292277025-08-18T07:12:54.999999999Z" { return Timestamp(milliseconds: times) }
        guard let time = MomentText.parse(text), time.milliseconds.magnitude <= UInt64(times) else {
            throw .parameter(name, "\(prefix)cannot parse \(Labels.quote(text)) to a valid timestamp")
        }
        return time
    }

    /// Times whose sums do not overflow: 146 million years either way.
    private var times: Int64 { .max / 2 }

    /// A length of time in milliseconds; nil where none is given.
    func duration(_ name: String) throws(APIError) -> Int64? {
        try duration(name) { APIError.parameter(name, $0) }
    }

    /// - Parameter error: of the words for what is no length of time.
    func duration(_ name: String, _ error: (String) -> APIError) throws(APIError) -> Int64? {
        guard let text = self[name] else { return nil }
        let refusal = "cannot parse \(Labels.quote(text)) to a valid duration"
        // Prometheus counts nanoseconds. What is less than that can be added to a moment, too.
        if let seconds = Double(text), seconds.magnitude > Double(Int64.max) / 1e9 {
            throw error(refusal + ". It overflows int64")
        }
        guard let milliseconds = MomentText.duration(text), milliseconds.magnitude < 1 << 53 else {
            throw error(refusal)
        }
        return milliseconds
    }

    /// A number of results; nil for all of them, which 0 asks for, too.
    func limit(_ name: String = "limit") throws(APIError) -> Int? {
        guard let text = self[name] else { return nil }
        guard let limit = Int(text) else {
            let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
            let isNumber = !digits.isEmpty && digits.utf8.allSatisfy { (48...57).contains($0) }
            let problem = isNumber ? "value out of range" : "invalid syntax"
            throw .parameter(name, "strconv.Atoi: parsing \(Labels.quote(text)): \(problem)")
        }
        guard limit >= 0 else { throw .parameter(name, "limit must be non-negative") }
        return limit == 0 ? nil : limit
    }

    /// From `start` to `end`, all times where they are missing.
    func range() throws(APIError) -> TimeRange {
        let range = TimeRange(
            min: try time("start") ?? Timestamp(milliseconds: -times),
            max: try time("end") ?? Timestamp(milliseconds: times))
        guard !range.isEmpty else { throw .parameter("end", "end timestamp must not be before start time") }
        return range
    }

    /// The selectors of `match[]`, each of which must leave some series out.
    /// - Parameter isNamed: whether a refusal names the parameter, as Prometheus' does for series only.
    func selectors(isNamed: Bool = true) throws(APIError) -> [[Matcher]] {
        func refusal(_ problem: String) -> APIError {
            isNamed ? .parameter("match[]", problem) : APIError(.badData, problem)
        }
        var selectors: [[Matcher]] = []
        for text in all("match[]") {
            let matchers: [Matcher]
            do throws(ParseError) {
                matchers = try Parser.parseSelector(text)
            } catch {
                throw refusal(APIError.text(of: error))
            }
            selectors.append(matchers)
        }
        for matchers in selectors where matchers.allSatisfy(\.matchesEmpty) {
            throw refusal("match[] must contain at least one non-empty matcher")
        }
        return selectors
    }
}
