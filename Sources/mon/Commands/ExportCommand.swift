import ArgumentParser
import Formats
import Model
import Query
import Server
import TSDB

/// `mon export`: the current values for another program, once or over HTTP.
struct ExportCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "export", _superCommandName: Mon.name,
        abstract: "Shows the current values as Prometheus text or OpenMetrics.",
        discussion: "mon export > /var/lib/node_exporter/mon.prom; mon export --listen 127.0.0.1:9100")

    @OptionGroup var store: StoreOptions

    @Flag(help: "Print them and end. This is the default.")
    var once = false

    @Option(help: ArgumentHelp("Serve them at http://ADDRESS/metrics until stopped.", valueName: "address"))
    var listen: String?

    @Flag(help: "Listen on addresses that other machines can reach. Nobody is asked who he is.")
    var allowRemote = false

    @Flag(help: "OpenMetrics 1.0 instead of Prometheus' text; over HTTP the client decides.")
    var openmetrics = false

    @Option(
        help:
            "The names shown: native, modern, both, or node for node_exporter's. Over HTTP ?names= may ask for others.")
    var names = NameForm.native

    func perform(on console: Console) throws -> CommandStatus {
        try store.setClock(of: console)
        if let listen {
            if once { throw CommandFailure(.usage, "--once and --listen exclude each other") }
            return try serve(listen, on: console)
        }
        let snapshot = try store.openForReading(on: console).snapshot()
        let families = try CurrentValues.families(in: snapshot, at: console.now, names: names)
        console.warn(of: snapshot.damage)
        guard !families.isEmpty else {
            let newest = try snapshot.newestSampleTime().map { TimeText.rfc3339($0, console.zone) }
            let hint = newest.map { "; the newest is of \($0)" } ?? ""
            console.say("no series has a sample of the last 5 minutes" + hint)
            return .noData
        }
        var writer = TextWriter()
        ExpositionWriter.write(families, as: openmetrics ? .openMetrics : .text, into: &writer)
        console.write(writer.bytes)
        return .success
    }

    private func serve(_ address: String, on console: Console) throws -> CommandStatus {
        Signals.hold()
        let opened = try store.openForReading(on: console)
        let services = Services(version: Version.text, names: names, of: opened, now: { WallClock.now() })
        let configuration = try Configuration(file: nil, environment: console.environment, flags: [])
        let log = Log.live(configuration, on: console)
        let server = try HTTPServer.start(
            address: address, routes: Routes.all(services), allowRemote: allowRemote,
            report: { log.error("a request failed", ["cause": $0]) })
        log.info("serving", ["url": "http://\(server.address)/metrics"])
        Signals.wait()
        server.stop(within: .seconds(5))
        return .success
    }
}

extension NameForm: ExpressibleByArgument {}
