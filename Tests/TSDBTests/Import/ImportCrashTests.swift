import Glibc
import Model
import TestSupport
import Testing

@testable import TSDB

/// An import that is killed at a random moment leaves a good store: each sample that is there is right, and the same
/// import run again gives what one run gives.
@Suite struct ImportCrashTests {
    private static func points(_ random: inout SeededGenerator) -> [ImportWorld.Point] {
        ImportWorld.points(3000, days: 6, &random)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>) func aKilledImportLeavesAGoodStore(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let points = Self.points(&random)
        var world = try ImportWorld()
        world.tell(points)
        let path = world.folder.path + "/killed"
        mkdir(path, 0o700)
        for _ in 0..<4 {
            let microseconds = UInt32.random(in: 1000...400_000, using: &random)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = path as String, microseconds = microseconds as UInt32, seed = seed as UInt64] in
                try ImportCrashTests.die(path, after: microseconds, seed: seed)
            }
            let store = try Store(at: path, access: .write(testHost))
            for (labels, samples) in try answer(store.snapshot(), [], .all) {
                for (time, bits) in samples {
                    #expect(
                        world.naive.samples[labels]?[time]?.bitPattern == bits, "seed \(seed): \(labels) at \(time)")
                }
            }
            #expect(!hasTemporaryFiles(path))
        }
        let store = try Store(at: path, access: .write(testHost))
        try Self.run(points, into: store)
        expectSame(try answer(store.snapshot(), [], .all), world.naive.select([], .all), "seed \(seed)")
    }

    private func hasTemporaryFiles(_ path: String) -> Bool {
        guard let folder = opendir(path) else { return true }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".runs") { return true }
        }
        return false
    }

    private static func run(_ points: [ImportWorld.Point], into store: Store) throws {
        var options = ImportOptions()
        options.sortedSamplesMax = 500
        options.blockSamplesMax = 20
        var importer = Importer(into: store, options: options)
        var batch = ImportBatch()
        var numbers: [Labels: UInt32] = [:]
        for point in points {
            if numbers[point.labels] == nil {
                numbers[point.labels] = UInt32(numbers.count)
                batch.series.append(point.labels)
            }
            batch.append(numbers[point.labels] ?? 0, point.time, point.value)
        }
        try importer.append(batch)
        _ = try importer.finish()
    }

    /// Imports again and again until it is killed.
    private static func die(_ path: String, after microseconds: UInt32, seed: UInt64) throws {
        let delay = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)
        delay.pointee = microseconds
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                if let delay = argument?.load(as: UInt32.self) { usleep(delay) }
                kill(getpid(), SIGKILL)
                return nil
            }, delay)
        precondition(code == 0)
        var random = SeededGenerator(seed: seed)
        let points = points(&random)
        let store = try Store(at: path, access: .write(testHost))
        while true { try run(points, into: store) }
    }
}
