import LMDB
import Model

extension StoreCheck {
    /// Every block of windows: its start, its series' names, and that all of its windows decode and lie in its span.
    mutating func checkWindows() throws(StoreError) {
        for group in groups.keys.sorted() {
            for layer in TierLayer.allCases {
                for reference in try snapshot.tierReferences(layer, group: group) { try check(reference) }
            }
        }
    }

    private mutating func check(_ reference: TierReference) throws(StoreError) {
        let title = RecordKind.title(of: Key.tierBlock(reference, stripe: 0))
        let (first, last) = (reference.start * 1000, reference.endSeconds * 1000)
        let span = TimeRange(minMilliseconds: first + 1, maxMilliseconds: last)
        if reference.start % reference.layer.spanSeconds != 0 { report.add(title, "its start is not that of a span") }
        do throws(StoreError) {
            let ids = try snapshot.ids(in: reference)
            if zip(ids, ids.dropFirst()).contains(where: { $0 >= $1 }) { report.add(title, "its ids do not ascend") }
            for id in ids {
                guard let windows = try snapshot.windows(of: id, in: reference) else { continue }
                if windows.ends.contains(where: { $0 <= first || $0 > last }) {
                    report.add(title, "series \(id) has windows outside the block's span")
                }
            }
            expectIDs(ids, at: span.min.milliseconds, of: title, span: reference.layer.registrySpan)
        } catch {
            report.add(
                error, costs: CheckReport.samples(in: span, of: "the windows of group \(reference.group),"))
        }
    }
}
