/// Finds the route of a request. Routes are tried in their order, and the first whose path and method fit has it.
struct Router: Sendable {
    enum Match {
        case route(Route, parameters: [String: String])
        /// The path is there, the method is not; for the Allow header.
        case otherMethods([String])
        case none
    }

    private enum Segment: Sendable {
        case literal([UInt8])
        case parameter(String)
        case rest
    }

    private let entries: [(route: Route, segments: [Segment])]

    init(_ routes: [Route]) {
        entries = routes.map { route in
            precondition(route.path.hasPrefix("/"), "a route's path begins with a slash")
            return (route, Router.split(Array(route.path.utf8)).map(Router.segment))
        }
    }

    /// `method` as the request has it; `path` percent-encoded and without a query.
    func match(method: String, path: String) -> Match {
        let segments = Router.split(Array(path.utf8))
        var allowed: [String] = []
        for (route, pattern) in entries {
            guard let parameters = Router.match(segments, pattern) else { continue }
            let isHead = method == "HEAD" && route.method == .get
            if isHead || method == route.method.rawValue { return .route(route, parameters: parameters) }
            allowed.append(route.method.rawValue)
            if route.method == .get { allowed.append("HEAD") }
        }
        return allowed.isEmpty ? .none : .otherMethods(allowed)
    }

    private static func match(_ segments: [ArraySlice<UInt8>], _ pattern: [Segment]) -> [String: String]? {
        var parameters: [String: String] = [:]
        for (index, expected) in pattern.enumerated() {
            if case .rest = expected { return parameters }
            guard index < segments.count else { return nil }
            switch expected {
            case .literal(let text): if !text.elementsEqual(segments[index]) { return nil }
            case .parameter(let name):
                if segments[index].isEmpty { return nil }
                parameters[name] = URLForm.decode(segments[index], plusIsSpace: false)
            case .rest: break
            }
        }
        return segments.count == pattern.count ? parameters : nil
    }

    /// `/a/b` → a, b; `/` → one empty segment.
    private static func split(_ path: [UInt8]) -> [ArraySlice<UInt8>] {
        path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    }

    private static func segment(_ text: ArraySlice<UInt8>) -> Segment {
        if text.elementsEqual("*".utf8) { return .rest }
        if text.first == UInt8(ascii: "{"), text.last == UInt8(ascii: "}") {
            return .parameter(String(decoding: text.dropFirst().dropLast(), as: UTF8.self))
        }
        return .literal(Array(text))
    }
}
