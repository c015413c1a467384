/// What percents of a block may be of: constants of the block that are as large as memories and disks.
struct PercentTotals {
    private(set) var all: [UInt64] = []

    /// A host has as many as memories and disks; the rest is room for constants that are none.
    private static let countMax = 64

    /// Takes the value of a constant column, where it may be a total.
    mutating func take(constant value: Double) {
        guard all.count < PercentTotals.countMax, value >= 0x1p20, let total = UInt64(exactly: value) else { return }
        take(total)
    }

    /// Takes a total that percents were found to be of.
    mutating func take(_ total: UInt64) {
        if !all.contains(total) { all.append(total) }
    }
}
