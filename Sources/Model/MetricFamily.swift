/// What is known about all series of one metric name.
package struct MetricFamily: Hashable, Sendable {
    /// OpenMetrics 1.0's types.
    package enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        case unknown = 0
        case counter = 1
        case gauge = 2
        case histogram = 3
        case gaugeHistogram = 4
        case summary = 5
        case info = 6
        case stateSet = 7
    }

    /// The name of its samples; a counter's ends in `_total`.
    package var name: String
    package var kind: Kind
    /// One sentence for people.
    package var help: String
    /// Base unit in the field's spelling (`seconds`, `bytes`, `ratio`), or empty.
    package var unit: String

    package init(name: String, kind: Kind, unit: String = "", help: String) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.help = help
    }

    /// What names of samples of a histogram or a summary end in behind the family's.
    package static let partSuffixes = ["_bucket", "_sum", "_count"]

    /// The family of samples of a name: that of the name, or the histogram or summary that they are a part of.
    /// - Parameter known: the family of exactly a name, where there is one.
    package static func ofSamples(
        named name: String, known: (String) throws -> MetricFamily?
    ) rethrows -> MetricFamily? {
        if let family = try known(name) { return family }
        for suffix in partSuffixes where name.hasSuffix(suffix) {
            if let family = try known(String(name.dropLast(suffix.count))),
                family.kind == .histogram || family.kind == .summary
            {
                return family
            }
        }
        return nil
    }
}
