import Glibc
import LMDB
import TestSupport
import Testing

@Suite struct SpaceTests {
    private func fill(_ environment: borrowing Environment, _ range: Range<Int>) throws {
        try environment.write(wrap: { $0 }) { transaction throws(StorageError) in
            for number in range {
                try transaction.put([UInt8(number >> 8), UInt8(number & 255)], [UInt8](repeating: 1, count: 4080))
            }
        }
    }

    private func used(_ environment: borrowing Environment) throws -> Int {
        try environment.statistics().filePages - environment.freePageCount()
    }

    /// Pages in use follow what is stored; the file keeps its size and its free pages are used again.
    @Test func freePagesAreCounted() throws {
        let folder = TemporaryFolder()
        let environment = try Environment(path: folder.path, access: .write, mapBytes: 1 << 26)
        try fill(environment, 0..<500)
        let full = try used(environment)
        // A page a value, and the tree's own.
        #expect((502...540).contains(full))
        let filePages = try environment.statistics().filePages
        for first in stride(from: 0, to: 500, by: 50) {
            _ = try environment.write(wrap: { $0 }) { transaction throws(StorageError) in
                try transaction.deleteRange(from: [UInt8(first >> 8), UInt8(first & 255)], limit: 50) { _ in true }
            }
            let left = 450 - first
            let now = try used(environment)
            #expect((left...left + 40).contains(now), "after \(first + 50) of 500")
        }
        let emptied = try environment.statistics().filePages
        #expect(emptied <= filePages + 20)
        try fill(environment, 0..<400)
        let refilled = try environment.statistics().filePages
        #expect(refilled <= filePages + 20, "free pages are used again")
        let usedAgain = try used(environment)
        #expect((402...440).contains(usedAgain))
    }

    /// What readers keep from being used again counts as free all the same: the cap is on what is stored.
    @Test func pagesThatReadersHoldAreFree() throws {
        let folder = TemporaryFolder()
        let environment = try Environment(path: folder.path, access: .write, mapBytes: 1 << 26)
        try fill(environment, 0..<100)
        let held = try environment.beginRead()
        let open = environment.readTransactionCount
        #expect(open == 1)
        _ = try environment.write(wrap: { $0 }) { transaction throws(StorageError) in
            try transaction.deleteRange(from: [0]) { _ in true }
        }
        let left = try used(environment)
        #expect(left < 20)
        let value = try held.value(of: [0, 7])?.byteCount
        #expect(value == 4080)
    }

    @Test func aFileThatIsGoneIsNoticed() throws {
        let folder = TemporaryFolder()
        let environment = try Environment(path: folder.path, access: .write, mapBytes: 1 << 26)
        try fill(environment, 0..<1)
        var seen = [environment.isInPlace]
        rename(folder.path + "/data.mdb", folder.path + "/elsewhere.mdb")
        seen.append(environment.isInPlace)
        rename(folder.path + "/elsewhere.mdb", folder.path + "/data.mdb")
        seen.append(environment.isInPlace)
        #expect(seen == [true, false, true])
    }
}

@Suite struct FaultPlanTests {
    private func put(_ environment: borrowing Environment, _ key: UInt8) throws(StorageError) {
        try environment.write(wrap: { $0 }) { transaction throws(StorageError) in try transaction.put([key], [key]) }
    }

    /// Why a put fails; nil where it succeeds.
    private func cause(_ environment: borrowing Environment, _ key: UInt8) -> StorageError.Cause? {
        do throws(StorageError) {
            try put(environment, key)
            return nil
        } catch {
            return error.cause
        }
    }

    private func expectCause(
        _ expected: StorageError.Cause?, _ environment: borrowing Environment, _ key: UInt8,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let found = cause(environment, key)
        #expect(found == expected, sourceLocation: sourceLocation)
    }

    @Test func theNthStepFailsAndChangesNothing() throws {
        let folder = TemporaryFolder()
        let plan = FaultPlan()
        let environment = try Environment(path: folder.path, access: .write, mapBytes: 1 << 26, faults: plan)
        plan.fail(.put, with: .inputOutput, after: 2, times: 1)
        expectCause(nil, environment, 1)
        expectCause(nil, environment, 2)
        expectCause(.inputOutput, environment, 3)
        expectCause(nil, environment, 4)
        plan.fail(.commit, with: .diskFull)
        expectCause(.diskFull, environment, 5)
        let read = try environment.beginRead()
        for (key, isThere) in [(1, true), (2, true), (3, false), (4, true), (5, false)] as [(UInt8, Bool)] {
            let found = try read.value(of: [key]) != nil
            #expect(found == isThere, "\(key)")
        }
    }

    @Test func aFatalStateLastsUntilTheNextOpening() throws {
        let folder = TemporaryFolder()
        let plan = FaultPlan()
        do {
            let environment = try Environment(path: folder.path, access: .write, mapBytes: 1 << 26, faults: plan)
            plan.fail(.commit, with: .metaPage)
            expectCause(.diskFull, environment, 1)
            expectCause(.panicked, environment, 1)
            do throws(StorageError) {
                _ = try environment.beginRead()
                Issue.record("a read began in a fatal state")
            } catch {
                #expect(error.cause == .panicked)
            }
        }
        let environment = try Environment(path: folder.path, access: .write, mapBytes: 1 << 26, faults: plan)
        expectCause(nil, environment, 1)
    }
}
