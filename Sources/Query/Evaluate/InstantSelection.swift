import Model
import TSDB

extension Evaluation {
    /// An instant vector of the store: at each step the newest sample within the lookback, unless it is a stale marker.
    /// - Parameter takingTimes: The samples' times in seconds instead of their values.
    mutating func select(
        _ plan: SelectorPlan, on grid: StepGrid, takingTimes: Bool
    ) throws(QueryError) -> VectorColumns {
        var result = VectorColumns(steps: grid.count)
        try forEachRow(of: plan, on: grid, takingTimes: takingTimes) {
            evaluation, labels, row, count throws(QueryError) in
            if result.count == 0 { result.reserve(count) }
            result.append(labels, row)
            try evaluation.checkSize(result)
        }
        return result
    }

    /// The same, series by series; see ``forEachRow(of:on:_:)``.
    dynamic mutating func forEachRow(
        of plan: SelectorPlan, on grid: StepGrid, takingTimes: Bool,
        _ body: (inout Evaluation, Labels, [Double], _ count: Int) throws(QueryError) -> Void
    ) throws(QueryError) {
        if grid.count == 0 { return }
        let found = try find(plan)
        if takingTimes { found.selection.skipNumbers() }
        var newest = NewestSample(
            moments: plan.shift.moments(of: grid), lookback: plan.windowMilliseconds, takesTimes: takingTimes)
        var content = SeriesContent()
        var row = [Double](repeating: .absent, count: grid.count)
        var remarks = TierRemarks()
        for series in found.labels.indices {
            try read(found, series, of: plan, into: &content)
            let windowed = content.windowedSteps(newest.moments, rangeMilliseconds: plan.windowMilliseconds)
            if windowed > 0 {
                content.joinSamples(through: newest.moments.time(windowed - 1))
                newest.fill(&row, 0..<windowed, from: content.windows, &remarks)
            }
            newest.fill(&row, windowed..<grid.count, from: content.samples)
            if row.hasValue { try body(&self, found.labels[series], row, found.labels.count) }
        }
        annotateLosses(found, of: plan, readsEnds: true)
        remarks.annotateInstant(&annotations, isForced: plan.tiers.forced != nil, at: plan.span)
    }
}

/// The newest sample at each moment, within the lookback.
struct NewestSample {
    let moments: StepGrid
    let lookback: Int64
    let takesTimes: Bool
    /// Of the series before, where its times are worth keeping: the place of the newest sample at each of the steps, -1
    /// where there is none. The next series has mostly the same array of times.
    private var places: [Int] = []
    private var placedSteps = 0..<0
    private var placedTimes: [Int64] = []
    /// Of series before that one, for the same steps.
    private var memory = TimesMemory<[Int]>()

    init(moments: StepGrid, lookback: Int64, takesTimes: Bool) {
        self.moments = moments
        self.lookback = lookback
        self.takesTimes = takesTimes
    }

    mutating func fill(_ row: inout [Double], _ steps: Range<Int>, from samples: SampleColumn) {
        if placedSteps != steps {
            memory.removeAll()
            placedTimes = []
        }
        if samples.count < TimesMemory<[Int]>.timesMin {
            place(steps, among: samples.timestamps.span)
            placedTimes = []
        } else if !samples.timestamps.isSameArray(as: placedTimes) {
            if let known = memory.exchange(places, of: placedTimes, for: samples.timestamps) {
                places = known
            } else {
                place(steps, among: samples.timestamps.span)
            }
            placedTimes = samples.timestamps
        }
        let (times, values, places) = (samples.timestamps.span, samples.values.span, places.span)
        var results = row.mutableSpan
        for (index, step) in steps.enumerated() {
            let place = places[index]
            results[step] = place < 0 ? .absent : value(values[place], at: times[place])
        }
    }

    private mutating func place(_ steps: Range<Int>, among times: Span<Int64>) {
        placedSteps = steps
        if places.count != steps.count { places = [Int](repeating: -1, count: steps.count) }
        let (moments, lookback) = (moments, lookback)
        var places = places.mutableSpan
        var next = 0
        for (index, step) in steps.enumerated() {
            let moment = moments.time(step)
            // In bounds: compared with the count first.
            while next < times.count, unsafe times[unchecked: next] <= moment { next &+= 1 }
            let isThere = next > 0 && times[next - 1] > moment.subtractingClamped(lookback)
            places[index] = isThere ? next - 1 : -1
        }
    }

    /// From windows. At a window's end its last sample is the newest, and whether the series had ended is known.
    /// Between the times of its first and last sample the first one is the newest that is known, and it counts however
    /// old it is: the series goes on.
    func fill(
        _ row: inout [Double], _ steps: Range<Int>, from column: TieredColumn, _ remarks: inout TierRemarks
    ) {
        let windows = column.windows
        var next = 0
        for step in steps {
            let moment = moments.time(step)
            while next < windows.count, windows.ends[next] - column.lengths[next] < moment { next += 1 }
            row[step] = .absent
            var place = next - 1
            var isWithin = false
            if place >= 0, windows.ends[place] > moment {
                // The moment lies within the window.
                if windows.counts[place] > 0 && windows.lastTimes[place] <= moment {
                    // It says how the window ends; when a series ended after its last sample is not known.
                    if windows.isStale[place] { remarks.enclosing(column.tier) }
                } else if windows.counts[place] > 0 && windows.firstTimes[place] <= moment {
                    row[step] = value(windows.firsts[place], at: windows.firstTimes[place])
                    remarks.enclosing(column.tier)
                    continue
                } else {
                    // Unless the series ended in this window, which would not show.
                    isWithin = true
                    place -= 1
                }
            }
            guard place >= 0, !windows.isStale[place] else { continue }
            let time = windows.lastTimes[place]
            guard time > moment.subtractingClamped(lookback) else { continue }
            row[step] = value(windows.lasts[place], at: time)
            if isWithin { remarks.enclosing(column.tier) }
        }
    }

    /// A stale marker has the bits of absence, and that is what it means.
    private func value(_ value: Double, at time: Int64) -> Double {
        takesTimes && !value.isStaleMarker ? Double(time) / 1000 : value
    }
}
