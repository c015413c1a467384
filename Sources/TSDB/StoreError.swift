import LMDB

/// Why the store could not do what was asked. Every case says what was attempted, on what, and what to do.
package enum StoreError: Error, Hashable, CustomStringConvertible {
    /// There is no store in the folder.
    case noStore(path: String)
    /// Another process records into the folder.
    case recorderRuns(path: String, pid: Int32?)
    /// A format this program does not know.
    case unknownFormat(path: String, record: String, version: Int)
    /// A value whose checksum or content is wrong. What it held is lost; the rest answers.
    case damaged(path: String, record: String, reason: String)
    /// The kernel or LMDB refused.
    case refused(Refusal, description: String)
    /// The store was opened for reading.
    case readOnly(path: String)
    /// What was asked makes no sense, for example a group of an interval of 0.
    case invalid(String)

    /// What a caller may want to act on.
    package enum Refusal: Hashable, Sendable {
        case diskFull
        case permission
        case readOnlyFileSystem
        case mapFull
        case inputOutput
        /// The folder was removed, or its disk unmounted, while the store was open.
        case gone
        /// The environment must be closed and opened again.
        case reopen
        case damagedFile
        /// The caller gave up; see ``Snapshot/stop(when:)``.
        case stopped
        case other
    }

    init(_ error: StorageError) {
        let refusal: Refusal =
            switch error.cause {
            case .diskFull: .diskFull
            case .permission: .permission
            case .readOnlyFileSystem: .readOnlyFileSystem
            case .mapFull: .mapFull
            case .panicked, .mapResized: .reopen
            case .damaged: .damagedFile
            case .inputOutput: .inputOutput
            case .notFound, .readersFull, .other: .other
            }
        self = .refused(refusal, description: error.description)
    }

    package var description: String {
        switch self {
        case .noStore(let path):
            "no store in \(path); `mon run --data \(path)` starts one"
        case .recorderRuns(let path, let pid):
            "\(path) is being recorded into by " + (pid.map { "process \($0)" } ?? "another process")
                + "; stop it first, or use another folder"
        case .unknownFormat(let path, let record, let version):
            "\(path): \(record) has format \(version), which this version does not know; use a newer mon"
        case .damaged(let path, let record, let reason):
            "\(path): \(record) is damaged (\(reason)); `mon db check` tells what it costs"
        case .refused(_, let description):
            description
        case .readOnly(let path):
            "\(path) was opened for reading only"
        case .invalid(let reason):
            reason
        }
    }
}

/// Runs `body` and turns what the LMDB layer throws into this layer's error.
func converting<Value: ~Copyable>(_ body: () throws(StorageError) -> Value) throws(StoreError) -> Value {
    do {
        return try body()
    } catch {
        throw StoreError(error)
    }
}

extension StoreError {
    /// A record of the store that does not decode.
    init(_ error: CodecError, path: String, record: String) {
        switch error {
        case .unknownCoder(_, let number), .unknownVersion(_, let number):
            self = .unknownFormat(path: path, record: record, version: Int(number))
        case .cutShort, .malformed:
            self = .damaged(path: path, record: record, reason: error.description)
        }
    }
}
