import Glibc
import TSDB

/// The folder of the store: `--data`, else the variables MON_STORE_PATH and MON_DATA, else `store.path` of the
/// configuration file, else `/var/lib/mon` where it is and may be used, else `$XDG_STATE_HOME/mon`, else
/// `~/.local/state/mon`. Who only reads and has no store there means `/var/lib/mon`, also where he may not enter it:
/// then he is told so.
struct DataFolder {
    enum Use {
        case read, write
    }

    static let system = "/var/lib/mon"

    let path: String
    /// Why it is this folder, where nobody named one; for the message that there is no store in it.
    let reason: String?

    /// - Parameter mayUse: whether a folder is there and may be used so.
    init(
        option: String?, use: Use, environment: @escaping (String) -> String?,
        mayUse: (String, Use) -> Bool = DataFolder.mayUse,
        isRefused: (String) -> Bool = { Store.refusal(at: $0) != nil },
        configured: ((String) -> String?) -> Configuration.Value? = ConfigurationFile.storePath
    ) throws(CommandFailure) {
        if let option {
            guard !option.isEmpty else { throw CommandFailure(.usage, "--data: the folder's name is empty") }
            (path, reason) = (option, nil)
        } else if let name = ["MON_STORE_PATH", "MON_DATA"].first(where: { environment($0)?.isEmpty == false }) {
            (path, reason) = (environment(name) ?? "", "from \(name)")
        } else if let value = configured(environment) {
            (path, reason) = (value.text, "from \(value.origin)")
        } else if mayUse(DataFolder.system, use) {
            (path, reason) = (DataFolder.system, nil)
        } else if let home = DataFolder.stateHome(environment) {
            let own = home + "/mon"
            if use == .read, isRefused(DataFolder.system), !Store.isPresent(at: own) {
                (path, reason) = (DataFolder.system, nil)
                return
            }
            path = own
            reason = "as MON_DATA is not set and \(DataFolder.system) is not there or may not be used"
        } else {
            throw CommandFailure(.usage, "no data folder: give one with --data, or set MON_DATA or HOME")
        }
    }

    /// Opens the store for reading.
    /// - Throws: ``CommandFailure`` that says where it was looked for, ``StoreError`` for all else.
    func openStore() throws -> Store {
        StoreGuard.install(for: path)
        do throws(StoreError) {
            return try Store.openVerified(at: path)
        } catch {
            guard case .noStore = error else { throw error }
            if DataFolder.isFile(path) {
                throw CommandFailure(
                    .noData, "\(path) is a file, and no folder with a store; a snapshot is read with --db \(path)")
            }
            let looked = reason.map { " (\($0))" } ?? ""
            throw CommandFailure(
                .noData,
                "no store in \(path)\(looked): start one with `mon run --data \(path)`, or name another "
                    + "folder with --data")
        }
    }

    private static func stateHome(_ environment: (String) -> String?) -> String? {
        // The XDG specification has relative paths ignored.
        if let state = environment("XDG_STATE_HOME"), state.hasPrefix("/") { return state }
        guard let home = environment("HOME"), !home.isEmpty else { return nil }
        return home + "/.local/state"
    }

    private static func isFile(_ path: String) -> Bool {
        var status = stat()
        // stat(2) reads the path during the call only.
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    static func mayUse(_ path: String, _ use: Use) -> Bool {
        // access(2) reads the path during the call only.
        unsafe access(path, use == .read ? R_OK | X_OK : R_OK | W_OK | X_OK) == 0
    }
}
