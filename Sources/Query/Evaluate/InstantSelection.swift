import Model
import TSDB

extension Evaluation {
    /// An instant vector of the store: at each step the newest sample within the lookback, unless it is a stale marker.
    /// - Parameter takingTimes: The samples' times in seconds instead of their values.
    mutating func select(
        _ plan: SelectorPlan, on grid: StepGrid, takingTimes: Bool
    ) throws(QueryError) -> VectorColumns {
        var result = VectorColumns(steps: grid.count)
        if grid.count == 0 { return result }
        let selection = try find(plan)
        let moments = plan.shift.moments(of: grid)
        var samples = SampleColumn()
        var row = [Double](repeating: .absent, count: grid.count)
        for series in selection.labels.indices {
            try read(selection, series, of: plan, into: &samples)
            var next = 0
            for step in 0..<grid.count {
                let moment = moments.time(step)
                while next < samples.count, samples.timestamps[next] <= moment { next += 1 }
                row[step] = .absent
                guard next > 0 else { continue }
                let time = samples.timestamps[next - 1]
                guard time > moment.subtractingClamped(plan.windowMilliseconds) else { continue }
                let value = samples.values[next - 1]
                // A stale marker has the bits of absence, and that is what it means.
                row[step] = takingTimes && !value.isStaleMarker ? Double(time) / 1000 : value
            }
            result.append(selection.labels[series], row)
            try checkSize(result)
        }
        return result
    }
}
