import Model
import TestSupport
import Testing

@testable import TSDB

/// A search among many series can be given up in its midst.
@Suite struct StopCheckTests {
    private let folder = TemporaryFolder()

    /// 20,000 series, their names in no order.
    private func store() throws -> Store {
        let store = try Store(at: folder.path, access: .write(testHost))
        var batch = ImportBatch()
        for number in 0..<20_000 {
            batch.series.append(Labels(name: "m", ["i": "\(number &* 7_919 % 20_011)", "x": "\(number % 3)"]))
            batch.append(UInt32(number), 1_700_000_000_000, 1)
        }
        _ = try Inbox(into: store, source: "t").write(batch)
        return store
    }

    @Test func searchesAskWhetherToGoOn() throws {
        let store = try store()
        func asked(_ matcher: Matcher) throws -> Int {
            let snapshot = try store.snapshot()
            var asked = 0
            snapshot.stop {
                asked += 1
                return false
            }
            _ = try snapshot.select([matcher], in: .all)
            return asked
        }
        // The regular expression sees every value, and what it finds is put into order.
        #expect(try asked(Matcher("i", .matches, ".+")) >= 20)
        #expect(try asked(Matcher("i", .matches, "1|2")) >= 1)
        #expect(try asked(Matcher("x", equals: "1")) >= 5)
    }

    @Test func aSearchThatIsGivenUpEnds() throws {
        let snapshot = try store().snapshot()
        var asked = 0
        snapshot.stop {
            asked += 1
            return asked == 3
        }
        let error = #expect(throws: StoreError.self) {
            _ = try snapshot.select([Matcher("i", .matches, ".+")], in: .all)
        }
        #expect(error == .refused(.stopped, description: "the search was given up"))
        #expect(asked == 3)
        // It is no damage, and the next search is a new one.
        #expect(snapshot.damage.losses.isEmpty)
        snapshot.stop { false }
        #expect(try snapshot.select([Matcher("i", .matches, ".+")], in: .all).count == 20_000)
    }
}
