/// Settings that go together, for hosts and wishes other than the usual. They count where nobody set something else.
enum Profile: String, CaseIterable {
    case standard = "default"
    /// A small board or virtual machine: half a minute, little memory, few writes.
    case tiny
    /// Every second.
    case fine

    /// By the setting's name.
    var settings: [(name: String, text: String)] {
        switch self {
        case .standard: []
        case .tiny:
            // Two scrapes are a commit a minute.
            [
                ("sampler.interval", "30s"), ("store.max_size", "64MiB"), ("store.commit_every", "2"),
                ("query.cache", "1MiB"), ("limits.memory", "20MiB"),
            ]
        case .fine:
            // A commit every five seconds writes as much as otherwise.
            [("sampler.interval", "1s"), ("store.commit_every", "5")]
        }
    }
}
