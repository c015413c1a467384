import Model

/// Makes windows: from samples, or longer ones from shorter ones. Pure; the windows of a part of a series do not depend
/// on the rest of it.
///
/// 1. Windows are (start, end], at multiples of their length since 1970.
/// 2. Hours made of minutes are those made of the samples, bit for bit, but for ``Window/sum`` and ``Window/resetSum``,
///    whose additions are grouped otherwise.
/// 3. NaNs: `min_over_time` and `max_over_time`, count, first, last, resets and increase come out as from the samples.
///    A sum with a NaN among its samples is NaN, as it is from them.
package enum Rollup {
    /// Appends the windows of the samples, which lie behind all windows that `windows` holds.
    /// - Precondition: `tier` has windows.
    package static func append(_ samples: SampleColumn, _ tier: Tier, to windows: inout WindowColumns) {
        guard let firstTime = samples.timestamps.first else { return }
        let length = tier.windowMilliseconds
        var window = Window(end: tier.windowEnd(of: firstTime))
        var total = NeumaierSum()
        for place in samples.timestamps.indices {
            let time = samples.timestamps[place]
            if time > window.end {
                finish(&window, &total, into: &windows)
                // The next sample is mostly in the next window.
                let next = window.end &+ length
                window = Window(end: time <= next ? next : tier.windowEnd(of: time))
            }
            let value = samples.values[place]
            if value.isStaleMarker {
                window.isStale = true
                continue
            }
            window.isStale = false
            total.add(value)
            if window.count == 0 {
                window.first = value
                window.firstTime = time
                window.min = value
                window.max = value
            } else {
                if value < window.last {
                    window.resets += 1
                    window.resetSum += window.last
                }
                window.min = Window.lower(window.min, value)
                window.max = Window.higher(window.max, value)
            }
            window.last = value
            window.lastTime = time
            window.count += 1
        }
        finish(&window, &total, into: &windows)
    }

    private static func finish(
        _ window: inout Window, _ total: inout NeumaierSum, into windows: inout WindowColumns
    ) {
        if window.count > 0 { window.sum = total.value }
        windows.append(window)
        total = NeumaierSum()
    }

    /// Appends the windows of `tier` that are made of shorter ones, which lie behind all that `windows` holds.
    package static func append(_ shorter: WindowColumns, _ tier: Tier, to windows: inout WindowColumns) {
        var start = 0
        while start < shorter.count {
            let end = tier.windowEnd(of: shorter.ends[start])
            var next = start + 1
            while next < shorter.count, shorter.ends[next] <= end { next += 1 }
            if var window = shorter.joined(start..<next) {
                window.end = end
                if window.count == 0 { (window.firstTime, window.lastTime) = (end, end) }
                windows.append(window)
            }
            start = next
        }
    }

    /// The windows of a series.
    package static func windows(of samples: SampleColumn, _ tier: Tier) -> WindowColumns {
        var windows = WindowColumns()
        append(samples, tier, to: &windows)
        return windows
    }
}
