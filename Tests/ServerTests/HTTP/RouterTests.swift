import Testing

@testable import Server

@Suite struct RouterTests {
    private let router = Router(
        [
            (Method.get, "/"), (.get, "/a"), (.post, "/a"), (.get, "/api/{name}/values"), (.get, "/api/x/values"),
            (.delete, "/api/{id}"), (.get, "/files/*"),
        ].map { Route($0.0, $0.1, summary: "") { _ in .text("") } })

    private func found(_ method: String, _ path: String) -> String {
        switch router.match(method: method, path: path) {
        case .none: "-"
        case .otherMethods(let methods): methods.joined(separator: ",")
        case .route(let route, let parameters):
            route.path + parameters.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        }
    }

    @Test func table() {
        func check(_ method: String, _ path: String, _ expected: String) {
            #expect(found(method, path) == expected, "\(method) \(path)")
        }
        check("GET", "/", "/")
        check("GET", "", "/")
        check("HEAD", "/", "/")
        check("GET", "/a", "/a")
        check("POST", "/a", "/a")
        check("PUT", "/a", "GET,HEAD,POST")
        check("GET", "/a/", "-")
        check("GET", "//a", "-")
        check("GET", "/A", "-")
        check("GET", "/api/cpu/values", "/api/{name}/values name=cpu")
        check("GET", "/api/x/values", "/api/{name}/values name=x")
        check("GET", "/api/%C3%BC%2F/values", "/api/{name}/values name=ü/")
        check("GET", "/api//values", "-")
        check("GET", "/api/1", "DELETE")
        check("GET", "/files/", "/files/*")
        check("GET", "/files/a/b", "/files/*")
        check("GET", "/filesa", "-")
    }
}

@Suite struct URLFormTests {
    @Test func pairs() {
        func check(_ text: String, _ expected: [String]) {
            #expect(URLForm.parse(text).map { "\($0.name)→\($0.value)" } == expected, "\(text)")
        }
        check("", [])
        check("a=1&b=2", ["a→1", "b→2"])
        check("a", ["a→"])
        check("=1", ["→1"])
        check("a=1=2", ["a→1=2"])
        check("&&a=&", ["a→"])
        check("query=rate%28x%5B5m%5D%29+%2B+1", ["query→rate(x[5m]) + 1"])
        check("a=%", ["a→%"])
        check("a=%4", ["a→%4"])
        check("a=%zz%41", ["a→%zzA"])
        check("a=%ff", ["a→\u{fffd}"])
        check("match[]=a&match%5B%5D=b", ["match[]→a", "match[]→b"])
    }
}
