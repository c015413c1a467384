import Formats
import Query
import Server
import TSDB

/// What the program tells the shell.
enum CommandStatus: Int32 {
    case success = 0
    /// Something failed, or a condition that was asked about is true.
    case failure = 1
    /// The command line or the query in it makes no sense.
    case usage = 2
    /// A file that was checked has faults.
    case lint = 3
    /// There is nothing to answer from.
    case noData = 4
    /// The store is locked, damaged, or of a format this version does not know.
    case store = 5
}

/// Why a command ends without having done its work: a sentence with the input, the place and the remedy.
struct CommandFailure: Error {
    let status: CommandStatus
    let message: String

    init(_ status: CommandStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    /// What the rooms throw, turned once into what the shell and its user get.
    init(_ error: any Error) {
        switch error {
        case let error as CommandFailure: self = error
        case let error as StoreError: self.init(CommandFailure.status(of: error), error.description)
        case let error as QueryError: self.init(CommandFailure.status(of: error), error.description)
        case let error as FormatError: self.init(.usage, error.description)
        case let error as ListenError:
            switch error {
            case .badAddress, .notLoopback: self.init(.usage, error.description)
            case .inUse, .failed: self.init(.failure, error.description)
            }
        default: self.init(.failure, "\(error)")
        }
    }

    private static func status(of error: StoreError) -> CommandStatus {
        switch error {
        case .noStore: .noData
        case .recorderRuns, .unknownFormat, .damaged, .refused(.damagedFile, _): .store
        case .refused, .readOnly, .invalid: .failure
        }
    }

    private static func status(of error: QueryError) -> CommandStatus {
        switch error {
        case .parse: .usage
        case .execution, .limit, .timeout, .cancelled: .failure
        case .storage: .store
        }
    }
}
