import Model
import TSDB

// Arithmetic on columns: how the values of an alias are made of stored ones.

extension Formula.Operation {
    @inline(__always) func apply(_ a: Double, _ b: Double) -> Double {
        switch self {
        case .plus: a + b
        case .minus: a - b
        }
    }

    /// Replaces `result` by what the operation makes of two series: at the moments at which both have a sample. It is
    /// stale where one of them is, whatever the other has there.
    func join(_ a: SampleColumn, _ b: SampleColumn, into result: inout SampleColumn) {
        result.removeAll()
        var (left, right) = (0, 0)
        while left < a.count || right < b.count {
            let leftTime = left < a.count ? a.timestamps[left] : .max
            let rightTime = right < b.count ? b.timestamps[right] : .max
            let time = min(leftTime, rightTime)
            var value: Double?
            var isStale = false
            if left < a.count, leftTime == time {
                value = a.values[left]
                isStale = a.values[left].isStaleMarker
            }
            if right < b.count, rightTime == time {
                isStale = isStale || b.values[right].isStaleMarker
                value = value.map { apply($0, b.values[right]) }
            } else {
                value = nil
            }
            if isStale {
                result.append(time, .staleMarker)
            } else if let value {
                result.append(time, value)
            }
            if left < a.count, leftTime == time { left += 1 }
            if right < b.count, rightTime == time { right += 1 }
        }
    }
}

extension Formula.Scale {
    @inline(__always) func apply(_ value: Double) -> Double {
        switch self {
        case .none: value
        case .times(let factor): value * factor
        case .over(let divisor): value / divisor
        }
    }

    /// Scales the values; stale markers keep their bits.
    func apply(to column: inout SampleColumn) {
        if self == .none { return }
        for place in column.values.indices where !column.values[place].isStaleMarker {
            column.values[place] = apply(column.values[place])
        }
    }

    /// Scales windows: what is least stays least. Sums are rounded once instead of value by value.
    func apply(to windows: inout WindowColumns) {
        if self == .none { return }
        for place in 0..<windows.count {
            var window = windows[place]
            window.first = apply(window.first)
            window.last = apply(window.last)
            window.min = apply(window.min)
            window.max = apply(window.max)
            window.sum = apply(window.sum)
            window.resetSum = apply(window.resetSum)
            windows[place] = window
        }
    }

    /// Whether no two values become one by it, so that every fall stays a fall: a power of two.
    var isExact: Bool {
        switch self {
        case .none: true
        case .times(let factor), .over(let factor): factor.significand == 1
        }
    }
}

/// What windows of two series do not tell of the windows of their sum or difference.
struct WindowLosses: Hashable, Sendable {
    /// How far the lowest or highest value of a window may be off.
    var extremesBound = 0.0
    /// Whether falls within windows are unknown.
    var missesFalls = false
    /// Whether the two were not sampled at the same moments.
    var isEstimated = false

    var isEmpty: Bool { self == WindowLosses() }

    mutating func add(_ other: WindowLosses) {
        extremesBound = max(extremesBound, other.extremesBound.isNaN ? .infinity : other.extremesBound)
        missesFalls = missesFalls || other.missesFalls
        isEstimated = isEstimated || other.isEstimated
    }
}

extension Formula.Operation {
    /// The windows of the sum or difference of two series from their own windows, ascending.
    ///
    /// First, last, count and sum follow where both series were sampled at the same moments, which is taken for granted
    /// where the windows agree on count, first and last. The lowest, the highest and the falls follow where one of the
    /// two held still, as sizes of disks and of memory do; else the bounds stand in their place.
    func join(_ a: WindowColumns, _ b: WindowColumns, _ losses: inout WindowLosses) -> WindowColumns {
        var result = WindowColumns()
        var (left, right) = (0, 0)
        while left < a.count || right < b.count {
            let leftEnd = left < a.count ? a.ends[left] : .max
            let rightEnd = right < b.count ? b.ends[right] : .max
            if left < a.count, right < b.count, leftEnd == rightEnd {
                result.append(join(a[left], b[right], &losses))
                left += 1
                right += 1
                continue
            }
            let alone = leftEnd < rightEnd ? a[left] : b[right]
            if leftEnd < rightEnd { left += 1 } else { right += 1 }
            if alone.isStale {
                var window = Window(end: alone.end)
                window.isStale = true
                result.append(window)
            }
        }
        return result
    }

    private func join(_ a: Window, _ b: Window, _ losses: inout WindowLosses) -> Window {
        var window = Window(end: a.end)
        window.isStale = a.isStale || b.isStale
        if a.count == 0 || b.count == 0 { return window }
        if a.count != b.count || a.firstTime != b.firstTime || a.lastTime != b.lastTime { losses.isEstimated = true }
        window.count = min(a.count, b.count)
        window.firstTime = max(a.firstTime, b.firstTime)
        // A window's times never cross.
        window.lastTime = max(window.firstTime, min(a.lastTime, b.lastTime))
        window.first = apply(a.first, b.first)
        window.last = apply(a.last, b.last)
        window.sum = apply(a.sum, b.sum)
        let isHeld = a.min == a.max || b.min == b.max
        switch self {
        case .plus: (window.min, window.max) = (a.min + b.min, a.max + b.max)
        case .minus: (window.min, window.max) = (a.min - b.max, a.max - b.min)
        }
        if !isHeld {
            // The ends are among the values.
            losses.add(
                WindowLosses(
                    extremesBound: max(
                        min(window.first, window.last) - window.min, window.max - max(window.first, window.last))))
        }
        joinFalls(a, b, &window, &losses)
        return window
    }

    private func joinFalls(_ a: Window, _ b: Window, _ window: inout Window, _ losses: inout WindowLosses) {
        if window.min == window.max { return }
        if b.min == b.max {
            window.resets = a.resets
            if a.resets > 0 { window.resetSum = apply(a.resetSum, Double(a.resets) * b.first) }
        } else if self == .plus, a.min == a.max {
            window.resets = b.resets
            if b.resets > 0 { window.resetSum = b.resetSum + Double(b.resets) * a.first }
        } else if self == .minus || a.resets > 0 || b.resets > 0 {
            losses.missesFalls = true
        }
    }
}
