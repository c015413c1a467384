// Replacing what was read, beside others that write.

import LMDB

extension Store {
    /// Finds in a snapshot what is to change and changes it in a transaction.
    ///
    /// What takes long is done without the writer's lock, so that a recorder never waits for it. Where others were
    /// quicker some times running, it is done once more with the lock held: then they wait, and it cannot fail again.
    /// - Parameters:
    ///   - find: what to change, from a view of the store; nil where nothing is.
    ///   - apply: looks whether what was found is still so and writes; false, with nothing changed, where it is not.
    /// - Returns: what was changed and the view it was found in.
    func change<Found>(
        _ find: (Snapshot) throws(StoreError) -> Found?,
        apply: (Found, borrowing WriteTransaction) throws(StoreError) -> Bool
    ) throws(StoreError) -> (found: Found, snapshot: Snapshot)? {
        for _ in 0..<3 {
            let snapshot = try snapshot()
            guard let found = try find(snapshot) else { return nil }
            let isDone = try write { transaction throws(StoreError) in try apply(found, transaction) }
            if isDone { return (found, snapshot) }
        }
        return try write { transaction throws(StoreError) in
            // Nobody else commits before this transaction ends, so this is what it sees too.
            let snapshot = try snapshot()
            guard let found = try find(snapshot) else { return nil }
            guard try apply(found, transaction) else {
                throw .refused(.other, description: "\(path) changed while nobody else could write")
            }
            return (found, snapshot)
        }
    }
}
