import ArgumentParser
import Formats
import TSDB

/// `mon status`: how the agent and its store fare, on one screen.
struct StatusCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows how the agent, the host and the store fare.",
        discussion: """
            mon status --json | jq .problems
            Exit: 0 all is well, 1 something is not, 4 there is no store.
            """)

    @OptionGroup var store: StoreOptions

    @Flag(help: "As JSON.")
    var json = false

    func perform(on console: Console) throws -> CommandStatus {
        if let db = store.db {
            throw CommandFailure(
                .usage, "--db \(db): a snapshot has no agent; mon db stats --db \(db) tells of the file")
        }
        let path = try store.folder(for: .read, on: console).path
        let opened = try store.openForReading(on: console)
        let status = try AgentStatus(of: opened, path: path, now: console.now)
        var writer = TextWriter()
        if json {
            StatusJSON.write(status, into: &writer)
        } else {
            StatusText(zone: console.zone, width: console.width, isStyled: console.isStyled).write(
                status, into: &writer)
        }
        console.write(writer.bytes)
        return status.problems.isEmpty ? .success : .failure
    }
}
