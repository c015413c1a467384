import ArgumentParser
import Formats
import Model
import TSDB

/// `mon events`: what happened to the host and to its recording.
struct EventsCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "events", _superCommandName: Mon.name,
        abstract: "Lists reboots, clock steps, kills for want of memory, gaps and marks.",
        discussion: "mon events --last 7d --kind oom")

    @OptionGroup var store: StoreOptions
    @OptionGroup var span: SpanOptions

    @Option(help: "Only those of this kind; may be repeated.")
    var kind: [EventKind] = []

    @Option(help: "The output format.")
    var format = ListFormat.table

    @Flag(inversion: .prefixedNo, exclusivity: .chooseLast, help: "Column names above table and CSV.")
    var header = true

    func perform(on console: Console) throws -> CommandStatus {
        try store.setClock(of: console)
        let range = try span.span(on: console, needsStart: false)
        let events = try found(in: range ?? .all, on: console)
        guard !events.isEmpty else {
            console.say("nothing of that happened" + (range == nil ? "" : " in that span"))
            return .noData
        }
        let zone = span.zone(on: console)
        var listing = Listing(columns: ["time", "kind", "what"], rows: [])
        if format != .table { listing.columns.append("labels") }
        for event in events {
            let time =
                format == .table ? TimeText.local(event.time, zone, .seconds) : TimeText.rfc3339(event.time, zone)
            var row = [time, EventKind(event.kind).rawValue, event.text]
            if format != .table { row.append("\(event.labels)") }
            listing.rows.append(row)
        }
        listing.write(as: format, header: header, on: console) { writer in
            JSONText.write(list: events, into: &writer) { EventsCommand.write($0, zone, into: &$1) }
        }
        return .success
    }

    /// The snapshot has ended when it returns, however slowly the list is taken (``QueryCommand``).
    private func found(in range: TimeRange, on console: Console) throws -> [Event] {
        let snapshot = try store.openForReading(on: console).snapshot()
        let events = try snapshot.events(in: range)
        console.warn(of: snapshot.damage)
        return kind.isEmpty ? events : events.filter { kind.contains(EventKind($0.kind)) }
    }

    private static func write(_ event: Event, _ zone: TimeZoneRule, into writer: inout TextWriter) {
        writer.write("{\"time\":\"\(TimeText.rfc3339(event.time, zone))\",\"kind\":\"")
        writer.write(EventKind(event.kind).rawValue + "\",\"what\":")
        JSONText.write(string: event.text, into: &writer)
        writer.write(",\"labels\":")
        PrometheusJSON.write(event.labels, into: &writer)
        writer.write("}")
    }
}

/// What users call a kind of event.
enum EventKind: String, CaseIterable, ExpressibleByArgument {
    case reboot
    case clockStep = "clock_step"
    case outOfMemoryKill = "oom"
    case mark, gap

    init(_ kind: Event.Kind) {
        self =
            switch kind {
            case .reboot: .reboot
            case .clockStep: .clockStep
            case .outOfMemoryKill: .outOfMemoryKill
            case .mark: .mark
            case .gap: .gap
            }
    }
}
