import Glibc

/// What bind(2) says, in words that help.
enum ListenErrno {
    static func describe(_ code: CInt, _ address: ListenAddress) -> ListenError {
        switch code {
        case EADDRINUSE: .inUse(address, owner: ListeningProcess.find(port: address.port))
        case EACCES:
            .failed(address, reason: "ports below 1024 need a privilege; take a higher one with --listen")
        case EADDRNOTAVAIL: .failed(address, reason: "this machine has no such address")
        // strerror's text is valid until the next call on this thread and copied at once.
        default: .failed(address, reason: unsafe String(cString: strerror(code)))
        }
    }
}
