import LMDB

// What is done with all stripes of one block or registry, whose keys differ in their last two bytes alone, and which
// groups there are.

extension RawSpan {
    /// Whether it is the key of a stripe of the same byte string as `first`, the key of one of its stripes.
    func isStripe(ofSameAs first: [UInt8]) -> Bool {
        guard byteCount == first.count, first.count >= 2 else { return false }
        // Both have the bytes that are compared.
        return (0..<first.count - 2).allSatisfy { unsafe unsafeLoad(fromByteOffset: $0, as: UInt8.self) == first[$0] }
    }
}

extension WriteTransaction {
    /// Removes the stripe of `first` and all behind it that are of the same byte string.
    func removeStripes(from first: [UInt8]) throws(StoreError) {
        do throws(StorageError) {
            _ = try deleteRange(from: first) { $0.isStripe(ofSameAs: first) }
        } catch {
            throw StoreError(error)
        }
    }

    /// The numbers of all groups, ascending.
    func groupNumbers() throws(StoreError) -> [UInt16] {
        var numbers: [UInt16] = []
        try scan(from: Key.group(0)) { key, _ throws(StoreError) in
            guard let number = key.groupKey() else { return .stop }
            numbers.append(number)
            return .next
        }
        return numbers
    }
}
