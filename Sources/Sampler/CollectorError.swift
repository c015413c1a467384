import Glibc

/// Why a collector, or a part of it, brought nothing.
package struct CollectorError: Error, Hashable, Sendable {
    /// The value of the label `reason` of `agent_collector_errors_total`.
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        /// EACCES or EPERM: the agent runs without a right.
        case permission
        /// This kernel has no such thing, or what it told of went away while it was read.
        case missing
        /// The bytes are not what the kernel documents.
        case malformed
        /// An answer did not come in time.
        case timeout
        /// Any other refusal of the system.
        case system
    }

    package let reason: Reason
    /// What was attempted, as an infinitive: `read /proc/stat`.
    package let attempt: String
    /// What was found.
    package let found: String
    /// Whether the configuration names what is missing or denied, so that its lack is no property of the host.
    private(set) var isAskedFor = false

    package init(_ reason: Reason, attempt: String, found: String) {
        self.reason = reason
        self.attempt = attempt
        self.found = found
    }

    /// From an errno.
    init(code: Int32, attempt: String) {
        // strerror's text is static or per thread (glibc ≥ 2.32) and is copied at once.
        let text = unsafe String(cString: strerror(code))
        switch code {
        case EACCES, EPERM: reason = .permission
        case ENOENT, ESRCH, ENODEV, ENOTDIR, ENOSYS, EAFNOSUPPORT, EPROTONOSUPPORT, EOPNOTSUPP: reason = .missing
        case EAGAIN, ETIMEDOUT: reason = .timeout
        default: reason = .system
        }
        self.attempt = attempt
        found = "\(text) (errno \(code))"
    }

    /// The same error as one that people have to know of.
    var ofSomethingAskedFor: CollectorError {
        var error = self
        error.isAskedFor = true
        return error
    }

    /// What makes two errors the same one to a person: the byte at which a file is odd does not.
    struct Cause: Hashable {
        let reason: Reason
        let attempt: String
    }

    var cause: Cause { Cause(reason: reason, attempt: attempt) }

    static func malformed(_ path: String, _ found: String) -> CollectorError {
        CollectorError(.malformed, attempt: "read \(path)", found: found)
    }
}

extension CollectorError: CustomStringConvertible {
    package var description: String { "cannot \(attempt): \(found)\(remedy)" }

    private var remedy: String {
        switch reason {
        case .permission: "; give the agent the right, or disable the collector"
        // What others write is theirs to look at.
        case .malformed:
            attempt.hasPrefix("read /proc/") || attempt.hasPrefix("read /sys/")
                ? "; please report the file's content" : ""
        case .missing, .timeout, .system: ""
        }
    }
}

/// Something that the caller of the sampling loop should log. The loop says each cause once until it is over.
package struct CollectorReport: Hashable, Sendable {
    /// How loud the report is.
    package enum Severity: Hashable, Sendable {
        case debug
        case info
        case error
    }

    package var collector: String
    package var severity: Severity
    package var text: String
}
