import Glibc
import TestSupport
import Testing

@testable import mon

@Suite struct DataFolderTests {
    private func path(
        _ option: String?, _ environment: [String: String], systemMayBeUsed: Bool = false
    ) throws -> String {
        try DataFolder(
            option: option, use: .read, environment: { environment[$0] }, mayUse: { _, _ in systemMayBeUsed },
            configured: { _ in nil }
        ).path
    }

    /// The agent's own file says where its store is, to all other commands, too.
    @Test func theConfigurationFile() throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/mon.yaml"
        let file = try #require(fopen(path, "w"))
        fputs("log: {level: loud}\nstore:\n  path: /elsewhere\n", file)
        fclose(file)
        func found(_ environment: [String: String]) throws -> DataFolder {
            try DataFolder(option: nil, use: .read, environment: { environment[$0] }, mayUse: { _, _ in true })
        }
        let configured = try found(["MON_CONFIG": path])
        #expect(configured.path == "/elsewhere" && configured.reason == "from \(path):3:9")
        #expect(try found(["MON_CONFIG": path, "MON_DATA": "/m"]).path == "/m")
        #expect(try found(["MON_CONFIG": path, "MON_DATA": "/m", "MON_STORE_PATH": "/s"]).path == "/s")
        #expect(try found(["MON_CONFIG": folder.path + "/none"]).path == "/var/lib/mon")
    }

    @Test func order() throws {
        let home = ["HOME": "/home/a"]
        let all = ["MON_DATA": "/m", "XDG_STATE_HOME": "/x", "HOME": "/home/a"]
        #expect(try path("/d", all, systemMayBeUsed: true) == "/d")
        #expect(try path(nil, all, systemMayBeUsed: true) == "/m")
        #expect(try path(nil, ["MON_DATA": "", "HOME": "/h"], systemMayBeUsed: true) == "/var/lib/mon")
        #expect(try path(nil, ["XDG_STATE_HOME": "/x", "HOME": "/h"]) == "/x/mon")
        #expect(try path(nil, ["XDG_STATE_HOME": "relative", "HOME": "/h"]) == "/h/.local/state/mon")
        #expect(try path(nil, home) == "/home/a/.local/state/mon")
        #expect(throws: CommandFailure.self) { try path(nil, [:]) }
        #expect(throws: CommandFailure.self) { try path("", all) }
    }

    @Test func noStoreSaysWhereItLookedAndHowToStartOne() throws {
        let folder = TemporaryFolder()
        let named = try DataFolder(option: folder.path, use: .read, environment: { _ in nil })
        let found = try DataFolder(
            option: nil, use: .read, environment: { $0 == "HOME" ? folder.path : nil }, mayUse: { _, _ in false })
        for one in [named, found] {
            do {
                _ = try one.openStore()
                Issue.record("there is no store")
            } catch {
                let failure = CommandFailure(error)
                #expect(failure.status == .noData)
                #expect(failure.message.contains("no store in \(one.path)"))
                #expect(failure.message.contains("mon run --data \(one.path)"))
            }
        }
        #expect(found.reason?.contains("MON_DATA") == true)
    }
}
