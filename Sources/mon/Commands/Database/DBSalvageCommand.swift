import ArgumentParser
import TSDB

/// `mon db salvage`: copies what a damaged store still holds into a new one.
struct DBSalvageCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "salvage", abstract: "Copies what a damaged store still holds into a new one.",
        discussion: """
            mon db salvage -o /var/lib/mon-saved --data /var/lib/mon
            The damaged store, or snapshot (--db), stays as it is. Series whose names are lost become
            lost_series{id,day}.
            """)

    @OptionGroup var store: StoreOptions

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("A folder without a store, for the new one.", valueName: "new"))
    var output: String

    func perform(on console: Console) throws -> CommandStatus {
        func tell(_ place: String) {
            if console.errorIsTerminal { console.say("salvaging \(place)") }
        }
        let path = try store.name(on: console)
        let report =
            store.db == nil
            ? try Salvage.run(from: path, to: output, progress: tell)
            : try Salvage.run(snapshotFile: path, to: output, progress: tell)
        for loss in report.losses {
            let costs = loss.costs.isEmpty ? "" : "; costs \(loss.costs)"
            console.write("lost: \(loss.record): \(loss.reason)\(costs)\n")
        }
        let copied = report.copied.map { "\($0.count) \($0.name)" }.joined(separator: ", ")
        console.write("saved into \(output): \(copied.isEmpty ? "nothing" : copied)\n")
        console.write("ask it: mon query --data \(output) '…'; check it: mon db check --data \(output)\n")
        return .success
    }
}
