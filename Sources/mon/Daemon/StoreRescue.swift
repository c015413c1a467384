import Formats
import Glibc
import Model
import TSDB

// The life of a store that cannot be recorded into: `mon run` finds that its pages are damaged, or that it was ended by
// them twice, moves it to DIR/damaged-<time>/tsdb, which is a data folder for `mon db check` and `mon db salvage`, says
// so loudly, and begins a new one. Recording never stops for what was recorded.

/// Opens the store that `mon run` records into, whatever has happened to it.
enum StoreRescue {
    /// The file that counts, a byte each, how often the store has ended the recorder.
    static func counterPath(_ path: String) -> String { path + "/store-crashes" }

    /// Deaths after which the store is taken to be the cause.
    static let deathsMax = 2

    /// What happened, for the log and for an event in the new store.
    struct Rescue: Hashable {
        var reason: String
        /// The data folder of the damaged store.
        var aside: String

        var text: String { "the store was damaged (\(reason)) and moved to \(aside)" }
    }

    /// What ``openRecorder(_:now:_:)`` brings.
    struct Opened: ~Copyable {
        var recorder: Recorder
        /// Nil where nothing had to be done.
        var rescue: Rescue?
    }

    /// A recorder for the folder, and what had to be done for it.
    /// - Parameter make: opens the recorder of a folder that is as it should be.
    static func openRecorder(
        _ path: String, now: Timestamp, _ make: () throws(StoreError) -> Recorder
    ) throws(StoreError) -> Opened {
        // While another process records there, what it has is not touched: the recorder says who it is.
        var rescue: Rescue?
        if Store.recorder(of: path) == nil, let reason = reason(against: path) {
            rescue = try moveAside(path, reason, now)
        }
        do throws(StoreError) {
            return Opened(recorder: try make(), rescue: rescue)
        } catch {
            guard rescue == nil, isDamage(error) else { throw error }
            let moved = try moveAside(path, error.description, now)
            return Opened(recorder: try make(), rescue: moved)
        }
    }

    /// Counts a death that was no signal's.
    static func countDeath(_ path: String) {
        let file = unsafe open(counterPath(path), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o660)
        guard file >= 0 else { return }
        // One byte, of a constant that lives for the call.
        _ = unsafe write(file, "x", 1)
        fsync(file)
        close(file)
    }

    /// The store has been recorded into for a while: what it did before is forgotten.
    static func forgetDeaths(_ path: String) {
        // The path is a C string during the call only.
        unsafe unlink(counterPath(path))
    }

    /// Why the store must not be recorded into; nil where nothing speaks against it.
    private static func reason(against path: String) -> String? {
        let deaths = fileBytes(counterPath(path))
        if deaths >= deathsMax { return "it ended the recorder \(deaths) times" }
        do throws(StoreError) {
            try Store.verifyPages(at: path)
            _ = try Store(at: path, access: .read)
            return nil
        } catch {
            return isDamage(error) ? error.description : nil
        }
    }

    /// Whether the store itself is what is wrong.
    static func isDamage(_ error: StoreError) -> Bool {
        switch error {
        case .damaged, .refused(.damagedFile, _): true
        case .noStore, .recorderRuns, .unknownFormat, .refused, .readOnly, .invalid: false
        }
    }

    private static func moveAside(_ path: String, _ reason: String, _ now: Timestamp) throws(StoreError) -> Rescue {
        let aside = "\(path)/damaged-\(name(now))"
        // mkdir and rename read the paths during the calls only.
        guard unsafe mkdir(aside, 0o770) == 0 || errno == EEXIST, unsafe rename(path + "/tsdb", aside + "/tsdb") == 0
        else {
            let cause = unsafe String(cString: strerror(errno))
            throw .refused(
                .other,
                description: "\(path): the store is damaged (\(reason)), and cannot be moved to \(aside): \(cause)")
        }
        forgetDeaths(path)
        return Rescue(reason: reason, aside: aside)
    }

    /// `20260329T010203.004Z`: sorts by time, and fits into a file's name.
    private static func name(_ time: Timestamp) -> String {
        let bytes = TimeText.rfc3339(time, .utc).utf8.filter { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "-") }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func fileBytes(_ path: String) -> Int {
        var status = stat()
        // The kernel fills the structure.
        return unsafe stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}
