import ArgumentParser
import Formats
import Model
import Query
import TSDB

/// `mon query`: one PromQL expression, answered from the store with no server.
struct QueryCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "query", _superCommandName: Mon.name,
        abstract: "Answers a PromQL expression from the store.",
        discussion: """
            mon query 'rate(disk_io_read_bytes_total[5m])'
            mon query 'cpu_usage_percent' --from 03:00 --to 03:20 --step 10s
            mon query -q 'disk_usage_percent{mountpoint="/"}'
            """)

    @Argument(help: "The expression.")
    var expression = ""

    @OptionGroup var store: StoreOptions

    @Option(
        parsing: .unconditional, help: "The moment: 03:12, 2026-03-29T01:02, -1h, seconds since 1970. Default: now.")
    var at: String?

    @OptionGroup var span: SpanOptions

    @Option(help: "Time between the points of a span: 10s, 5m.")
    var step: String?

    @Option(help: ArgumentHelp("One of \(OutputFormats.all.map(\.name).joined(separator: ", ")).", valueName: "format"))
    var format = "table"

    @Flag(name: [.customShort("q"), .long], help: "Values only, one a line, with all digits.")
    var quiet = false

    @Flag(inversion: .prefixedNo, exclusivity: .chooseLast, help: "Column names above tables and CSV.")
    var header = true

    @Flag(help: "Seconds since 1970 in CSV.")
    var unixTime = false

    @Option(help: "Answer from samples (raw) or windows (1m, 1h) only. Default: the best that there is.")
    var resolution: String?

    @Flag(help: "Show the plan and what it cost instead of the answer.")
    var explain = false

    @Flag(help: "Say on standard error what the answer cost.")
    var stats = false

    @Option(help: "Give up after this time.")
    var timeout = "2m"

    @Flag(help: "List PromQL's functions instead. `mon help NAME` shows one with an example.")
    var functions = false

    @Option(
        name: .customLong("enable"),
        help: ArgumentHelp(
            "Accept what Prometheus keeps behind feature flags: experimental functions, limitk, limit_ratio, fill.",
            valueName: "experimental"))
    var features: [String] = []

    func validate() throws {
        if expression.isEmpty && !functions { throw ValidationError("Missing expected argument '<expression>'") }
        for feature in features where feature != "experimental" {
            throw ValidationError("--enable \(feature): possible is experimental")
        }
    }

    func perform(on console: Console) throws -> CommandStatus {
        if functions {
            console.write(FunctionHelp.all)
            return .success
        }
        guard let format = OutputFormats.named(format) else {
            let known = OutputFormats.all.map(\.name)
            throw CommandFailure(.usage, "--format \(self.format): possible are \(known.joined(separator: ", "))")
        }
        try store.setClock(of: console)
        let time = try queryTime(on: console)
        let timeout = try DurationArgument.parse(timeout, option: "--timeout")
        let queryOptions = QueryOptions(resolution: try tier(), timesNodes: stats)
        // A query that runs for ever holds its snapshot for ever, and the file grows.
        let engine = QueryEngine(
            limits: QueryLimits(timeout: .milliseconds(timeout), threadsMax: 2), acceptsExperimental: !features.isEmpty)
        // Before the store is opened: a mistyped query is one with or without data.
        let parsed = try parse(with: engine)
        let answer = try self.answer(parsed, time, engine, queryOptions, format, on: console)
        console.write(answer.text)
        guard let finding = answer.finding else { return .success }
        console.say(finding.reason)
        return finding.status
    }

    /// Asks the store. Its snapshot has ended when it returns: whoever takes the answer may be in no hurry, and as long
    /// as a snapshot lives the store grows.
    /// - Returns: what is printed, and why nothing was found.
    private func answer(
        _ parsed: Query.Expression, _ time: QueryTime, _ engine: QueryEngine, _ queryOptions: QueryOptions,
        _ format: OutputFormat, on console: Console
    ) throws -> (text: [UInt8], finding: EmptyAnswer.Finding?) {
        let snapshot = try store.openForReading(on: console).snapshot()
        let result = try engine.evaluate(expression, at: time, in: snapshot, options: queryOptions)
        for annotation in result.annotations {
            console.say((annotation.severity == .warning ? "warning: " : "info: ") + annotation.message)
        }
        if explain {
            let plan = try engine.explain(
                expression, at: time, statistics: result.statistics, options: queryOptions)
            return (Array((plan + QueryCommand.cost(result.statistics) + "\n").utf8), nil)
        }
        if stats { console.say(QueryCommand.costs(result.statistics)) }
        var writer = TextWriter()
        try format.write(result, options(parsed, result, format, snapshot, on: console), into: &writer)
        let hint = EmptyAnswer(
            expression: parsed, time: time, zone: span.zone(on: console), resolution: queryOptions.resolution)
        if hint.applies(to: result) { return (writer.bytes, try hint.finding(in: snapshot)) }
        // Series met none of the other half, or all were filtered away: that is an answer. A name that nothing is
        // called may be why.
        if !quiet, result.value.isEmpty, let mistake = try hint.mistake(in: snapshot) {
            console.say("info: \(mistake)")
        }
        return (writer.bytes, nil)
    }

    private func tier() throws(CommandFailure) -> Tier? {
        guard let resolution else { return nil }
        if let tier = Tier(name: resolution) { return tier }
        let known = Tier.allCases.map(\.name).joined(separator: ", ")
        throw CommandFailure(.usage, "--resolution \(resolution): possible are \(known)")
    }

    /// The instant or the grid that is asked for.
    private func queryTime(on console: Console) throws -> QueryTime {
        if let range = try span.span(on: console) {
            if at != nil { throw CommandFailure(.usage, "--at is for one moment, --from and --last are for a span") }
            let given = try step.map { text throws(CommandFailure) in
                try DurationArgument.parse(text, option: "--step")
            }
            let step = given ?? AutomaticStep.milliseconds(for: range)
            guard span.last != nil else { return .range(start: range.min, end: range.max, stepMilliseconds: step) }
            // The last hour has no exact start: its points fall on the marks of the step.
            let shift = ((range.max.milliseconds % step) + step) % step
            return .range(
                start: Timestamp(milliseconds: range.min.milliseconds &- shift),
                end: Timestamp(milliseconds: range.max.milliseconds &- shift), stepMilliseconds: step)
        }
        if step != nil { throw CommandFailure(.usage, "--step needs --from or --last") }
        let zone = span.zone(on: console)
        return .instant(
            try at.map { try TimeExpression.parse($0, option: "--at", now: console.now, zone: zone) }
                ?? console.now)
    }

    /// A text that is no query is shown with a mark under the place.
    private func parse(with engine: QueryEngine) throws -> Query.Expression {
        do throws(QueryError) {
            return try engine.parse(expression)
        } catch {
            guard case .parse(let fault) = error else { throw error }
            var message = QueryCommand.describe(fault, in: expression)
            // Prometheus' words name its own flag, or none.
            let isExperimental = (try? QueryEngine(acceptsExperimental: true).parse(expression)) != nil
            if isExperimental { message += "\n`--enable experimental` accepts it" }
            throw CommandFailure(.usage, message)
        }
    }

    static func describe(_ fault: ParseError, in text: String) -> String {
        var message = fault.description
        if let expected = fault.expected, !message.contains("expected") { message += ", expected \(expected)" }
        if let suggestion = fault.suggestion { message += "; did you mean \(suggestion)?" }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.indices.contains(fault.line - 1) else { return message }
        let line = lines[fault.line - 1]
        let before = String(decoding: line.utf8.prefix(fault.column - 1), as: UTF8.self)
        let mark = String(repeating: " ", count: TextTable.width(of: before)) + "^"
        return "\(message)\n  \(line)\n  \(mark)"
    }

    private func options(
        _ parsed: Query.Expression, _ result: QueryResult, _ format: OutputFormat, _ snapshot: Snapshot,
        on console: Console
    ) throws -> FormatOptions {
        var options = FormatOptions()
        options.showsHeader = header
        options.isQuiet = quiet
        options.zone = span.zone(on: console)
        options.timeStyle = unixTime ? .unix : .rfc3339
        options.width = console.width
        options.isStyled = console.isStyled
        // Only these two show what the metadata tells; reading it costs a few microseconds a name.
        guard !quiet, format.name == "table" || format.name == "openmetrics" else { return options }
        let view = StoreView(snapshot)
        for name in Set(parsed.metricNames).union(QueryCommand.metricNames(in: result.value)) {
            options.families[name] = try view.metadata(of: name)
        }
        options.unit = DisplayUnit.infer(from: parsed, families: options.families)
        return options
    }

    private static func metricNames(in value: QueryValue) -> Set<String> {
        switch value {
        case .scalar, .string: []
        case .vector(let series), .matrix(let series): Set(series.compactMap(\.labels.metricName))
        }
    }

    /// `12 series, 34 chunks, 3456 samples, 24 windows of 1m; parse 0.1 ms, select 1.2 ms, evaluate 2.3 ms`
    private static func cost(_ statistics: QueryStatistics) -> String {
        var windows = ""
        let minutes = statistics.selectors.values.reduce(0) { $0 + $1.minuteWindows }
        let hours = statistics.selectors.values.reduce(0) { $0 + $1.hourWindows }
        for (count, tier) in [(minutes, Tier.minute), (hours, .hour)] where count > 0 {
            windows += ", \(count) windows of \(tier.name)"
        }
        return "\(statistics.series) series, \(statistics.chunks) chunks, \(statistics.samples) samples\(windows); "
            + "parse \(milliseconds(statistics.parseNanoseconds)), select "
            + "\(milliseconds(statistics.selectNanoseconds)), evaluate \(milliseconds(statistics.evaluateNanoseconds))"
    }

    /// The cost, and a line for each part of the plan: its time with all that is within it.
    private static func costs(_ statistics: QueryStatistics) -> String {
        var lines = [cost(statistics)]
        for node in statistics.nodes {
            let times = node.evaluations > 1 ? ", \(node.evaluations) times" : ""
            let indent = String(repeating: "  ", count: node.depth + 1)
            lines.append("\(indent)\(node.name): \(milliseconds(node.nanoseconds))\(times)")
        }
        return lines.joined(separator: "\n")
    }

    private static func milliseconds(_ nanoseconds: UInt64) -> String {
        let hundredths = nanoseconds / 10_000
        let decimals = hundredths % 100
        return "\(hundredths / 100)." + (decimals < 10 ? "0" : "") + "\(decimals) ms"
    }
}
