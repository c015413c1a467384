import Glibc
import TestSupport
import Testing

@testable import TSDB

/// A file has its name when it is complete, with and without the kernel's help.
@Suite(.serialized) struct UnfinishedFileTests {
    private static func begin(_ path: String, _ isNameless: Bool) throws(StoreError) -> UnfinishedFile {
        if isNameless { return try UnfinishedFile(path) }
        return try UnfinishedFile(path, mode: 0o640, nameless: nil)
    }

    private func write(_ text: String, to file: UnfinishedFile) {
        // As LMDB does: by a second descriptor.
        let second = open(file.place, O_WRONLY)
        #expect(second >= 0)
        let bytes = Array(text.utf8)
        #expect(Glibc.write(second, bytes, bytes.count) == bytes.count)
        close(second)
    }

    @Test(arguments: [true, false]) func itAppearsWhenItIsFinished(isNameless: Bool) throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/a"
        for (replacing, text) in [(false, "first"), (true, "second")] {
            let file = try Self.begin(path, isNameless)
            write(text, to: file)
            let names = FolderEntry.names(in: folder.path)
            #expect(names.count == (isNameless ? 0 : 1) + (replacing ? 1 : 0), "\(names)")
            try file.finish(replacing: replacing)
            #expect(FolderEntry.names(in: folder.path) == ["a"])
            #expect(FileBytes.read(path) == Array(text.utf8))
        }
    }

    @Test(arguments: [true, false]) func nothingStaysOfOneThatIsGivenUp(isNameless: Bool) throws {
        let folder = TemporaryFolder()
        do {
            let file = try Self.begin(folder.path + "/a", isNameless)
            write("half", to: file)
        }
        #expect(FolderEntry.names(in: folder.path) == [])
    }

    /// What somebody else puts there meanwhile is his.
    @Test(arguments: [true, false]) func whatCameMeanwhileStays(isNameless: Bool) throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/a"
        let file = try Self.begin(path, isNameless)
        write("ours", to: file)
        FileBytes.write(Array("theirs".utf8), to: path)
        let error = #expect(throws: StoreError.self) { try file.finish(replacing: false) }
        #expect(try #require(error).description.hasPrefix("cannot write \(path): File exists"))
        #expect(FolderEntry.names(in: folder.path) == ["a"])
        #expect(FileBytes.read(path) == Array("theirs".utf8))
    }

    @Test func whatCannotBeBegunIsTold() throws {
        let folder = TemporaryFolder()
        let error = #expect(throws: StoreError.self) { try UnfinishedFile(folder.path + "/no/a") }
        #expect(try #require(error).description == "cannot write \(folder.path)/no/a: No such file or directory")
    }
}
