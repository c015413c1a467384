import ArgumentParser
import TSDB

/// Which store.
struct StoreOptions: ParsableArguments {
    @Option(help: "The store's folder. Else MON_DATA, /var/lib/mon, ~/.local/state/mon.")
    var data: String?

    func folder(for use: DataFolder.Use, on console: Console) throws(CommandFailure) -> DataFolder {
        try DataFolder(option: data, use: use, environment: console.environment)
    }
}
