/// What a store takes before it refuses, so that one runaway source does not use up memory and disk.
package enum StoreLimits {
    /// Series that the registry of one day names at most, whoever brings them, unless a store is told to take fewer
    /// (``Store/daySeriesMax``). A million take 110 MB of names (measured: registries of 13 to 110 B a series).
    package static let daySeriesMax = 1_000_000
}
