/// Whose threads run a handler, so that those that take long do not hold up the others.
package enum Lane: Hashable, Sendable, CaseIterable {
    /// Answers at once.
    case quick
    /// May take seconds, such as a query.
    case long
    /// Changes the store; one at a time, as there is one writer.
    case writing
}

/// One method on one path, and what answers it.
package struct Route: Sendable {
    package let method: Method
    /// `/api/v1/label/{name}/values`: `{name}` stands for one segment; a last segment `*` for all that may follow.
    package let path: String
    /// One line for people, shown on the start page.
    package let summary: String
    /// A larger body is refused with 413.
    package let bodyBytesMax: Int
    /// Whose threads run the handler.
    package let lane: Lane
    /// Runs on a worker thread and may block; never on an event loop.
    package let handle: @Sendable (Request) throws -> Response

    package init(
        _ method: Method, _ path: String, summary: String, bodyBytesMax: Int = 1 << 20, lane: Lane = .quick,
        handle: @escaping @Sendable (Request) throws -> Response
    ) {
        self.method = method
        self.path = path
        self.summary = summary
        self.bodyBytesMax = bodyBytesMax
        self.lane = lane
        self.handle = handle
    }
}
