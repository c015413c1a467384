import ArgumentParser
import TSDB

/// Which store.
struct StoreOptions: ParsableArguments {
    @Option(help: "The store's folder. Else MON_DATA, /var/lib/mon, ~/.local/state/mon.")
    var data: String?

    @Option(
        help: ArgumentHelp("A file that `mon snapshot` made, instead of a folder; to read only.", valueName: "file"))
    var db: String?

    func folder(for use: DataFolder.Use, on console: Console) throws(CommandFailure) -> DataFolder {
        if let db {
            throw CommandFailure(.usage, "--db \(db): a snapshot is for reading; this needs a folder (--data)")
        }
        return try DataFolder(option: data, use: use, environment: console.environment)
    }

    /// Opens the folder or the file for reading.
    func openForReading(on console: Console) throws -> Store {
        guard let db else {
            let folder = try folder(for: .read, on: console)
            let store = try folder.openStore()
            if store.isOnReadOnlyMedia {
                console.say("warning: \(folder.path) is on read-only media: read without a lock")
            }
            return store
        }
        if data != nil { throw CommandFailure(.usage, "--db and --data exclude each other") }
        StoreGuard.install(forSnapshot: db)
        return try Store.openVerified(snapshotFile: db)
    }

    /// What messages call it: the file, or the folder.
    func name(on console: Console) throws -> String {
        if let db {
            if data != nil { throw CommandFailure(.usage, "--db and --data exclude each other") }
            return db
        }
        return try folder(for: .read, on: console).path
    }

    /// For a snapshot the present is its last sample: whoever looks into one asks about that time.
    func setClock(of console: Console) throws {
        guard db != nil else { return }
        if let newest = try openForReading(on: console).snapshot().newestSampleTime() { console.setClock(newest) }
    }
}
