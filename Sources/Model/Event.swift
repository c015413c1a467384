/// Something that happened at one moment and is no sample: a reboot, a clock step, an out-of-memory kill, a mark.
package struct Event: Hashable, Sendable {
    /// What happened. The numbers are on disk and never reused.
    package enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        case reboot = 1
        case clockStep = 2
        case outOfMemoryKill = 3
        case mark = 4
        /// Recording was interrupted: a suspend, a stopped or killed agent.
        case gap = 5
    }

    package var time: Timestamp
    package var kind: Kind
    /// One sentence for people.
    package var text: String
    package var labels: Labels

    package init(time: Timestamp, kind: Kind, text: String, labels: Labels = .empty) {
        self.time = time
        self.kind = kind
        self.text = text
        self.labels = labels
    }
}
