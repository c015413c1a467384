import LMDB
import TestSupport
import Testing

@Suite struct FreeListTests {
    private let folder = TemporaryFolder()

    private func key(_ number: Int) -> [UInt8] {
        [UInt8(number >> 16 & 0xff), UInt8(number >> 8 & 0xff), UInt8(number & 0xff)]
    }

    /// Small commits beside large ones that free many pages, as a recorder makes them.
    private func age(_ environment: borrowing Environment, commits: Int, gathersEach: Int?) throws {
        for commit in 0..<commits {
            let plan = try gathersEach.flatMap { try commit % $0 == 0 ? environment.planGathering() : nil }
            try environment.write(wrap: { $0 }) { transaction throws(StorageError) in
                if let plan { try transaction.gatherFreePages(plan) }
                try transaction.put(key(1 << 20 | commit), [UInt8](repeating: UInt8(commit & 0xff), count: 500))
                if commit % 200 == 199 {
                    for number in commit - 199...commit {
                        try transaction.delete(key(1 << 20 | number))
                        try transaction.put(key(number % 400), [UInt8](repeating: UInt8(commit & 0xff), count: 4000))
                    }
                }
            }
        }
    }

    @Test func aLongListBecomesShort() throws {
        let environment = try Environment(path: folder.path, access: .write, mapBytes: 1 << 28)
        // Each commit frees three pages; a reader keeps them from being used, as a query does.
        let reader = try environment.beginRead()
        try age(environment, commits: 150, gathersEach: nil)
        #expect(try environment.planGathering()?.runs == [])
        _ = consume reader
        let plan = try #require(try environment.planGathering())
        #expect(!plan.runs.isEmpty)
        let pages = try environment.statistics().filePages
        try environment.write(wrap: { $0 }) { transaction throws(StorageError) in
            try transaction.gatherFreePages(plan)
            try transaction.put(key(1 << 20), [1])
        }
        #expect(try environment.planGathering() == nil)
        #expect(try environment.statistics().filePages == pages)
    }

    /// What is gathered is as it was, and the file does not grow by it.
    @Test func nothingIsLostAndNothingGrows() throws {
        var files: [Int] = []
        for gathersEach in [nil, 16] as [Int?] {
            let folder = TemporaryFolder()
            let environment = try Environment(path: folder.path, access: .write, mapBytes: 1 << 28)
            try age(environment, commits: 1150, gathersEach: gathersEach)
            files.append(try environment.statistics().filePages)
            let transaction = try environment.beginRead()
            var cursor = try transaction.cursor()
            var found = try cursor.seek([0])
            var count = 0
            while found {
                count += 1
                found = try cursor.next()
            }
            #expect(count == 400 + 150)
        }
        #expect(files[1] <= files[0] + 8)
    }

    /// Pages that a reader still sees are not for use; the plan asks for none of them.
    @Test func aReaderKeepsItsPages() throws {
        let environment = try Environment(path: folder.path, access: .write, mapBytes: 1 << 28)
        let reader = try environment.beginRead()
        try age(environment, commits: 300, gathersEach: nil)
        let pages = try environment.statistics().filePages
        if let plan = try environment.planGathering() {
            try environment.write(wrap: { $0 }) { transaction throws(StorageError) in
                try transaction.gatherFreePages(plan)
            }
        }
        #expect(try environment.statistics().filePages <= pages + 8)
        _ = consume reader
    }
}
