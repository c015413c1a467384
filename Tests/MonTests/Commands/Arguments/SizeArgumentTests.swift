import TestSupport
import Testing

@testable import mon

@Suite struct SizeArgumentTests {
    @Test func sizesAndShares() {
        func check(_ text: String, _ bytes: Int?) {
            #expect(SizeArgument.parse(text, whole: 1000) == bytes, "\(text)")
        }
        check("0", 0)
        check("4096", 4096)
        check("1k", 1024)
        check("2KB", 2000)
        check("512MiB", 512 << 20)
        check("1.5G", 3 << 29)
        check("1GiB", 1 << 30)
        check("2TB", 2_000_000_000_000)
        check("10%", 100)
        check("0.5%", 5)
        for text in ["", "%", "0%", "101%", "-1", "1 XB", "nan", "inf", "1e400", "GiB", "1.2.3M", "99999999999T"] {
            check(text, nil)
        }
        #expect(SizeArgument.parse("10%", whole: nil) == nil)
    }

    @Test func theStoresBound() throws {
        func bytes(_ text: String?, disk: Int?) throws(CommandFailure) -> Int {
            try SizeArgument.storeBytes(text, option: "--max-size", diskBytes: disk)
        }
        #expect(try bytes(nil, disk: 1 << 40) == 1 << 30)
        #expect(try bytes(nil, disk: 4_000_000_000) == 400_000_000)
        #expect(try bytes(nil, disk: 100 << 20) == 16 << 20, "a store needs as much")
        #expect(try bytes(nil, disk: 20 << 20) == 10 << 20, "the bound is reached before the disk is full")
        #expect(try bytes(nil, disk: 1000) == 4 << 20, "a disk that small is none")
        #expect(try bytes(nil, disk: nil) == 1 << 30)
        #expect(try bytes("64MiB", disk: 1000) == 64 << 20)
        let small = #expect(throws: CommandFailure.self) { try bytes("1M", disk: nil) }
        #expect(small?.status == .usage && small?.message.contains("16MiB at least") == true)
        let odd = #expect(throws: CommandFailure.self) { try bytes("lots", disk: nil) }
        #expect(odd?.message.contains("\"lots\" is no size") == true)
    }

    @Test func theDiskOfAFolderThatIsNotThereYet() {
        let folder = TemporaryFolder()
        let here = Disk.bytes(below: folder.path)
        #expect(here ?? 0 > 0)
        #expect(Disk.bytes(below: folder.path + "/a/b/c") == here)
        #expect(Disk.bytes(below: "nothing/here") != nil)
    }
}
