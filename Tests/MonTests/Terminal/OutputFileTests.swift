import Glibc
import TestSupport
import Testing

@testable import mon

/// What a command writes has its name when all of it is there.
@Suite struct OutputFileTests {
    @Test func nothingIsSeenOfItBefore() throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/dump.csv"
        do {
            let abandoned = try OutputFile(path)
            try abandoned.write(Array("half".utf8))
            #expect(FolderEntry.names(in: folder.path) == [])
        }
        #expect(FolderEntry.names(in: folder.path) == [])
        for text in ["first", "second"] {
            let file = try OutputFile(path)
            try file.write(Array(text.utf8))
            #expect(FolderEntry.names(in: folder.path) == (text == "first" ? [] : ["dump.csv"]))
            try file.finish()
            #expect(FolderEntry.names(in: folder.path) == ["dump.csv"])
            #expect(FileBytes.read(path) == Array(text.utf8))
        }
        var status = stat()
        stat(path, &status)
        let mask = umask(0)
        umask(mask)
        #expect(status.st_mode & 0o777 == 0o666 & ~mask)
    }

    @Test func whatIsInTheWayIsNamed() throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/dump.csv"
        let file = try OutputFile(path)
        try file.write([1])
        // Somebody makes a folder of that name meanwhile.
        mkdir(path, 0o700)
        let refused = #expect(throws: CommandFailure.self) { try file.finish() }
        #expect("\(try #require(refused))".contains(path))
        #expect(FolderEntry.names(in: folder.path) == ["dump.csv"])
        let nowhere = #expect(throws: CommandFailure.self) { _ = try OutputFile(folder.path + "/no/such/dump.csv") }
        #expect("\(try #require(nowhere))".contains("no/such/dump.csv"))
    }

    /// A pipe or a device takes it as it comes.
    @Test func devicesAreWrittenAsTheyAre() throws {
        let file = try OutputFile("/dev/null")
        try file.write([1, 2, 3])
        try file.finish()
        var status = stat()
        stat("/dev/null", &status)
        #expect(status.st_mode & S_IFMT == S_IFCHR)
    }
}
