import Model

/// Pages of metrics that other programs of this machine serve, as Prometheus would scrape them: each series gets the
/// labels `job` and `instance`, and `up`, `scrape_duration_seconds` and `scrape_samples_scraped` tell of the page.
///
/// Each is asked at its own interval on a thread of its own, off the tick; its samples are dated by the tick that finds
/// the answer, whatever times stand on the page. A page that cannot be had, that has a line which is no sample, or more
/// series than it may, is refused as a whole: `up` is then 0 and its series end.
struct TargetsCollector: Collector {
    static let families: [MetricFamily] = [
        .gauge("up", "Whether the page was scraped: 1 or 0."),
        .gauge("scrape_duration_seconds", unit: "seconds", "How long scraping the page took."),
        .gauge("scrape_samples_scraped", "Samples on the page."),
    ]

    /// What a scrape brought.
    private struct Outcome: Sendable {
        var seconds = 0.0
        var sampleCount = 0
        var content = TextFileContent()
        var problem: CollectorError?
    }

    private struct Entry {
        let target: ScrapeTarget
        let job: BackgroundJob<Outcome>
        var schedule: ForeignSchedule
        var series: ForeignSeries
        var problem: CollectorError?
        let own: (up: Labels, duration: Labels, samples: Labels)

        init(_ target: ScrapeTarget, _ calls: SystemCalls) {
            self.target = target
            job = BackgroundJob("scrape \(target.shownURL)") { TargetsCollector.outcome(of: target, calls) }
            schedule = ForeignSchedule(intervalMilliseconds: target.intervalMilliseconds)
            series = ForeignSeries(intervalMilliseconds: target.intervalMilliseconds)
            func labels(_ name: String) -> Labels { target.labelled(Labels(name: name)) }
            own = (labels("up"), labels("scrape_duration_seconds"), labels("scrape_samples_scraped"))
        }
    }

    private var entries: [Entry]

    static func copyOptions(of all: SamplerOptions, to own: inout SamplerOptions) {
        own.targets = all.targets
    }

    init(_ surroundings: Surroundings) {
        entries = surroundings.options.targets.map { Entry($0, surroundings.calls) }
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        for index in entries.indices {
            do throws(CollectorError) {
                try TargetsCollector.collect(&entries[index], into: &scrape)
            } catch {
                scrape.partialErrors.append(error)
            }
        }
    }

    mutating func endForeign(into scrape: inout Scrape) {
        for index in entries.indices { entries[index].series.end(into: &scrape) }
    }

    mutating func renew(_ renewal: inout CatalogRenewal) {
        for index in entries.indices { entries[index].series.renew(&renewal) }
    }

    private static func collect(_ entry: inout Entry, into scrape: inout Scrape) throws(CollectorError) {
        let now = scrape.monotonicNanoseconds
        if let outcome = entry.job.takeOutcome() {
            take(outcome, &entry, into: &scrape)
            if let problem = entry.problem { scrape.partialErrors.append(problem) }
        } else if let problem = entry.problem {
            scrape.lastingErrors.append(problem)
        }
        if entry.job.isRunning,
            entry.schedule.isOverdue(at: now, timeoutMilliseconds: entry.target.timeoutMilliseconds)
        {
            entry.series.end(into: &scrape)
        }
        if !entry.job.isRunning, entry.schedule.isDue(at: now) { try entry.job.begin() }
    }

    private static func take(_ outcome: Outcome, _ entry: inout Entry, into scrape: inout Scrape) {
        entry.problem = outcome.problem
        // What is told of the page comes first: a page that has an `up` of its own does not speak for the scrape.
        let own = [
            (labels: entry.own.up, value: outcome.problem == nil ? 1 : 0),
            (labels: entry.own.duration, value: outcome.seconds),
            (labels: entry.own.samples, value: Double(outcome.sampleCount)),
        ]
        let families = outcome.content.families
        let leftOut = entry.series.replace(by: own + outcome.content.samples, families, into: &scrape)
        if let leftOut, entry.problem == nil { entry.problem = leftOut.error(in: entry.target.description) }
    }

    /// On the job's thread.
    private static func outcome(of target: ScrapeTarget, _ calls: SystemCalls) -> Outcome {
        let began = ClockReading.now()
        var outcome = Outcome()
        do throws(CollectorError) {
            outcome.content = try page(of: target, at: began.wall, calls)
            outcome.sampleCount = outcome.content.samples.count
            for place in outcome.content.samples.indices {
                outcome.content.samples[place].labels = target.labelled(outcome.content.samples[place].labels)
            }
        } catch {
            outcome.problem = error.ofSomethingAskedFor
        }
        let took = ClockReading.now().monotonicNanoseconds &- began.monotonicNanoseconds
        outcome.seconds = Double(took / 1000) / 1e6
        return outcome
    }

    private static func page(
        of target: ScrapeTarget, at now: Timestamp, _ calls: SystemCalls
    ) throws(CollectorError) -> TextFileContent {
        let attempt = target.attempt
        var response = try PageRequest(target: target).send()
        guard response.status == 200 else {
            throw CollectorError(.system, attempt: attempt, found: "the answer has status \(response.status)")
        }
        if response.isPacked {
            guard let body = calls.unpackGzip(response.body, PageRequest.bytesMax) else {
                throw CollectorError(
                    .malformed, attempt: attempt,
                    found: "its gzip is damaged, or more than \(PageRequest.bytesMax) bytes")
            }
            response.body = body
        }
        guard response.body.count <= PageRequest.bytesMax else {
            throw CollectorError(.malformed, attempt: attempt, found: "more than \(PageRequest.bytesMax) bytes")
        }
        let isOpen = response.mediaType.hasPrefix("application/openmetrics-text")
        let content = calls.readPage(response.body, isOpen ? .openMetrics : .text, now, target.seriesMax)
        if content.isTooLong {
            throw CollectorError(
                .malformed, attempt: attempt,
                found: "more than series_max = \(target.seriesMax) series; the whole page is refused")
        }
        if let problem = content.problem { throw CollectorError(.malformed, attempt: attempt, found: problem) }
        return content
    }
}

extension ScrapeTarget {
    /// As messages call it: several jobs may have one page.
    var description: String { "\(shownURL) of job \(job)" }

    var attempt: String { "scrape \(description)" }

    /// The labels with those of the target. A label of the page that has one of their names is kept as `exported_…`.
    func labelled(_ labels: Labels) -> Labels {
        var builder = LabelsBuilder(labels)
        for label in [Label("instance", instance), Label("job", job)] + self.labels {
            if let own = labels[label.name] {
                var name = "exported_" + label.name
                while labels[name] != nil { name = "exported_" + name }
                builder.set(name, own)
            }
            builder.set(label.name, label.value)
        }
        return builder.labels()
    }
}
