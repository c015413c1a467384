package import Model

/// What a check of a store found.
package struct CheckReport: Sendable {
    /// Something that is wrong: where, what, and what it costs.
    package struct Finding: Hashable, Sendable {
        /// `page 12`, `raw block of group 1 from 2026-…`.
        package var record: String
        package var reason: String
        /// Which series and times cannot be read because of it; empty where it costs nothing yet.
        package var costs: String

        package init(record: String, reason: String, costs: String) {
            self.record = record
            self.reason = reason
            self.costs = costs
        }
    }

    package var findings: [Finding] = []
    /// Findings beyond those that are kept.
    package var moreFindings = 0

    /// Pages of the file that are in use.
    package var pages = 0
    /// Bytes of the pages, values and all, that were read.
    package var bytes = 0
    package var records = 0
    /// Label sets over all days; one that lives for two days counts twice.
    package var series = 0
    package var samples = 0
    package var frames = 0
    package var events = 0
    /// Times of the samples that can be read; nil where there are none.
    package var oldest: Timestamp?
    package var newest: Timestamp?

    /// Findings that are kept: damage of one cause tells itself in a few.
    private static let findingsMax = 1000

    package init() {}

    /// Keeps a finding in mind, once.
    package mutating func add(_ record: String, _ reason: String, costs: String = "") {
        guard findings.count < CheckReport.findingsMax else {
            moreFindings += 1
            return
        }
        let finding = Finding(record: record, reason: reason, costs: costs)
        if !findings.contains(finding) { findings.append(finding) }
    }

    mutating func add(_ error: StoreError, costs: String = "") {
        switch error {
        case .damaged(_, let record, let reason): add(record, reason, costs: costs)
        case .unknownFormat(_, let record, let version):
            add(record, "format \(version) is not known to this version; use a newer mon", costs: costs)
        default: add("store", error.description, costs: costs)
        }
    }

    mutating func add(_ damage: DamageList) {
        for loss in damage.losses {
            add(loss.record, loss.reason, costs: loss.range.map { CheckReport.samples(in: $0) } ?? "")
        }
    }

    /// Counts samples that can be read.
    mutating func count(samples: Int, from first: Int64?, through last: Int64?) {
        self.samples += samples
        guard samples > 0, let first, let last else { return }
        oldest = min(oldest ?? .init(milliseconds: first), .init(milliseconds: first))
        newest = max(newest ?? .init(milliseconds: last), .init(milliseconds: last))
    }

    static func samples(in range: TimeRange, of what: String = "samples") -> String {
        "\(what) from \(UTCText.format(range.min)) to \(UTCText.format(range.max))"
    }
}
