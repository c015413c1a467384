/// The values of a row: float64s, or where many are held and nothing is lost by it, whole numbers of four bytes over a
/// decimal divisor.
///
/// Most values that a host's metrics have are whole numbers or have a few decimals, so that an answer of many of them
/// takes half the memory.
package enum RowValues: RandomAccessCollection, Hashable, Sendable {
    case full(ArraySlice<Double>)
    /// Each is `(base + offset) / divisor`.
    case narrow(offsets: ArraySlice<UInt32>, base: Int64, divisor: Double)

    package var startIndex: Int { 0 }
    package var endIndex: Int {
        switch self {
        case .full(let values): values.count
        case .narrow(let offsets, _, _): offsets.count
        }
    }

    @inline(__always) package subscript(place: Int) -> Double {
        switch self {
        case .full(let values): values[values.startIndex + place]
        case .narrow(let offsets, let base, let divisor):
            RowValues.value(of: offsets[offsets.startIndex + place], base, divisor)
        }
    }

    @inline(__always) private static func value(of offset: UInt32, _ base: Int64, _ divisor: Double) -> Double {
        Double(base &+ Int64(offset)) / divisor
    }

    /// Appends the values at some places.
    package func append(_ places: Range<Int>, to list: inout [Double]) {
        switch self {
        case .full(let values): list.append(contentsOf: values.dropFirst(places.lowerBound).prefix(places.count))
        case .narrow(let offsets, let base, let divisor):
            for offset in offsets.dropFirst(places.lowerBound).prefix(places.count) {
                list.append(RowValues.value(of: offset, base, divisor))
            }
        }
    }

    /// Values at some places, in memory of their own.
    func part(_ places: Range<Int>) -> RowValues {
        switch self {
        case .full(let values):
            .full(Array(values.dropFirst(places.lowerBound).prefix(places.count))[...])
        case .narrow(let offsets, let base, let divisor):
            .narrow(
                offsets: Array(offsets.dropFirst(places.lowerBound).prefix(places.count))[...], base: base,
                divisor: divisor)
        }
    }

    package static func == (one: RowValues, other: RowValues) -> Bool {
        if case .full(let values) = one, case .full(let others) = other { return values == others }
        return one.elementsEqual(other)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        for value in self { hasher.combine(value) }
    }
}

extension RowValues {
    private static let divisors = [1, 10, 100, 1000] as [Double]

    /// - Returns: nil where that would lose anything.
    package init?(narrowing values: Span<Double>) {
        search: for divisor in RowValues.divisors where !values.isEmpty {
            var (lowest, highest) = (Int64.max, Int64.min)
            for place in values.indices {
                guard let whole = RowValues.whole(values[place], divisor) else { continue search }
                lowest = Swift.min(lowest, whole)
                highest = Swift.max(highest, whole)
            }
            guard highest - lowest <= Int64(UInt32.max) else { return nil }
            var offsets: [UInt32] = []
            offsets.reserveCapacity(values.count)
            for place in values.indices {
                guard let whole = RowValues.whole(values[place], divisor) else { return nil }
                offsets.append(UInt32(whole - lowest))
            }
            self = .narrow(offsets: offsets[...], base: lowest, divisor: divisor)
            return
        }
        return nil
    }

    /// The whole number that is `value` by ``value(of:_:_:)``, to the bit: of no NaN and of no negative zero.
    @inline(__always) private static func whole(_ value: Double, _ divisor: Double) -> Int64? {
        let scaled = (value * divisor).rounded()
        // Beyond, a float64 does not have all digits.
        guard scaled.magnitude <= 0x1p53 else { return nil }
        let whole = Int64(scaled)
        return (Double(whole) / divisor).bitPattern == value.bitPattern ? whole : nil
    }
}
