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

    /// A moment; nil where none is given.
    func time(_ name: String) throws(APIError) -> Timestamp? {
        guard let text = self[name] else { return nil }
        // The bounds of Prometheus' own times, as its clients write them.
        if text == "-292273086-05-16T16:47:06Z" { return Timestamp(milliseconds: -times) }
        if text == "292277025-08-18T07:12:54.999999999Z" { return Timestamp(milliseconds: times) }
        guard let time = MomentText.parse(text), time.milliseconds.magnitude <= UInt64(times) else {
            throw .parameter(name, "cannot parse \(Labels.quote(text)) to a valid timestamp")
        }
        return time
    }

    /// Times whose sums do not overflow: 146 million years either way.
    private var times: Int64 { .max / 2 }

    /// A moment that must be given.
    func requiredTime(_ name: String) throws(APIError) -> Timestamp {
        guard let time = try time(name) else { throw .parameter(name, "cannot parse \"\" to a valid timestamp") }
        return time
    }

    /// A length of time in milliseconds; nil where none is given.
    func duration(_ name: String) throws(APIError) -> Int64? {
        guard let text = self[name] else { return nil }
        // As in a query: what is added to a moment must not overflow.
        guard let milliseconds = MomentText.duration(text), milliseconds.magnitude < 1 << 53 else {
            throw .parameter(name, "cannot parse \(Labels.quote(text)) to a valid duration")
        }
        return milliseconds
    }

    /// A number of results; nil for all of them, which 0 asks for, too.
    func limit(_ name: String = "limit") throws(APIError) -> Int? {
        guard let text = self[name] else { return nil }
        guard let limit = Int(text) else { throw .parameter(name, "cannot parse \(Labels.quote(text)) as a number") }
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
    func selectors() throws(APIError) -> [[Matcher]] {
        var selectors: [[Matcher]] = []
        for text in all("match[]") {
            let matchers: [Matcher]
            do throws(ParseError) {
                matchers = try Parser.parseSelector(text)
            } catch {
                throw .parameter("match[]", APIError.text(of: error))
            }
            guard matchers.contains(where: { !$0.matchesEmpty }) else {
                throw .parameter("match[]", "match[] must contain at least one non-empty matcher")
            }
            selectors.append(matchers)
        }
        return selectors
    }
}
