/// "Did you mean …?": the names that are nearest to one that nothing is called.
package enum Suggestions {
    /// At most `countMax` of `names`, the nearest first; empty where none is near.
    ///
    /// Near is what ``NameSuggestion`` calls near, and a metric name that contains what was typed, for those who leave
    /// out a prefix or a unit.
    package static func nearest(to name: String, among names: [String], countMax: Int = 3) -> [String] {
        var rest = names.filter { $0 != name }
        var found: [String] = []
        while found.count < countMax, let next = NameSuggestion.nearest(to: name, among: rest) {
            found.append(next)
            rest.removeAll { $0 == next }
        }
        guard name.utf8.count >= 3 else { return found }
        let containing = rest.filter { $0.contains(name) }.sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
        found.append(contentsOf: containing.prefix(max(0, countMax - found.count)))
        return found
    }
}
