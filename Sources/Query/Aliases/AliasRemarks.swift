import Model

extension Evaluation {
    /// Says what the windows of two series did not tell of their sum or difference, where only windows are left.
    /// - Parameter readsEnds: Only first and last samples of windows were looked at.
    mutating func annotateLosses(_ found: FoundSeries, of plan: SelectorPlan, readsEnds: Bool) {
        let losses = found.selection.losses
        if losses.isEmpty { return }
        let reason = plan.tiers.forced == nil ? ", because finer data is gone" : ""
        let text = "an alias that adds or subtracts was answered from the windows of its two series\(reason)"
        if losses.isEstimated {
            annotations.warn(text + "; they were not sampled at the same moments, so that it is a guess", at: plan.span)
        } else if !readsEnds {
            var parts: [String] = []
            if losses.extremesBound > 0 {
                parts.append("lowest and highest values are off by at most \(FloatText.short(losses.extremesBound))")
            }
            if losses.missesFalls { parts.append("falls within windows are not known") }
            if !parts.isEmpty { annotations.inform("\(text); \(parts.joined(separator: ", "))", at: plan.span) }
        }
    }
}
