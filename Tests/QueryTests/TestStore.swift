import Model
import TSDB
import TestSupport

/// A real store in a temporary folder, and a short way to put samples into it.
final class TestStore {
    private let folder = TemporaryFolder()
    private var recorder: Recorder

    init(hostName: String = "test") throws {
        // Many scrapes a commit: tests write fast and never crash.
        recorder = try Recorder(
            path: folder.path, host: HostIdentity(name: hostName, machineID: "test"), scrapesPerCommit: 500)
    }

    /// Stores the samples, all series together in order of time.
    func load(_ series: [(labels: Labels, samples: [Sample])], intervalMilliseconds: Int64) throws {
        var rows: [Int64: [(series: SeriesReference, value: Double)]] = [:]
        for (labels, samples) in series {
            let reference = recorder.reference(for: labels)
            for sample in samples { rows[sample.time.milliseconds, default: []].append((reference, sample.value)) }
        }
        let group = GroupDefinition(intervalMilliseconds: intervalMilliseconds)
        for (time, samples) in rows.sorted(by: { $0.key < $1.key }) {
            try recorder.append(
                Scrape(
                    time: Timestamp(milliseconds: time), rows: [Scrape.Row(group: group, samples: samples)]))
        }
        try recorder.commit()
    }

    /// Forgets what is older at `now` than it is kept.
    func forget(_ keep: TierKeep, now: Int64) throws {
        try recorder.sealEverything()
        _ = try recorder.store.retain(RetentionPolicy(keep: keep), now: Timestamp(milliseconds: now))
    }

    func snapshot() throws -> Snapshot { try recorder.store.snapshot() }
}
