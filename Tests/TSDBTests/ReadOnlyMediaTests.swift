import Glibc
import Model
import TestSupport
import Testing

@testable import TSDB

/// A data folder that is seen through a mount that nobody can write to, as containers have it.
@Suite struct ReadOnlyMediaTests {
    private static func expectRefusal(
        _ what: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
    ) {
        let error = #expect(throws: StoreError.self, "\(what)", sourceLocation: sourceLocation) { try body() }
        guard case .refused(.readOnlyFileSystem, let text) = error else {
            Issue.record("\(what): \(String(describing: error))", sourceLocation: sourceLocation)
            return
        }
        #expect(text.contains("process \(getpid())") && text.contains("mon snapshot"), sourceLocation: sourceLocation)
    }

    @Test func whoRecordsIsFoundOut() throws {
        var written = try WrittenStore()
        try written.append(5000, [(Labels(name: "m"), 1)])
        let place = StoreFolder(path: written.folder.path)
        Self.expectRefusal("recording") { try place.checkNobodyRecords() }
        let folder = written.folder
        try written.recorder.close()
        try StoreFolder(path: folder.path).checkNobodyRecords()
        unlink(place.lockPath)
        try place.checkNobodyRecords()
    }

    @Test func aLiveStoreIsRefusedAndAnotherIsRead() throws {
        var written = try WrittenStore()
        try written.append(5000, [(Labels(name: "m"), 1)])
        let folder = written.folder
        guard let media = TemporaryMount(readOnly: folder.path) else { return }
        func refuseAll() {
            Self.expectRefusal("read") { _ = try Store(at: media.path, access: .read) }
            Self.expectRefusal("verified") { _ = try Store.openVerified(at: media.path) }
            Self.expectRefusal("check") { _ = try StoreCheck.run(at: media.path) }
        }
        refuseAll()
        let naive = written.naive
        try written.recorder.close()
        let store = try Store.openVerified(at: media.path)
        #expect(store.isOnReadOnlyMedia)
        expectSame(try answer(store.snapshot(), [], .all), naive.select([], .all), "nobody writes")
        #expect(try StoreCheck.run(at: media.path).findings == [])
        // Somebody begins to record while it is open.
        let recorder = try Recorder(path: folder.path, host: testHost)
        Self.expectRefusal("open") { _ = try store.snapshot() }
        refuseAll()
        try recorder.close()
        _ = try store.snapshot()
    }
}
