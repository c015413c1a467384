package import Model

/// The samples of one series of an answer, in order of time: two columns, of which that of the times is one array for
/// all series that have their samples at the same moments, so that a sample takes eight bytes, or four.
///
/// Columns may be stretches of longer arrays, which live as long as a row does.
package struct SampleRow: RandomAccessCollection, Hashable, Sendable {
    /// Milliseconds since 1970, strictly ascending.
    package private(set) var times: ArraySlice<Int64>
    /// As many as there are ``times``.
    package private(set) var values: RowValues

    package init(times: ArraySlice<Int64>, values: RowValues) {
        precondition(times.count == values.count, "a sample is a time and a value")
        self.times = times
        self.values = values
    }

    package init(times: ArraySlice<Int64>, values: ArraySlice<Double>) {
        self.init(times: times, values: .full(values))
    }

    package init(_ samples: [Sample]) {
        self.init(times: samples.map(\.time.milliseconds)[...], values: samples.map(\.value)[...])
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { values.count }

    @inline(__always) package subscript(place: Int) -> Sample {
        Sample(time: Timestamp(milliseconds: times[times.startIndex + place]), value: values[place])
    }

    /// Samples at some places, with values of their own: a stretch keeps nothing alive that is not in it.
    func part(_ places: Range<Int>) -> SampleRow {
        SampleRow(times: times.dropFirst(places.lowerBound).prefix(places.count), values: values.part(places))
    }

    /// The samples of both, of which `next` has later times.
    /// - Parameter like: A row that may have its samples at the same moments.
    func joined(with next: SampleRow, like: SampleRow?) -> SampleRow {
        let values = Array(values) + next.values
        if let like, like.count == values.count, like.times.starts(with: times),
            like.times.dropFirst(count) == next.times
        {
            return SampleRow(times: like.times, values: values[...])
        }
        return SampleRow(times: (Array(times) + next.times)[...], values: values[...])
    }
}

/// Makes rows of the values at every step of a grid, with times that are shared wherever that can be.
struct RowMaker {
    private let times: [Int64]
    private let wideValuesMax: Int
    /// Values of all rows that are not stretches of others' arrays.
    private var valueCount = 0
    /// The times of the last row whose samples are not one step after the other.
    private var gapped: ArraySlice<Int64> = []

    init(_ grid: StepGrid, _ limits: QueryLimits) {
        times = (0..<grid.count).map { grid.time($0) }
        wideValuesMax = limits.wideValuesMax
    }

    /// The values that there are.
    /// - Parameters:
    ///   - column: A place for each step.
    ///   - isKept: Whether the row may be a stretch of the column's array. Else it has values of its own.
    mutating func row(of column: ArraySlice<Double>, isKept: Bool) -> SampleRow {
        let steps = column.span
        var count = 0
        var first = steps.count
        var end = 0
        for step in steps.indices where steps[step].isPresent {
            count &+= 1
            if first > step { first = step }
            end = step &+ 1
        }
        if count == 0 { return SampleRow([]) }
        let present = column[(column.startIndex + first)..<(column.startIndex + end)]
        if count == end - first {
            return SampleRow(
                times: times[first..<end],
                values: isKept ? .full(present) : narrow(present) ?? .full(Array(present)[...]))
        }
        var values: [Double] = []
        values.reserveCapacity(count)
        var isAsBefore = gapped.count == count
        for step in first..<end where steps[step].isPresent {
            if isAsBefore { isAsBefore = gapped[gapped.startIndex + values.count] == times[step] }
            values.append(steps[step])
        }
        if !isAsBefore { gapped = (first..<end).filter { steps[$0].isPresent }.map { times[$0] }[...] }
        return SampleRow(times: gapped, values: narrow(values[...]) ?? .full(values[...]))
    }

    /// Values that are to be held, where many are already and nothing is lost by it.
    private mutating func narrow(_ values: ArraySlice<Double>) -> RowValues? {
        valueCount += values.count
        return valueCount > wideValuesMax ? RowValues(narrowing: values.span) : nil
    }
}
