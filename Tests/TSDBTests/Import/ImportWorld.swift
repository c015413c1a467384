import Model
import TestSupport
import Testing

@testable import TSDB

/// A folder, a store in it opened for writing, and what it should answer.
struct ImportWorld: ~Copyable {
    let folder = TemporaryFolder()
    let store: Store
    var naive = NaiveStore()
    /// Samples that took the place of another value, and of the same.
    var conflicts = 0
    var duplicates = 0

    init() throws { store = try Store(at: folder.path, access: .write(testHost)) }

    typealias Point = (labels: Labels, time: Int64, value: Double)

    /// Imports the samples in batches of random length, as a reader of files hands them over, and tells the model.
    mutating func run(
        _ points: [Point], options: ImportOptions = ImportOptions(), _ random: inout SeededGenerator
    ) throws -> ImportOutcome {
        var importer = Importer(into: store, options: options)
        var numbers: [Labels: UInt32] = [:]
        var rest = points[...]
        while !rest.isEmpty {
            var batch = ImportBatch()
            if Int.random(in: 0..<8, using: &random) == 0 {
                batch.startsAnew = true
                numbers.removeAll()
            }
            for point in rest.prefix(Int.random(in: 1...40, using: &random)) {
                if numbers[point.labels] == nil {
                    numbers[point.labels] = UInt32(numbers.count)
                    batch.series.append(point.labels)
                }
                batch.append(numbers[point.labels] ?? 0, point.time, point.value)
                rest.removeFirst()
            }
            try importer.append(batch)
        }
        let outcome = try importer.finish()
        tell(points)
        return outcome
    }

    mutating func tell(_ points: [Point]) {
        for point in points {
            if let known = naive.samples[point.labels]?[point.time] {
                if known.bitPattern == point.value.bitPattern { duplicates += 1 } else { conflicts += 1 }
            }
            naive.add(point.labels, point.time, point.value)
        }
    }

    func expectEqualsModel(_ comment: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        expectSame(
            try answer(store.snapshot(), [], .all), naive.select([], .all), comment, sourceLocation: sourceLocation)
    }

    /// Random samples: few series and times, so that many meet; every kind of value.
    static func points(_ count: Int, days: Int64, _ random: inout SeededGenerator) -> [Point] {
        let shape = Int.random(in: 0..<3, using: &random)
        let origin = Int64.random(in: -2...3, using: &random) * 86_400_000 + 1_700_000_000_000 * Int64(shape / 2)
        return (0..<count).map { place in
            let series = Int.random(in: 0..<12, using: &random)
            let labels = Labels(name: "m\(series % 3)", ["i": "\(series)", "é": series % 2 == 0 ? "ü" : ""])
            // A grid, or any millisecond.
            let time =
                shape == 0
                ? Int64.random(in: 0..<days * 5760, using: &random) * 15_000
                : Int64.random(in: 0..<days * 86_400_000, using: &random)
            let value = awkwardValues.randomElement(using: &random) ?? 0
            return (labels, origin + time, place % 3 == 0 ? value : Double(place))
        }
    }
}
