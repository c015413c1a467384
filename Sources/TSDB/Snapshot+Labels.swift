package import Model

extension Snapshot {
    /// The names of the labels that the selected series have, sorted. No matchers select all series.
    package func labelNames(matching matchers: [Matcher], in range: TimeRange) throws(StoreError) -> [String] {
        var names: Set<[UInt8]> = []
        if matchers.isEmpty {
            for day in try registryDays(in: range) {
                try toleratingRegistry(day) { registry throws(StoreError) in
                    names.formUnion(try registry.labelNames(in: transaction))
                }
            }
            if try hasFrames(in: range) {
                for name in FrameSeries.labelNames { names.insert(Array(name.utf8)) }
            }
        } else {
            for labels in try select(matchers, in: range).labels {
                labels.forEachField { name, _ in names.insert(Array(labels.bytes[name])) }
            }
        }
        return Snapshot.sorted(names)
    }

    /// The values that the label `name` has among the selected series, sorted. No matchers select all series.
    package func labelValues(
        of name: String, matching matchers: [Matcher], in range: TimeRange
    ) throws(StoreError) -> [String] {
        var values: Set<[UInt8]> = []
        // What processes are called is known only from the frames themselves.
        let needsFrames = FrameSeries.labelNames.contains(name) && name != Labels.metricNameLabel
        if matchers.isEmpty && !needsFrames {
            for day in try registryDays(in: range) {
                try toleratingRegistry(day) { registry throws(StoreError) in
                    values.formUnion(try registry.labelValues(of: name, in: transaction))
                }
            }
            if name == Labels.metricNameLabel, try hasFrames(in: range) {
                for family in FrameSeries.families { values.insert(Array(family.name.utf8)) }
            }
        } else {
            for labels in try select(matchers, in: range).labels {
                if let value = labels.value(of: name) { values.insert(Array(labels.bytes[value])) }
            }
        }
        return Snapshot.sorted(values)
    }

    private static func sorted(_ texts: Set<[UInt8]>) -> [String] {
        texts.sorted { $0.lexicographicallyPrecedes($1) }.map { String(decoding: $0, as: UTF8.self) }
    }

    private func hasFrames(in range: TimeRange) throws(StoreError) -> Bool {
        if try !frameBlocks(in: range).isEmpty { return true }
        return try !HeadScan.entries(
            from: range.min.milliseconds, through: range.max.milliseconds, groups: HeadScan.frameGroups,
            tolerating: damage, in: transaction
        ).isEmpty
    }
}
