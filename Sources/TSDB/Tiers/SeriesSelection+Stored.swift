extension SeriesSelection {
    /// Whether at least half of the selection's time has windows of the tier that are stored, as far as it is in
    /// blocks. Windows that are not stored are made of samples while reading, which takes longer than to answer from
    /// samples.
    package func storesWindows(_ tier: Tier) throws(StoreError) -> Bool {
        if plans[tier] == nil { plans[tier] = try TierPlan(tier, in: range, snapshot) }
        guard let plan = plans[tier] else { return true }
        var stored: Int64 = 0
        var all: Int64 = 0
        for piece in plan.pieces.joined() {
            let length = piece.through - piece.after
            all += length
            let isStored = piece.sources.contains { source in
                if case .windows = source { true } else { false }
            }
            if isStored { stored += length }
        }
        return stored >= all - stored
    }
}
