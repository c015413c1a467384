import LMDB
import TestSupport
import Testing

@Suite struct EnvironmentTests {
    private func put(_ pairs: [([UInt8], [UInt8])], in environment: borrowing Environment) throws {
        try environment.write(wrap: { $0 }) { transaction throws(StorageError) in
            for (key, value) in pairs { try transaction.put(key, value) }
        }
    }

    @Test func readsWhatWasCommittedAndKeepsItsView() throws {
        let folder = TemporaryFolder()
        let environment = try Environment(path: folder.path, access: .write, mapBytes: 1 << 26)
        try put([([1], [10]), ([2], [20, 21])], in: environment)
        let before = try environment.beginRead()
        try put([([1], [11]), ([3], [30])], in: environment)
        let after = try environment.beginRead()
        let oldValue = try before.value(of: [1])?.unsafeLoad(as: UInt8.self)
        let newValue = try after.value(of: [1])?.unsafeLoad(as: UInt8.self)
        #expect(oldValue == 10)
        #expect(newValue == 11)
        let missing = try before.value(of: [3]) == nil
        #expect(missing)
        #expect(before.commitNumber < after.commitNumber)
    }

    @Test func anErrorAbortsTheTransaction() throws {
        struct Refusal: Error {}
        let folder = TemporaryFolder()
        let environment = try Environment(path: folder.path, access: .write, mapBytes: 1 << 26)
        #expect(throws: Refusal.self) {
            try environment.write(wrap: { $0 as any Error }) { transaction throws(any Error) in
                try transaction.put([1], [1])
                throw Refusal()
            }
        }
        let transaction = try environment.beginRead()
        let missing = try transaction.value(of: [1]) == nil
        #expect(missing)
    }

    @Test func cursorsWalkBothWays() throws {
        let folder = TemporaryFolder()
        let environment = try Environment(path: folder.path, access: .write, mapBytes: 1 << 26)
        try put((0..<100).map { ([1, UInt8($0)], [UInt8($0)]) }, in: environment)
        let transaction = try environment.beginRead()
        var cursor = try transaction.cursor()
        var seen: [UInt8] = []
        var found = try cursor.seek([1, 90])
        while found {
            seen.append(cursor.value.unsafeLoad(as: UInt8.self))
            found = try cursor.next()
        }
        #expect(seen == Array(90..<100))
        let stepped = try cursor.seekBefore([1, 50])
        #expect(stepped)
        #expect(cursor.value.unsafeLoad(as: UInt8.self) == 49)
        let before = try cursor.seekBefore([1, 0])
        #expect(!before)
    }

    @Test func deletesRangesUpToALimit() throws {
        let folder = TemporaryFolder()
        let environment = try Environment(path: folder.path, access: .write, mapBytes: 1 << 26)
        try put((0..<100).map { ([1, UInt8($0)], [UInt8($0)]) }, in: environment)
        func removeBelow60(_ limit: Int) throws(StorageError) -> Int {
            try environment.write(wrap: { $0 }) { transaction throws(StorageError) in
                try transaction.deleteRange(from: [1, 10], limit: limit) {
                    $0.unsafeLoad(fromByteOffset: 1, as: UInt8.self) < 60
                }
            }
        }
        #expect(try removeBelow60(20) == 20)
        #expect(try removeBelow60(.max) == 30)
        #expect(try removeBelow60(.max) == 0)
        let transaction = try environment.beginRead()
        var cursor = try transaction.cursor()
        _ = try cursor.seek([1, 10])
        #expect(cursor.value.unsafeLoad(as: UInt8.self) == 60)
    }

    @Test func namesWhatIsWrong() throws {
        let folder = TemporaryFolder()
        func cause(of path: String) -> StorageError.Cause? {
            do throws(StorageError) {
                _ = try Environment(path: path, access: .read)
                return nil
            } catch {
                return error.cause
            }
        }
        #expect(cause(of: folder.path + "/nowhere") == .notFound)
        let environment = try Environment(path: folder.path, access: .write, mapBytes: 1 << 16)
        let full = #expect(throws: StorageError.self) {
            try put((0..<100).map { ([1, UInt8($0)], [UInt8](repeating: 0, count: 4080)) }, in: environment)
        }
        #expect(full?.cause == .mapFull)
        #expect(full?.description.contains(folder.path) == true)
    }
}
