import Model
import TSDB
import TestSupport
import Testing

/// The naive store: a dictionary.
struct NaiveStore {
    var samples: [Labels: [Int64: Double]] = [:]

    mutating func add(_ labels: Labels, _ time: Int64, _ value: Double) {
        samples[labels, default: [:]][time] = value
    }

    func select(_ matchers: [Matcher], _ range: TimeRange) -> [(Labels, [(Int64, UInt64)])] {
        samples.compactMap { labels, points in
            guard matchers.allSatisfy({ $0.matches(labels) }) else { return nil }
            let inside = points.filter { range.contains(Timestamp(milliseconds: $0.key)) }
            if inside.isEmpty { return nil }
            return (labels, inside.sorted { $0.key < $1.key }.map { ($0.key, $0.value.bitPattern) })
        }.sorted { $0.0 < $1.0 }
    }
}

/// What the store answers, without the series that turn out to be empty.
func answer(
    _ snapshot: Snapshot, _ matchers: [Matcher], _ range: TimeRange
) throws -> [(Labels, [(Int64, UInt64)])] {
    let selection = try snapshot.select(matchers, in: range)
    #expect(selection.labels == selection.labels.sorted())
    var result: [(Labels, [(Int64, UInt64)])] = []
    var column = SampleColumn()
    for index in 0..<selection.count {
        try selection.read(index, in: range, into: &column)
        if column.count == 0 { continue }
        result.append((selection.labels[index], Array(zip(column.timestamps, column.values.map(\.bitPattern)))))
    }
    return result
}

func expectSame(
    _ lhs: [(Labels, [(Int64, UInt64)])], _ rhs: [(Labels, [(Int64, UInt64)])], _ comment: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(lhs.map(\.0) == rhs.map(\.0), "\(comment)", sourceLocation: sourceLocation)
    for (one, other) in zip(lhs, rhs) {
        let same = one.1.elementsEqual(other.1) { $0 == $1 }
        #expect(same, "\(comment): \(one.0)", sourceLocation: sourceLocation)
        if !same { return }
    }
}

let testHost = HostIdentity(name: "test", machineID: "0123")
