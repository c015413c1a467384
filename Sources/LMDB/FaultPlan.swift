import CLMDB
import Glibc
import Synchronization

/// Has chosen steps of an environment fail as a disk would have them fail: how tests bring about what needs a full
/// disk, a broken one or a mount otherwise. Without a plan a step costs a comparison with nil.
///
/// Life: the test makes it, opens an environment with it, and tells it what is to fail and how often. Opening the
/// environment anew ends a fatal state, as it does in LMDB.
package final class FaultPlan: Sendable {
    /// What may fail.
    package enum Step: Hashable, Sendable {
        case beginRead, beginWrite, put, delete, commit
    }

    /// How it fails.
    package enum Fault: Hashable, Sendable {
        /// ENOSPC on data pages: the transaction is gone, the environment is not.
        case diskFull
        /// EIO on data pages.
        case inputOutput
        /// EROFS.
        case readOnlyFileSystem
        /// MDB_MAP_FULL.
        case mapFull
        /// MDB_MAP_RESIZED.
        case mapResized
        /// ENOSPC on the meta page: all that is begun afterwards is refused (MDB_PANIC) until the environment is opened
        /// again.
        case metaPage

        fileprivate var code: Int32 {
            switch self {
            case .diskFull, .metaPage: ENOSPC
            case .inputOutput: EIO
            case .readOnlyFileSystem: EROFS
            case .mapFull: MDB_MAP_FULL
            case .mapResized: MDB_MAP_RESIZED
            }
        }
    }

    private struct State {
        var faults: [Step: (fault: Fault, skip: Int, times: Int)] = [:]
        var isPanicked = false
    }

    private let state = Mutex(State())

    package init() {}

    /// Has `step` fail `times` times, after `skip` times of success.
    package func fail(_ step: Step, with fault: Fault, after skip: Int = 0, times: Int = 1) {
        state.withLock { $0.faults[step] = (fault, skip, times) }
    }

    /// Ends all failing but a fatal state.
    package func heal() { state.withLock { $0.faults.removeAll() } }

    /// The environment is a new one.
    func reopened() { state.withLock { $0.isPanicked = false } }

    /// The error of this time that `step` is taken; nil where it succeeds.
    func code(at step: Step) -> Int32? {
        state.withLock { state in
            if state.isPanicked && (step == .beginRead || step == .beginWrite) { return MDB_PANIC }
            guard var planned = state.faults[step], planned.times > 0 else { return nil }
            if planned.skip > 0 {
                planned.skip -= 1
                state.faults[step] = planned
                return nil
            }
            planned.times -= 1
            state.faults[step] = planned
            if planned.fault == .metaPage { state.isPanicked = true }
            return planned.fault.code
        }
    }

    func check(_ step: Step, _ operation: String, _ path: String) throws(StorageError) {
        if let code = code(at: step) { throw StorageError(code, operation, path: path) }
    }
}
