import Glibc

/// How many files this process may have open: connections are files.
enum DescriptorLimit {
    /// What the rest of the program has open: the store, a listener, the collectors' files, up to 512 of them of the
    /// processes of the host. Generous.
    private static let others = 640

    /// How many connections there can be, `most` where the system allows it. Raises the soft limit as far as it is
    /// needed and the hard one lets it: the usual soft one of 1,024 is for programs that use select(2).
    static func connections(atMost most: Int) -> Int {
        var limit = rlimit()
        // The kernel fills the structure, and reads it in the second call.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return most }
        let wanted = rlim_t(most + others + mostRefused)
        if limit.rlim_cur < wanted {
            limit.rlim_cur = min(wanted, limit.rlim_max)
            guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
                return min(most, 512)
            }
        }
        return min(most, max(16, Int(clamping: limit.rlim_cur) - others - mostRefused))
    }

    private static let mostRefused = ServerLimits().refusedMax
}
