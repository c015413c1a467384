/// The `limit` largest of many numbers, in one pass and without sorting them all.
struct LargestSelection {
    private(set) var items: [(key: UInt64, index: Int)] = []
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
        items.reserveCapacity(limit + 1)
    }

    /// Takes the number in where it is above 0 and among the largest so far. Of equals the one offered first stays.
    mutating func offer(_ key: UInt64, _ index: Int) {
        guard key > 0, items.count < limit || key > (items.last?.key ?? 0) else { return }
        var place = items.count
        while place > 0, items[place - 1].key < key { place -= 1 }
        items.insert((key, index), at: place)
        if items.count > limit { items.removeLast() }
    }
}

/// By which of its sizes a process is in a frame.
struct FrameReasons: OptionSet, Hashable {
    let rawValue: UInt8

    static let cpu = FrameReasons(rawValue: 1)
    static let memory = FrameReasons(rawValue: 2)
    static let io = FrameReasons(rawValue: 4)
}
