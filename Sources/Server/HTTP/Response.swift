/// A whole answer. Content-Length, Date and Connection are added when it is sent.
package struct Response: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// Makes what follows the body, piece by piece, each when the one before is on its way; nil behind the last. For a
    /// large one, whose length is not known then. Called on one thread at a time.
    package var more: (@Sendable () -> [UInt8]?)?

    package init(status: Int = 200, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package init(status: Int = 200, contentType: String, _ body: [UInt8]) {
        self.init(status: status, headers: [("Content-Type", contentType)], body: body)
    }

    /// A line or more for people; a line end is added.
    package static func text(status: Int = 200, _ text: String) -> Response {
        Response(status: status, contentType: "text/plain; charset=utf-8", Array((text + "\n").utf8))
    }
}
