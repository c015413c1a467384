import NIOCore

/// Sees a client leave while its request is being answered. The pipeline handler behind it reads no more then, so that
/// nobody sends ahead without end; this handler reads once more, which is how the end of the input is met.
final class ClientWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var context: ChannelHandlerContext?
    private let left: () -> Void

    /// - Parameter left: called on the event loop when the client has closed its side.
    init(left: @escaping () -> Void) { self.left = left }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// Sends bytes as they are.
    func write(_ bytes: [UInt8]) {
        guard let context else { return }
        context.writeAndFlush(NIOAny(context.channel.allocator.buffer(bytes: bytes)), promise: nil)
    }

    /// Asks for one more read.
    func watch() { context?.read() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { left() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        left()
        context.fireChannelInactive()
    }
}
