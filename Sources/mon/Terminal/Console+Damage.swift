import TSDB

extension Console {
    /// Tells what is missing from an answer because it is damaged.
    func warn(of damage: DamageList) {
        for loss in damage.losses { say("warning: \(loss.description)") }
    }
}
