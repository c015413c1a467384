package import Model
package import TSDB

/// Records a made-up host by a clock of its own.
package struct SyntheticRecording: ~Copyable {
    /// What a stretch of recording cost.
    package struct Cost {
        package var samples = 0
        package var scrapes = 0
        /// CPU of the appends that sealed nothing.
        package var appendNanoseconds: Int64 = 0
        package var sealNanoseconds: Int64 = 0
        package var seals = 0
        /// Bytes written by appends, by seals, and by retention before them.
        package var appendBytes: Int64 = 0
        package var sealBytes: Int64 = 0
        package var retentionBytes: Int64 = 0

        package init() {}
    }

    package private(set) var host: SyntheticHost
    package private(set) var time: Timestamp
    package private(set) var recorder: Recorder
    private let references: [SeriesReference]
    private let hasFrames: Bool
    private let policy: RetentionPolicy
    /// Whether bytes written are counted: twice a scrape `/proc/self/io` is read for it, a quarter of all CPU time.
    private let countsBytes: Bool

    /// - Parameters:
    ///   - start: time of the first scrape.
    ///   - policy: how long what is kept; applied before each seal.
    package init(
        path: String, host: SyntheticHost, start: Timestamp, scrapesPerCommit: Int, hasFrames: Bool = true,
        policy: RetentionPolicy = .standard, countsBytes: Bool = true
    ) throws(StoreError) {
        recorder = try Recorder(
            path: path, host: HostIdentity(name: "made-up", machineID: "0"), scrapesPerCommit: scrapesPerCommit)
        var references: [SeriesReference] = []
        for labels in host.labels { references.append(recorder.reference(for: labels)) }
        self.references = references
        self.host = host
        self.hasFrames = hasFrames
        self.policy = policy
        self.countsBytes = countsBytes
        time = start
    }

    /// Records `count` scrapes.
    package mutating func record(_ count: Int) throws(StoreError) -> Cost {
        var cost = Cost()
        for _ in 0..<count {
            let values = host.tick()
            var scrape = Scrape(time: time)
            var samples: [(series: SeriesReference, value: Double)] = []
            samples.reserveCapacity(values.count)
            for (place, value) in values.enumerated() { samples.append((references[place], value)) }
            let group = GroupDefinition(intervalMilliseconds: SyntheticHost.intervalMilliseconds)
            scrape.rows = [Scrape.Row(group: group, samples: samples)]
            if hasFrames, time.milliseconds % 10_000 < SyntheticHost.intervalMilliseconds {
                scrape.frame = host.frame(at: time)
            }
            cost.samples += samples.count
            cost.scrapes += 1
            try append(scrape, &cost)
            time.milliseconds += SyntheticHost.intervalMilliseconds
        }
        return cost
    }

    private func writtenBytes() -> Int64 { countsBytes ? Measure.writtenBytes() : 0 }

    private mutating func append(_ scrape: Scrape, _ cost: inout Cost) throws(StoreError) {
        // First room, then the block that fills it: the free list stays shorter than the other way round.
        if recorder.willSeal(at: scrape.time) {
            let before = writtenBytes()
            _ = try recorder.store.retain(policy, now: scrape.time)
            cost.retentionBytes += writtenBytes() - before
        }
        let (sealed, bytes) = (recorder.sealCount, writtenBytes())
        // Behind the counter, because reading it costs more than a buffered append.
        let begun = Measure.cpuNanoseconds()
        try recorder.append(scrape)
        let used = Measure.cpuNanoseconds() - begun
        let written = writtenBytes() - bytes
        if recorder.sealCount == sealed {
            cost.appendNanoseconds += used
            cost.appendBytes += written
            return
        }
        cost.seals += recorder.sealCount - sealed
        cost.sealNanoseconds += used
        cost.sealBytes += written
    }

    /// Commits what waits; ``host`` and ``time`` go on in another recording.
    package mutating func commit() throws(StoreError) { try recorder.commit() }

    /// Seals all there is; returns the CPU time in nanoseconds.
    package mutating func sealEverything() throws(StoreError) -> Int64 {
        try recorder.commit()
        let begun = Measure.cpuNanoseconds()
        try recorder.sealEverything()
        return Measure.cpuNanoseconds() - begun
    }

    /// Fills a folder with days that end now.
    package static func fill(_ path: String, days: Int) throws(StoreError) {
        let now = Measure.wallNanoseconds() / 1_000_000
        let scrapes = days * 86_400_000 / Int(SyntheticHost.intervalMilliseconds)
        let start = now / 10_000 * 10_000 - Int64(scrapes - 1) * SyntheticHost.intervalMilliseconds
        var recording = try SyntheticRecording(
            path: path, host: SyntheticHost(), start: Timestamp(milliseconds: start), scrapesPerCommit: 120,
            countsBytes: false)
        _ = try recording.record(scrapes)
        try recording.commit()
    }
}
