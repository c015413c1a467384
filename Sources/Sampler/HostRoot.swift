/// Where the host's files are. Other roots serve a host seen from a container, and recorded trees in tests.
package struct HostRoot: Hashable, Sendable {
    /// Mount point of procfs.
    package var procfs: String
    /// Mount point of sysfs.
    package var sysfs: String
    /// The host's `/`; mount points and `/etc/passwd` are looked up below it.
    package var rootfs: String

    package init(procfs: String = "/proc", sysfs: String = "/sys", rootfs: String = "/") {
        self.procfs = HostRoot.withoutTrailingSlashes(procfs)
        self.sysfs = HostRoot.withoutTrailingSlashes(sysfs)
        self.rootfs = HostRoot.withoutTrailingSlashes(rootfs)
    }

    /// This machine, as this process sees it.
    package static let live = HostRoot()

    /// Whether the files are this kernel's own, so that system calls tell of the same host, and descriptors kept open
    /// show new content at each read.
    package var isLive: Bool { procfs == "/proc" }

    /// `/` is kept as the empty string, so that a path is always root + absolute path.
    private static func withoutTrailingSlashes(_ path: String) -> String {
        var path = path
        while path.hasSuffix("/") { path.removeLast() }
        return path
    }
}
