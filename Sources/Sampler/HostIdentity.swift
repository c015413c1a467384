package import Model

/// Which boot of which host is being sampled; a change between two runs is a reboot.
package struct HostIdentity: Hashable, Sendable {
    /// The kernel's random id of this boot (random(4), boot_id); empty where it cannot be read.
    package var bootID: String
    /// When the kernel started, by today's clock (proc_stat(5), btime): it moves when the clock is set. Nil where
    /// it cannot be read.
    package var bootTime: Timestamp?
    /// The kernel's host name; empty where it cannot be read.
    package var hostName: String

    package init(bootID: String, bootTime: Timestamp?, hostName: String) {
        self.bootID = bootID
        self.bootTime = bootTime
        self.hostName = hostName
    }

    /// Reads the identity; what cannot be read is left empty, because a host without it can still be sampled.
    package init(of host: HostRoot) {
        bootID = HostIdentity.firstLine(of: "\(host.procfs)/sys/kernel/random/boot_id")
        hostName = HostIdentity.firstLine(of: "\(host.procfs)/sys/kernel/hostname")
        bootTime = HostIdentity.bootSeconds(of: host).map { Timestamp(milliseconds: $0 * 1000) }
    }

    /// When the kernel started, in seconds since 1970; nil where it cannot be read.
    static func bootSeconds(of host: HostRoot) -> Int64? {
        var file = KernelFile("\(host.procfs)/stat", keepsOpen: false)
        guard (try? file.refresh()) != nil else { return nil }
        var text = file.scanner
        while !text.isAtEnd {
            if text.skip("btime "), let seconds = text.number(), let whole = Int64(exactly: seconds),
                whole < Int64.max / 1000
            {
                return whole
            }
            text.skipLine()
        }
        return nil
    }

    private static func firstLine(of path: String) -> String {
        var file = KernelFile(path, keepsOpen: false)
        guard (try? file.refresh()) != nil else { return "" }
        var text = file.scanner
        return text.text(in: text.line())
    }
}
