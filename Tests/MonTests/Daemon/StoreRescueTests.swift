import Glibc
import Model
import TSDB
import TestSupport
import Testing

@testable import mon

@Suite struct StoreRescueTests {
    private let host = TSDB.HostIdentity(name: "test", machineID: "0")
    private let now = Timestamp(milliseconds: 1_700_000_000_004)

    private func open(_ path: String) throws(StoreError) -> StoreRescue.Rescue? {
        try StoreRescue.openRecorder(path, now: now) { () throws(StoreError) in
            try Recorder(path: path, host: host)
        }.rescue
    }

    @Test func aHealthyStoreIsGoneOnWith() throws {
        let store = try SampleStore()
        #expect(try open(store.folder.path) == nil)
        let empty = TemporaryFolder()
        #expect(try open(empty.path) == nil)
        #expect(try Store(at: store.folder.path, access: .read).snapshot().newestSampleTime() != nil)
    }

    @Test func aDamagedStoreIsMovedAsideAndANewOneBegun() throws {
        let store = try SampleStore()
        let path = store.folder.path
        var bytes = FileBytes.read(path + "/tsdb/1/data.mdb")
        for place in 8192..<bytes.count { bytes[place] = 0xff }
        FileBytes.write(bytes, to: path + "/tsdb/1/data.mdb")
        let rescue = try #require(try open(path))
        #expect(rescue.aside == "\(path)/damaged-20231114T221320.004Z")
        #expect(rescue.reason.contains("page "))
        #expect(FileBytes.read(rescue.aside + "/tsdb/1/data.mdb") == bytes, "what was there is kept")
        #expect(try Store(at: path, access: .read).snapshot().newestSampleTime() == nil)
        #expect(try open(path) == nil, "the new one is whole")
    }

    @Test func aFileThatWasCutShortIsDamage() throws {
        let store = try SampleStore()
        let path = store.folder.path
        truncate(path + "/tsdb/1/data.mdb", 5000)
        let rescue = try #require(try open(path))
        #expect(rescue.reason.contains("cut short: it has 5000 bytes"))
        #expect(FileBytes.read(rescue.aside + "/tsdb/1/data.mdb").count == 5000, "what was there is kept")
        #expect(try open(path) == nil, "the new one is whole")
    }

    /// What ends a process on a full disk does not speak against the store.
    @Test func aFullDiskIsNoDamage() throws {
        guard let disk = TemporaryMount(bytes: 1 << 20) else { return }
        #expect(!disk.path.withCString { StoreGuard.isDiskFull($0) })
        disk.fill()
        #expect(disk.path.withCString { StoreGuard.isDiskFull($0) })
        #expect(!"/no/such/folder".withCString { StoreGuard.isDiskFull($0) })
        let refused = #expect(throws: StoreError.self) { _ = try open(disk.path + "/new") }
        guard case .refused(.diskFull, let text) = refused else {
            Issue.record("\(String(describing: refused))")
            return
        }
        #expect(text.contains("free space"))
        #expect(access(StoreRescue.counterPath(disk.path + "/new"), F_OK) != 0)
    }

    @Test func twoDeathsAreEnough() throws {
        let store = try SampleStore()
        let path = store.folder.path
        StoreRescue.countDeath(path)
        #expect(try open(path) == nil)
        StoreRescue.countDeath(path)
        #expect(try open(path)?.reason == "it ended the recorder 2 times")
        #expect(try open(path) == nil, "the count begins anew")
        StoreRescue.countDeath(path)
        StoreRescue.forgetDeaths(path)
        StoreRescue.countDeath(path)
        #expect(try open(path) == nil)
    }

    @Test func anotherRecordersStoreIsNotTouched() throws {
        let store = try SampleStore()
        let path = store.folder.path
        let recorder = try Recorder(path: path, host: host)
        for _ in 0..<3 { StoreRescue.countDeath(path) }
        #expect(throws: StoreError.recorderRuns(path: path, pid: getpid())) { _ = try open(path) }
        try recorder.close()
    }
}
