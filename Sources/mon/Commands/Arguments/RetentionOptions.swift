import ArgumentParser
import Model
import Query
import TSDB

/// How long to keep what. What is not said stays as the store was told last.
struct RetentionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How long to keep samples, windows of a minute and of an hour.",
            discussion: "What is not said stays as the store was told last, at first raw=30d,1m=1y,1h=5y.",
            valueName: "raw=30d,1m=1y,1h=5y"))
    var retention: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Other times for the series of a selector: '{__name__=~\"network_.*\"}' raw=7d. May be repeated; the first "
                + "that fits a series counts. All of them replace those that the store was told before; none takes "
                + "them away.",
            valueName: "selector raw=7d | none"))
    var retentionFor: [String] = []

    @Option(help: "Short for --retention raw=TIME.")
    var keep: String?

    /// The flags, checked.
    func request() throws(CommandFailure) -> RetentionRequest {
        var request = RetentionRequest()
        if let keep {
            if retention != nil {
                throw CommandFailure(.usage, "--keep is short for --retention raw=\(keep): give one of them")
            }
            request.keep = "raw=\(DurationText.format(try DurationArgument.parse(keep, option: "--keep")))"
        }
        if let retention {
            request.keep = retention
            _ = try RetentionRequest.changed(.standard, by: retention, "--retention \(retention)")
        }
        if retentionFor == ["none"] {
            request.exceptions = []
            return request
        }
        guard retentionFor.count % 2 == 0 else {
            throw CommandFailure(
                .usage,
                "--retention-for \(retentionFor.joined(separator: " ")): a selector and times belong together, such as "
                    + "'{__name__=~\"network_.*\"}' raw=7d; none takes those that the store has away")
        }
        if retentionFor.isEmpty { return request }
        var exceptions: [(matchers: [Matcher], times: String)] = []
        for place in stride(from: 0, to: retentionFor.count, by: 2) {
            let (selector, times) = (retentionFor[place], retentionFor[place + 1])
            exceptions.append((try RetentionRequest.matchers(of: selector, "--retention-for"), times))
            _ = try RetentionRequest.changed(.standard, by: times, "--retention-for \(selector) \(times)")
        }
        request.exceptions = exceptions
        return request
    }
}

/// What the flags ask for, before the store is known that they change.
struct RetentionRequest: Sendable {
    /// As `--retention` has it.
    var keep: String?
    /// Nil where those that the store has stay.
    var exceptions: [(matchers: [Matcher], times: String)]?

    /// Whether nothing is asked for.
    var isEmpty: Bool { keep == nil && exceptions == nil }

    /// What the flags say, over what the configuration does: times by tier, and exceptions all or none.
    func over(_ configuration: Configuration) throws(CommandFailure) -> RetentionRequest {
        var request = self
        let given = Set(
            (keep ?? "").split(separator: ",").compactMap { $0.split(separator: "=").first.map(String.init) })
        let set = ["raw", "1m", "1h"].filter { configuration.isSet("store.retention.\($0)") && !given.contains($0) }
        let times = set.map { "\($0)=\(configuration.text("store.retention.\($0)") ?? "")" }
        if !times.isEmpty { request.keep = (times + [keep].compactMap(\.self)).joined(separator: ",") }
        if exceptions == nil {
            request.exceptions = try configuration.exceptions?.map { exception throws(CommandFailure) in
                (try RetentionRequest.matchers(of: exception.selector, "\(exception.origin)"), exception.times)
            }
        }
        return request
    }

    /// The matchers of an exception's selector.
    /// - Parameter origin: where it was said.
    static func matchers(of selector: String, _ origin: String) throws(CommandFailure) -> [Matcher] {
        let matchers: [Matcher]
        do throws(ParseError) {
            matchers = try Parser.parseSelector(selector)
        } catch {
            throw CommandFailure(.usage, "\(origin): \(QueryCommand.describe(error, in: selector))")
        }
        guard !matchers.isEmpty else {
            throw CommandFailure(
                .usage, "\(origin): \(selector) selects every series, whose times --retention (store.retention) says")
        }
        return matchers
    }

    /// The policy of a store that has had `current`; nil where nothing is asked for.
    func policy(on current: RetentionPolicy) throws(CommandFailure) -> RetentionPolicy? {
        if isEmpty { return nil }
        var policy = current
        if let keep {
            policy.keep = try RetentionRequest.changed(current.keep, by: keep, "--retention \(keep)")
            policy.frames = policy.keep
        }
        if let exceptions {
            policy.exceptions = []
            for (matchers, times) in exceptions {
                let keep = try RetentionRequest.changed(policy.keep, by: times, "--retention-for \(times)")
                policy.exceptions.append(RetentionPolicy.Exception(matchers: matchers, keep: keep))
            }
        }
        return policy
    }

    static func changed(_ keep: TierKeep, by text: String, _ option: String) throws(CommandFailure) -> TierKeep {
        do throws(StoreError) {
            return try keep.changed(by: text)
        } catch {
            throw CommandFailure(.usage, "\(option): \(error.description)")
        }
    }
}
