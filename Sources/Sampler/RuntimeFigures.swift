package import Model

/// What the agent does and decides, as it tells about itself. The loop knows little of it: whoever runs it fills this
/// in before each tick.
package struct RuntimeFigures: Sendable {
    package var version = ""
    /// Where it serves; empty where it does not.
    package var listenAddress = ""
    /// Of commits that wrote something.
    package var commits = DurationHistogram.commits
    /// Scrapes that wait for a commit.
    package var pendingScrapes = 0
    /// Batches of late samples that wait to be merged.
    package var lateBatches = 0
    /// Bytes of rows that are not sealed yet; nil while the store cannot be read.
    package var headBytes: Int?
    /// When the configuration was last read without a fault.
    package var configurationRead: Timestamp?
    /// Whether the latest attempt to read it succeeded.
    package var isConfigurationRight = true
    /// Nil where nobody checks the agent's own cost.
    package var limits: LimitFigures?

    package init() {}
}

/// How the agent fares against its own limits.
package struct LimitFigures: Hashable, Sendable {
    package var isExceeded: [LimitedResource: Bool] = [:]
    package var actions: [LimitAction: Int] = [:]
    package var throttle: Int64 = 1

    package init() {}
}
