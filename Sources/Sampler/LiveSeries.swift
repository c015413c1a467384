import Model

/// The series that a collector's last pass brought, so that those that end get their stale marker.
struct LiveSeries {
    private(set) var handles: [SeriesHandle] = []

    /// Completes a pass whose samples are those of `group` from `start` on: drops repetitions of a series, and marks as
    /// stale what was there in the pass before and is missing now.
    ///
    /// When the pass brought the same series in the same order as the one before, which is nearly always, this is one
    /// comparison of two arrays.
    mutating func settle(_ group: inout SampleBatch.Group, from start: Int) {
        if isUnchanged(group, from: start) { return }
        var seen = Set<SeriesHandle>(minimumCapacity: group.samples.count - start)
        var end = start
        for index in start..<group.samples.count where seen.insert(group.samples[index].series).inserted {
            group.samples[end] = group.samples[index]
            end += 1
        }
        group.samples.removeSubrange(end...)
        let ended = handles.filter { !seen.contains($0) }
        handles = group.samples[start...].map(\.series)
        for series in ended { group.append(series, .staleMarker) }
    }

    /// Moves over to another catalog.
    mutating func renew(_ renewal: inout CatalogRenewal) {
        for index in handles.indices { handles[index] = renewal.enter(handles[index]) }
    }

    /// Forgets those that have become another's, and does not end them.
    mutating func keep(where isKept: (SeriesHandle) -> Bool) { handles.removeAll { !isKept($0) } }

    /// Marks all series as ended.
    mutating func end(into group: inout SampleBatch.Group) {
        for series in handles { group.append(series, .staleMarker) }
        handles.removeAll()
    }

    private func isUnchanged(_ group: SampleBatch.Group, from start: Int) -> Bool {
        guard group.samples.count - start == handles.count else { return false }
        for index in handles.indices where group.samples[start + index].series != handles[index] { return false }
        return true
    }
}
