import Formats
import NIOCore
import NIOHTTP1

/// One connection: collects a request, has it answered by a worker, writes the answer, and so on. Requests that a
/// client sends ahead are held back in the pipeline and answered in their order.
///
/// A connection ends gently: after the last answer the server closes its own side only and reads on for a moment.
/// Closing at once with unread bytes would reset the connection, and the client might lose the answer that says why.
final class Connection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum Phase {
        /// Between requests.
        case waiting
        /// The head is there, the body comes.
        case receiving(Incoming)
        /// Answered before its end had come; the connection closes after it.
        case refused
        /// A worker has it.
        case handling
        case writing
        /// The last answer is out.
        case closing
    }

    /// A request that is still arriving.
    private struct Incoming {
        let head: HTTPRequestHead
        let match: Router.Match
        var body: [UInt8] = []
    }

    private let routes: RouteTable
    private let connections: Connections
    private var phase = Phase.waiting
    /// When it began to wait for the request to come.
    private var waitsSince = NIODeadline.now()
    private var keepsAlive = true
    /// Whether the client of the request in hand takes a body whose length it is not told.
    private var knowsChunks = true
    private var deadline: Scheduled<Void>?
    private var context: ChannelHandlerContext?
    /// Of the request in hand.
    private var cancellation: Cancellation?
    private var watch: ClientWatch?
    /// Bytes of the body in hand, taken from what all connections have together.
    private var reservedBytes = 0

    private init(_ routes: RouteTable, _ connections: Connections) {
        self.routes = routes
        self.connections = connections
    }

    static func addHandlers(to channel: any Channel, _ routes: RouteTable, _ connections: Connections) throws {
        var decoding = NIOHTTPDecoderLimitConfiguration()
        decoding.maxHeaderFieldSize = connections.limits.headerBytesMax
        decoding.maxHeaderListSize = connections.limits.headerBytesMax
        decoding.maxHeaderFieldCount = connections.limits.headerCountMax
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: decoding)
        let pipeline = channel.pipeline.syncOperations
        let connection = Connection(routes, connections)
        let watch = ClientWatch { [weak connection] in connection?.cancellation?.cancel() }
        connection.watch = watch
        try pipeline.addHandler(watch)
        try pipeline.addHandler(HTTPResponseEncoder())
        try pipeline.addHandler(ByteToMessageHandler(decoder))
        try pipeline.addHandler(HTTPServerPipelineHandler())
        try pipeline.addHandler(NIOHTTPResponseHeadersValidator())
        try pipeline.addHandler(connection)
    }

    // MARK: What the channel tells

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func channelActive(context: ChannelHandlerContext) {
        switch connections.add(self) {
        case .welcome: limit(connections.limits.idleTimeout)
        case .refused: refuseConnection()
        case .closed: context.close(promise: nil)
        }
    }

    /// Says that there is no room, whatever is asked: not through the pipeline, which answers requests.
    private func refuseConnection() {
        phase = .closing
        watch?.write(Connection.noRoom)
        limit(connections.limits.lingerTimeout)
        context?.close(mode: .output, promise: nil)
    }

    private static let noRoom: [UInt8] = {
        let text = "too many connections; close some that are idle, or try again in some seconds\n"
        return Array(
            ("HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 5\r\n"
                + "Connection: close\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)").utf8)
    }()

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        cancellation?.cancel()
        if case .handling = phase {} else { releaseBody() }
        connections.remove(self)
        phase = .closing
        self.context = nil
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Connection.unwrapInboundIn(data) {
        case .head(let head): begin(head)
        case .body(let bytes): append(bytes)
        case .end: if case .receiving(let incoming) = phase { dispatch(incoming) }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            keepsAlive = false
            switch phase {
            case .waiting, .receiving, .refused, .closing: context.close(promise: nil)
            case .handling, .writing: break
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let cause = error as? HTTPParserError else { return context.close(promise: nil) }
        keepsAlive = false
        switch phase {
        case .waiting, .receiving:
            let limits = connections.limits
            let response: Response =
                cause == .headerOverflow
                ? .text(
                    status: 431,
                    "the request's header is larger than \(limits.headerBytesMax) bytes or "
                        + "\(limits.headerCountMax) lines")
                : .text(status: 400, "this is not a request of HTTP/1.1: \(cause)")
            phase = .refused
            write(response, hasBody: true)
        case .refused, .handling, .writing, .closing: break
        }
    }

    // MARK: A request comes in

    private func begin(_ head: HTTPRequestHead) {
        // After a refusal nothing of what follows counts.
        guard case .waiting = phase else { return }
        keepsAlive = keepsAlive && head.isKeepAlive
        knowsChunks = head.version.major > 1 || head.version.minor > 0
        let (path, _) = Connection.target(head.uri)
        let incoming = Incoming(head: head, match: routes.current.match(method: head.method.rawValue, path: path))
        limit(connections.limits.bodyTimeout)
        if let length = head.headers.first(name: "Content-Length").flatMap({ Int($0) }),
            length > Connection.bodyBytesMax(incoming.match)
        {
            return refuseBody(incoming)
        }
        phase = .receiving(incoming)
        if head.headers[canonicalForm: "Expect"].contains(where: { $0.lowercased() == "100-continue" }) {
            let head = HTTPResponseHead(version: .http1_1, status: .continue)
            context?.writeAndFlush(Connection.wrapOutboundOut(.head(head)), promise: nil)
        }
    }

    private func append(_ bytes: ByteBuffer) {
        guard case .receiving(var incoming) = phase else { return }
        // Taken out while it grows, so that the array is not copied.
        phase = .refused
        if incoming.body.count + bytes.readableBytes > Connection.bodyBytesMax(incoming.match) {
            return refuseBody(incoming)
        }
        guard connections.reserve(bytes.readableBytes) else { return refuseForNow() }
        reservedBytes += bytes.readableBytes
        incoming.body.append(contentsOf: bytes.readableBytesView)
        phase = .receiving(incoming)
    }

    private func refuseBody(_ incoming: Incoming) {
        phase = .refused
        keepsAlive = false
        let most = Connection.bodyBytesMax(incoming.match)
        write(.text(status: 413, "the body is larger than the \(most) bytes that are allowed here"), hasBody: true)
    }

    /// Too many bodies wait for a worker.
    private func refuseForNow() {
        keepsAlive = false
        var response = Response.text(status: 503, "too many large requests at once; try again in some seconds")
        response.headers.append(("Retry-After", "5"))
        write(response, hasBody: true)
    }

    private func releaseBody() {
        connections.release(reservedBytes)
        reservedBytes = 0
    }

    private func dispatch(_ incoming: Incoming) {
        phase = .handling
        deadline?.cancel()
        let hasBody = incoming.head.method != .HEAD
        let (path, query) = Connection.target(incoming.head.uri)
        switch incoming.match {
        case .none:
            let text = "there is nothing at \(path); the start page / says what there is"
            write(.text(status: 404, text), hasBody: hasBody)
        case .otherMethods(let allowed):
            let list = allowed.joined(separator: ", ")
            var response = Response.text(
                status: 405, "\(incoming.head.method.rawValue) is not possible at \(path); possible: \(list)")
            response.headers.append(("Allow", list))
            write(response, hasBody: hasBody)
        case .route(let route, let parameters):
            let cancellation = Cancellation()
            self.cancellation = cancellation
            watch?.watch()
            let outlet = outlet(hasBody)
            let request = Request(
                method: route.method, path: path, query: query,
                headers: incoming.head.headers.map { (name: $0.name, value: $0.value) }, body: incoming.body,
                pathParameters: parameters, client: context.map { Connection.client($0.channel) } ?? "",
                cancellation: cancellation, answerEarly: outlet)
            run(route, request, outlet)
        }
    }

    /// Where the answer to a request goes, from any thread; it takes the first one.
    private func outlet(_ hasBody: Bool) -> @Sendable (Response) -> Void {
        let loop = connections.loop
        let me = NIOLoopBound(self, eventLoop: loop)
        let isTaken = Once()
        return { response in
            if isTaken.take() { loop.execute { me.value.write(response, hasBody: hasBody) } }
        }
    }

    private func run(_ route: Route, _ request: Request, _ outlet: @escaping @Sendable (Response) -> Void) {
        let connections = connections
        connections.run(on: route.lane) {
            var response: Response
            do {
                response = try route.handle(request)
            } catch {
                connections.report("\(request.method.rawValue) \(request.path): \(error)")
                response = .text(status: 500, "this went wrong: \(error)")
            }
            Gzip.pack(&response, acceptEncoding: request.header("Accept-Encoding"))
            outlet(response)
        }
    }

    // MARK: An answer goes out

    private func write(_ response: Response, hasBody: Bool) {
        cancellation = nil
        releaseBody()
        guard let context else { return }
        if case .refused = phase {} else { phase = .writing }
        limit(connections.limits.writeTimeout)
        var headers = HTTPHeaders()
        for (name, value) in response.headers { headers.add(name: name, value: value) }
        // No Content has none (RFC 9110, section 8.6).
        if response.status != 204 && response.more == nil {
            headers.replaceOrAdd(name: "Content-Length", value: String(response.body.count))
        }
        // Of HTTP/1.0 the end of the connection is the end of a body of unknown length.
        let isOld = response.more != nil && !knowsChunks
        if isOld { keepsAlive = false }
        headers.replaceOrAdd(name: "Date", value: HTTPDate.text(HTTPDate.now()))
        headers.replaceOrAdd(name: "X-Content-Type-Options", value: "nosniff")
        // Clients of HTTP/1.0 take keep-alive only when told.
        headers.replaceOrAdd(name: "Connection", value: keepsAlive ? "keep-alive" : "close")
        let status = HTTPResponseStatus(statusCode: response.status)
        let head = HTTPResponseHead(version: isOld ? .http1_0 : .http1_1, status: status, headers: headers)
        let sendsBody = hasBody && (!response.body.isEmpty || response.more != nil)
        if sendsBody {
            context.write(Connection.wrapOutboundOut(.head(head)), promise: nil)
            write(response.body, response.more, context)
        } else {
            let taken = context.eventLoop.makePromise(of: Void.self)
            let me = NIOLoopBound(self, eventLoop: connections.loop)
            taken.futureResult.whenComplete { me.value.sent($0) }
            context.writeAndFlush(Connection.wrapOutboundOut(.head(head)), promise: taken)
        }
    }

    /// Sends a body, and what follows it: a piece is made, by a worker, when the system has taken the one before.
    private func write(
        _ body: [UInt8], _ more: (@Sendable () -> [UInt8]?)?, _ context: ChannelHandlerContext
    ) {
        let (loop, connections) = (connections.loop, connections)
        let me = NIOLoopBound(self, eventLoop: loop)
        let taken = context.eventLoop.makePromise(of: Void.self)
        taken.futureResult.whenComplete { result in
            guard case .success = result, let more else { return me.value.sent(result) }
            connections.run(on: .long) {
                let piece = more()
                loop.execute {
                    guard let context = me.value.context else { return }
                    guard let piece else { return me.value.sent(.success(())) }
                    me.value.limit(connections.limits.writeTimeout)
                    me.value.write(piece, more, context)
                }
            }
        }
        let buffer = context.channel.allocator.buffer(bytes: body)
        context.writeAndFlush(Connection.wrapOutboundOut(.body(.byteBuffer(buffer))), promise: taken)
    }

    /// The system has taken the whole answer. Only now does the end of it go down the pipeline, which lets the next
    /// request through: a client that asks and does not read holds one answer and not thousands.
    private func sent(_ result: Result<Void, any Error>) {
        guard let context else { return }
        if case .failure = result { return context.close(promise: nil) }
        if keepsAlive {
            phase = .waiting
            waitsSince = .now()
            limit(connections.limits.idleTimeout)
            context.writeAndFlush(Connection.wrapOutboundOut(.end(nil)), promise: nil)
        } else {
            phase = .closing
            limit(connections.limits.lingerTimeout)
            context.writeAndFlush(Connection.wrapOutboundOut(.end(nil)), promise: nil)
            context.close(mode: .output, promise: nil)
        }
    }

    // MARK: An end

    /// Ends the connection after the request in hand, at once where there is none.
    func closeWhenIdle() {
        keepsAlive = false
        switch phase {
        case .waiting, .receiving, .refused, .closing: closeNow()
        case .handling, .writing: break
        }
    }

    func closeNow() { context?.close(promise: nil) }

    /// Since when it has waited for a request to come; nil while one is in hand.
    var waitingSince: NIODeadline? {
        if case .waiting = phase { return waitsSince }
        return nil
    }

    private func limit(_ time: Duration) {
        deadline?.cancel()
        let me = NIOLoopBound(self, eventLoop: connections.loop)
        deadline = connections.loop.scheduleTask(in: TimeAmount(time)) { me.value.timeIsOver() }
    }

    private func timeIsOver() {
        if case .receiving = phase {
            phase = .refused
            keepsAlive = false
            write(.text(status: 408, "the request took too long to arrive"), hasBody: true)
        } else {
            closeNow()
        }
    }

    /// Path and query of a request target; of `http://host/path` what follows the host (RFC 9112, section 3.2.2).
    private static func target(_ uri: String) -> (path: String, query: String) {
        var text = uri[...]
        if text.lowercased().hasPrefix("http://") {
            let rest = text.dropFirst("http://".count)
            text = rest.firstIndex(of: "/").map { rest[$0...] } ?? "/"
        }
        guard let mark = text.firstIndex(of: "?") else { return (String(text), "") }
        return (String(text[..<mark]), String(text[text.index(after: mark)...]))
    }

    private static func client(_ channel: any Channel) -> String {
        guard let address = channel.remoteAddress, let host = address.ipAddress, let port = address.port else {
            return ""
        }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    private static func bodyBytesMax(_ match: Router.Match) -> Int {
        switch match {
        case .route(let route, _): route.bodyBytesMax
        // Read and forgotten, so that the connection can be used again.
        case .otherMethods, .none: 64 * 1024
        }
    }
}
