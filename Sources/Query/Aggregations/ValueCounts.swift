import Model

/// `count_values`: how many series of a group have each value, the value being a label of the answer.
enum ValueCounts {
    static func count(
        _ columns: VectorColumns, _ groups: Groups, label: String, _ grouping: Aggregation.Grouping
    ) throws(QueryError) -> VectorColumns {
        if label.isEmpty { throw .execution("invalid label name \(label)") }
        let steps = columns.steps
        var result = VectorColumns(steps: steps)
        // Places in the result by labels; the value is written as Go's 'f' format has it.
        var places: [Labels: Int] = [:]
        /// A group's labels with a value, made once: few values recur at many steps.
        struct Key: Hashable {
            var group: Int
            var bits: UInt64
        }
        var known: [Key: Int] = [:]
        var checkpoint = groups.checkpoint
        for step in 0..<steps {
            try checkpoint.pass(4 * columns.count)
            for series in 0..<columns.count {
                let value = columns.values[series * steps + step]
                guard value.isPresent else { continue }
                let key = Key(group: groups.ofSeries[series], bits: value.quieted.bitPattern)
                let place: Int
                if let found = known[key] {
                    place = found
                } else {
                    let labels = groups.labels[key.group].setting(label, to: FloatText.plain(value))
                    place = places[labels] ?? result.count
                    if place == result.count {
                        places[labels] = place
                        result.labels.append(labels)
                        result.values.append(contentsOf: repeatElement(.absent, count: steps))
                    }
                    known[key] = place
                }
                let count = result.values[place * steps + step]
                result.values[place * steps + step] = count.isPresent ? count + 1 : 1
            }
        }
        return result
    }
}
