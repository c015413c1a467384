import LMDB
import TestSupport

/// A store of random records, small ones and such that take pages of their own, with pages that were freed.
struct PageWorld {
    let folder = TemporaryFolder()
    var records: [[UInt8]: [UInt8]] = [:]

    var file: String { folder.path + "/data.mdb" }

    /// Writes and deletes in `commits` commits.
    init(seed: UInt64, commits: Int = 40) throws {
        var random = SeededGenerator(seed: seed)
        let environment = try Environment(path: folder.path, access: .write, mapBytes: 1 << 28)
        for _ in 0..<commits { try change(environment, &random) }
    }

    mutating func change(_ environment: borrowing Environment, _ random: inout SeededGenerator) throws {
        var puts: [[UInt8]: [UInt8]] = [:]
        var deletes: [[UInt8]] = []
        for _ in 0..<Int.random(in: 1...40, using: &random) {
            let key = (0..<Int.random(in: 1...14, using: &random)).map { _ in UInt8.random(in: 0...20, using: &random) }
            let size = [3, 40, 200, 1500, 4080, 9000].randomElement(using: &random) ?? 0
            puts[key] = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        for key in records.keys.sorted(by: { $0.lexicographicallyPrecedes($1) })
        where Int.random(in: 0..<4, using: &random) == 0 && puts[key] == nil {
            deletes.append(key)
        }
        let (added, removed) = (puts, deletes)
        try environment.write(wrap: { $0 }) { transaction throws(StorageError) in
            for key in removed { _ = try transaction.delete(key) }
            for (key, value) in added { try transaction.put(key, value) }
        }
        for key in deletes { records[key] = nil }
        records.merge(puts) { $1 }
    }

    /// The walk of the newest commit of a file, and the records that it shows.
    static func walk(_ folder: String, _ depth: PageWalk.Depth = .everything) throws -> (PageWalk?, [PageRecord]) {
        let file = try PageFile(folder: folder)
        guard let meta = file.metas().compactMap(\.meta).max(by: { $0.commit < $1.commit }) else { return (nil, []) }
        var records: [PageRecord] = []
        let walk = PageWalk(file, meta, depth) { records.append($0) }
        return (walk, records)
    }
}
