import Model
import TestSupport
import Testing

@testable import TSDB

struct StoreChangeTests {
    /// Who finds the store changed by others each time ends by having them wait.
    @Test(arguments: 0...3) func othersWaitInTheEnd(disturbances: Int) throws {
        let folder = TemporaryFolder()
        let store = try Store(at: folder.path, access: .write(testHost))
        let before = try store.snapshot().currentSuperblock().generation
        var attempts = 0
        let change = try store.change { snapshot throws(StoreError) -> UInt64? in
            let found = try snapshot.currentSuperblock().generation
            attempts += 1
            // Each of the first three attempts is without the lock, so that others can write meanwhile.
            if attempts <= disturbances {
                try store.write { transaction throws(StoreError) in try transaction.raiseGeneration(of: store) }
            }
            return found
        } apply: { found, transaction throws(StoreError) in
            guard try transaction.superblock(of: store).generation == found else { return false }
            try transaction.raiseGeneration(of: store)
            return true
        }
        #expect(attempts == disturbances + 1)
        let after = try store.snapshot().currentSuperblock().generation
        #expect(after == before + UInt64(attempts))
        #expect(change?.found == after - 1)
    }

    @Test func whatIsFoundUnchangedIsLeftAlone() throws {
        let folder = TemporaryFolder()
        let store = try Store(at: folder.path, access: .write(testHost))
        let before = try store.snapshot().currentSuperblock().generation
        let change = try store.change { _ throws(StoreError) -> Int? in
            nil
        } apply: { _, _ in
            true
        }
        #expect(change == nil)
        #expect(try store.snapshot().currentSuperblock().generation == before)
    }
}
