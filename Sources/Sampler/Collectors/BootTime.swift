/// When the kernel started, in whole seconds since 1970, so that the starts of processes can be told as times.
///
/// The kernel works it out of two clocks, and the answer may tremble by a second: it is followed only where it moves
/// further, because the wall clock was set. Read again each five minutes; the file is a long one.
struct BootTime {
    private let host: HostRoot
    private var seconds: Int64?

    private static let lookCount = 30

    init(_ host: HostRoot) { self.host = host }

    /// 0 where it is unknown.
    mutating func seconds(at look: Int) -> Int64 {
        if look % BootTime.lookCount == 0, let now = HostIdentity.bootSeconds(of: host) {
            let isSame = seconds.map { abs($0 - now) <= 1 } ?? false
            if !isSame { seconds = now }
        }
        return seconds ?? 0
    }
}
