/// Sorted lists of series ids and their algebra. Each operation is linear in its inputs.
enum Postings {
    static func intersection(_ lhs: [UInt32], _ rhs: [UInt32]) -> [UInt32] {
        var result: [UInt32] = []
        result.reserveCapacity(min(lhs.count, rhs.count))
        var i = 0
        var j = 0
        while i < lhs.count, j < rhs.count {
            if lhs[i] == rhs[j] {
                result.append(lhs[i])
                i += 1
                j += 1
            } else if lhs[i] < rhs[j] {
                i += 1
            } else {
                j += 1
            }
        }
        return result
    }

    static func subtracting(_ lhs: [UInt32], _ rhs: [UInt32]) -> [UInt32] {
        if rhs.isEmpty { return lhs }
        var result: [UInt32] = []
        result.reserveCapacity(lhs.count)
        var j = 0
        for id in lhs {
            while j < rhs.count, rhs[j] < id { j += 1 }
            if j == rhs.count || rhs[j] != id { result.append(id) }
        }
        return result
    }

    /// Of lists that may overlap.
    static func union(_ lists: [[UInt32]]) -> [UInt32] {
        if lists.count == 1 { return lists[0] }
        var all = lists.flatMap { $0 }
        all.sort()
        var result: [UInt32] = []
        result.reserveCapacity(all.count)
        for id in all where id != result.last { result.append(id) }
        return result
    }
}
