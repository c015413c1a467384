extension Range<Int> {
    /// The first of the places for which `isBefore` does not hold, which holds for those before it alone; the end where
    /// it holds for all.
    @inlinable @inline(__always) package func partitioned(where isBefore: (Int) -> Bool) -> Int {
        var (low, high) = (lowerBound, upperBound)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(middle) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
