package import Model

/// Samples a host: owns the collectors, the catalog of series, and the schedule.
///
/// Life: made once and kept by one thread. That thread asks for the ``nextTick(after:)``, waits, and calls
/// ``tick(at:)``, whose batches it hands to the store in order; at the end it asks for the ``finalBatch(at:)``.
/// `sample(at:monotonicNanoseconds:)` is one pass without a schedule, for one-shot commands and tests.
///
/// Invariants:
/// 1. A series that ends gets exactly one stale marker; a collector that was not due ends nothing.
/// 2. A batch holds each series at most once, and its groups are in ascending order of intervals.
/// 3. One collector's failure changes nothing for the others.
package struct SamplingLoop: ~Copyable {
    var slots: [CollectorSlot]
    var scrape: Scrape
    private var surroundings: Surroundings
    let entries: [CollectorEntry]
    package private(set) var schedule: TickSchedule
    /// What the caller should log about the latest sample.
    package private(set) var reports: [CollectorReport] = []
    /// Series of the catalog beyond which another one takes its place.
    var catalogRoom = SamplingLoop.catalogSeriesMax
    /// Samples of the latest batch by group, so that the next one allocates once.
    private var groupCounts: [Int64: Int] = [:]

    /// The aligned time and the clocks of the latest tick.
    private var lastTick: (aligned: Timestamp, reading: ClockReading)?
    /// The time of the latest batch.
    private(set) var lastSampleTime: Timestamp?

    /// - Parameters:
    ///   - host: Where the files are.
    ///   - options: Unknown names in them are ignored; the configuration's check is its reader's matter.
    ///   - calls: What the kernel answers beyond files.
    package init(host: HostRoot, options: SamplerOptions = SamplerOptions(), calls: SystemCalls = .live) {
        let surroundings = Surroundings(host: host, options: options, calls: calls)
        self.init(CollectorRegistry.entries, surroundings)
    }

    init(_ entries: [CollectorEntry], _ surroundings: Surroundings) {
        self.surroundings = surroundings
        self.entries = entries
        scrape = Scrape(surroundings.host)
        slots = []
        schedule = TickSchedule(intervals: [])
        for entry in entries where !surroundings.options.disabledCollectors.contains(entry.name) {
            if entry.hasWork(surroundings.options) { slots.append(CollectorSlot(entry, surroundings)) }
            for family in entry.families { scrape.catalog.describe(family) }
        }
        for family in CollectorSlot.families { scrape.catalog.describe(family) }
        arrange()
    }

    /// Collectors by interval, those of one in the list's order, and the ticks that follow from them.
    private mutating func arrange() {
        let places = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($0.element.name, $0.offset) })
        slots.sort {
            ($0.intervalMilliseconds, places[$0.entry.name] ?? 0) < (
                $1.intervalMilliseconds, places[$1.entry.name] ?? 0
            )
        }
        schedule = TickSchedule(intervals: slots.map { $0.intervalMilliseconds * throttle })
        scrape.paused = pausedCollectors
    }

    /// Every series that lives, and some that have ended; the handles of batches point into it, until ``tick(at:)``
    /// puts another one in its place. Not to be kept over a sample: a second owner
    /// makes the loop copy it whole when a series is new.
    package var catalog: SeriesCatalog { scrape.catalog }

    /// What the agent's own metrics tell of the store with the next sample; nil where there is none.
    package var storeFigures: StoreFigures? {
        get { scrape.storeFigures }
        set { scrape.storeFigures = newValue }
    }

    /// The same of the agent as a whole; nil where none runs.
    package var runtimeFigures: RuntimeFigures? {
        get { scrape.runtimeFigures }
        set { scrape.runtimeFigures = newValue }
    }

    /// Names of the collectors that run, in the order of their work.
    package var collectorNames: [String] { slots.filter(\.isEnabled).map(\.entry.name) }

    /// Collectors that are not running, and why.
    package var pausedCollectors: [(collector: String, reason: PauseReason)] {
        let running = Set(slots.map(\.entry.name))
        let off = surroundings.options.disabledCollectors
        var paused = entries.filter { off.contains($0.name) && !running.contains($0.name) }
            .map { ($0.name, PauseReason.configuration) }
        for slot in slots { if let reason = slot.pause { paused.append((slot.entry.name, reason)) } }
        return paused.sorted { $0.0 < $1.0 }
    }

    /// Nanoseconds that each running collector has spent since the loop began, but those that tell of the agent itself.
    package var costs: [(collector: String, nanoseconds: UInt64)] {
        slots.filter { $0.isEnabled && $0.entry.section != "agent" }.map { ($0.entry.name, $0.spentNanoseconds) }
    }

    /// Has a collector rest because the agent costs too much, which ends its series at the next sample, or lets it go
    /// on. What the configuration switched off stays off.
    package mutating func setSuspended(_ collector: String, _ isSuspended: Bool) {
        for index in slots.indices where slots[index].entry.name == collector {
            slots[index].setSuspended(isSuspended)
        }
        scrape.paused = pausedCollectors
    }

    /// How many times as long as configured the time between two passes is; the series stay in the groups of their
    /// intervals.
    package var throttle: Int64 = 1 {
        didSet { if throttle != oldValue { arrange() } }
    }

    /// Takes over other options from the next sample on. Series of collectors that are off now end there; a collector
    /// whose own options stay as they are does not notice.
    package mutating func reconfigure(_ options: SamplerOptions) {
        surroundings.options = options
        let known = Dictionary(uniqueKeysWithValues: slots.indices.map { (slots[$0].entry.name, $0) })
        for entry in entries {
            let isOff = options.disabledCollectors.contains(entry.name)
            if let index = known[entry.name] {
                slots[index].reconfigure(surroundings, isOff: isOff)
            } else if !isOff, entry.hasWork(options) {
                slots.append(CollectorSlot(entry, surroundings))
                for family in entry.families { scrape.catalog.describe(family) }
            }
        }
        arrange()
    }

    /// One pass over the collectors that are due at `time`: all of them at first, later those that have a multiple of
    /// their interval after their last pass. Takes tens of microseconds, and half a millisecond when processes are due.
    /// - Parameters:
    ///   - time: What the samples are dated.
    ///   - monotonicNanoseconds: CLOCK_MONOTONIC at the call, for what is measured over the time between two passes.
    package mutating func sample(at time: Timestamp, monotonicNanoseconds: UInt64) -> SampleBatch {
        var batch = SampleBatch(time: time)
        let began = surroundings.calls.monotonicNanoseconds()
        reports.removeAll(keepingCapacity: true)
        lastSampleTime = time
        scrape.time = time
        scrape.monotonicNanoseconds = monotonicNanoseconds
        scrape.frame = nil
        scrape.events.removeAll()
        scrape.files.begin()
        beginForeign()
        begin(slots.first?.intervalMilliseconds ?? 0)
        for index in slots.indices {
            let interval = slots[index].intervalMilliseconds
            if interval != scrape.group.intervalMilliseconds {
                finish(into: &batch)
                begin(interval)
            }
            if slots[index].isDue(at: time, throttle: throttle) {
                slots[index].run(into: &scrape, clock: surroundings.calls.monotonicNanoseconds, reports: &reports)
            } else if !slots[index].isEnabled {
                slots[index].end(into: &scrape)
            } else if throttle == 1 {
                let clock = surroundings.calls.monotonicNanoseconds
                slots[index].runBetween(into: &scrape, clock: clock, reports: &reports)
            }
        }
        finish(into: &batch)
        finishForeign(into: &batch)
        batch.frame = scrape.frame.take()
        batch.events = scrape.events
        scrape.durations.observe(nanoseconds: surroundings.calls.monotonicNanoseconds() &- began)
        return batch
    }

    /// Ends every live series: the last batch of a clean stop. Dated `time`, or just after the latest batch where that
    /// is later.
    package mutating func finalBatch(at time: Timestamp) -> SampleBatch {
        var time = time
        if let lastSampleTime, time <= lastSampleTime {
            time = Timestamp(milliseconds: lastSampleTime.milliseconds + 1)
        }
        return endingBatch(at: time)
    }

    private mutating func endingBatch(at time: Timestamp) -> SampleBatch {
        var batch = SampleBatch(time: time)
        beginForeign()
        begin(slots.first?.intervalMilliseconds ?? 0)
        for index in slots.indices {
            let interval = slots[index].intervalMilliseconds
            if interval != scrape.group.intervalMilliseconds {
                finish(into: &batch)
                begin(interval)
            }
            slots[index].end(into: &scrape)
        }
        finish(into: &batch)
        finishForeign(into: &batch)
        return batch
    }

    private mutating func beginForeign() {
        scrape.foreign.removeAll()
        scrape.foreignSeen.removeAll()
    }

    /// Puts what came in groups of their own among the others, by interval: but what a collector behind the source
    /// turned out to bring itself, and the end of what another source has taken up.
    private mutating func finishForeign(into batch: inout SampleBatch) {
        for var group in scrape.foreign {
            group.samples.removeAll { series, value in
                scrape.catalog.isOwn(series) || (value.isStaleMarker && scrape.foreignSeen.contains(series))
            }
            if group.samples.isEmpty { continue }
            if let place = batch.groups.firstIndex(where: { $0.intervalMilliseconds == group.intervalMilliseconds }) {
                batch.groups[place].samples += group.samples
            } else {
                let place = batch.groups.firstIndex { $0.intervalMilliseconds > group.intervalMilliseconds }
                batch.groups.insert(group, at: place ?? batch.groups.endIndex)
            }
        }
        beginForeign()
    }

    private mutating func begin(_ interval: Int64) {
        scrape.group = SampleBatch.Group(intervalMilliseconds: interval)
        scrape.group.samples.reserveCapacity(groupCounts[interval] ?? 64)
    }

    private mutating func finish(into batch: inout SampleBatch) {
        guard !scrape.group.samples.isEmpty else { return }
        groupCounts[scrape.group.intervalMilliseconds] = scrape.group.samples.count
        batch.groups.append(scrape.group)
        scrape.group.samples = []
    }
}

// MARK: - Ticks

extension SamplingLoop {
    /// The tick to wait for; see ``TickSchedule``.
    package func nextTick(after reading: ClockReading) -> TickSchedule.Tick {
        schedule.next(after: reading, last: lastTick?.aligned)
    }

    /// What a wake-up at `reading` brings, in order of time: a batch that ends all series where recording was
    /// interrupted, then the samples. Nothing where the tick of that moment was taken already: the caller then waits
    /// for the next.
    package mutating func tick(at reading: ClockReading) -> [SampleBatch] {
        renewCatalogIfLarge()
        let place = schedule.place(of: reading.wall)
        guard let last = lastTick, let lastSampleTime else {
            lastTick = (place.aligned, reading)
            return [sample(at: place.sampleTime, monotonicNanoseconds: reading.monotonicNanoseconds)]
        }
        // Woken early, or the wall clock went back a little: the time of this tick is used up.
        let back = last.aligned.milliseconds - place.aligned.milliseconds
        if back >= 0 && back <= schedule.shortest { return [] }

        let change = ClockChange(from: last.reading, to: reading)
        var batches: [SampleBatch] = []
        if isGap(from: lastSampleTime, to: place.sampleTime, change) {
            batches.append(gapBatch(after: lastSampleTime, until: place.sampleTime, change))
        }
        if change.suspendedMilliseconds == 0 && change.steppedMilliseconds == 0 {
            scrape.missedTicks += schedule.ticksMissed(from: last.aligned, to: place.aligned)
        }
        lastTick = (place.aligned, reading)
        var batch = sample(at: place.sampleTime, monotonicNanoseconds: reading.monotonicNanoseconds)
        if change.steppedMilliseconds != 0 {
            batch.events.append(clockStepEvent(change, at: place.sampleTime))
        }
        batches.append(batch)
        return batches
    }

    /// Whether the time between two batches is one in which the host was not recorded, so that no value may be carried
    /// into it: four intervals without a sample, or two when the machine slept.
    private func isGap(from last: Timestamp, to now: Timestamp, _ change: ClockChange) -> Bool {
        let pause = now.milliseconds - last.milliseconds
        return pause >= 4 * schedule.shortest
            || (change.suspendedMilliseconds > 0 && pause >= 2 * schedule.shortest)
    }

    /// Ends all series one interval after the last batch, where their next samples should have been: PromQL's lookback
    /// then finds the marker and not the values before it.
    private mutating func gapBatch(
        after last: Timestamp, until now: Timestamp, _ change: ClockChange
    ) -> SampleBatch {
        let time = Timestamp(milliseconds: last.milliseconds + schedule.shortest)
        var batch = endingBatch(at: time)
        let length = DurationText.format(now.milliseconds - last.milliseconds)
        if change.suspendedMilliseconds > 0 {
            let text = "nothing was recorded for \(length): the machine was suspended"
            batch.events.append(Event(time: time, kind: .gap, text: text))
        } else if change.steppedMilliseconds == 0 {
            let text = "nothing was recorded for \(length): the agent did not run"
            batch.events.append(Event(time: time, kind: .gap, text: text))
        }
        return batch
    }

    private func clockStepEvent(_ change: ClockChange, at time: Timestamp) -> Event {
        let length = DurationText.format(abs(change.steppedMilliseconds))
        let direction = change.steppedMilliseconds > 0 ? "forward" : "back"
        return Event(time: time, kind: .clockStep, text: "the wall clock was set \(direction) by \(length)")
    }
}
