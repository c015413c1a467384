import Glibc
import TestSupport
import Testing

@testable import mon

/// Of this thread alone (setfsuid(2)).
@_silgen_name("setfsuid") private func setfsuid(_ user: UInt32) -> Int32

@Suite struct DataFolderTests {
    private func path(
        _ option: String?, _ environment: [String: String], systemMayBeUsed: Bool = false
    ) throws -> String {
        try DataFolder(
            option: option, use: .read, environment: { environment[$0] }, mayUse: { _, _ in systemMayBeUsed },
            isRefused: { _ in false }, configured: { _ in nil }
        ).path
    }

    /// The first thing that most users see of an agent that runs as another: not that there is no store.
    @Test(arguments: [
        ["query", "up"], ["series"], ["db", "check"], ["db", "stats"], ["dump", "--format", "csv"],
        ["snapshot", "-o", "/nowhere/x"], ["db", "compact"], ["db", "delete", "up", "--yes"],
    ])
    func aFolderThatOneMayNotEnter(arguments: [String]) throws {
        let store = try SampleStore()
        let path = store.folder.path
        let refused = asAnybody(without: path) {
            let test = TestConsole(now: SampleStore.end)
            return (Mon.run(arguments + ["--data", path], on: test.console), test.error)
        }
        #expect(refused.0 == .failure)
        #expect(refused.1.contains("cannot look into \(path): Permission denied"), "\(refused.1)")
        #expect(refused.1.contains("--data") && !refused.1.contains("mon run"))
    }

    /// Where nobody names a folder the agent's is meant, unless there is a store of one's own.
    @Test func theAgentsFolderIsMeantByWhoHasNone() throws {
        let store = try SampleStore()
        func found(_ use: DataFolder.Use, home: String) throws -> String {
            try DataFolder(
                option: nil, use: use, environment: { $0 == "XDG_STATE_HOME" ? home : nil }, mayUse: { _, _ in false },
                isRefused: { $0 == DataFolder.system }, configured: { _ in nil }
            ).path
        }
        #expect(try found(.read, home: "/nowhere") == DataFolder.system)
        #expect(try found(.write, home: "/nowhere") == "/nowhere/mon")
        let home = store.folder.path + "-home"
        #expect(mkdir(home, 0o700) == 0 && symlink(store.folder.path, home + "/mon") == 0)
        defer {
            unlink(home + "/mon")
            rmdir(home)
        }
        #expect(try found(.read, home: home) == home + "/mon")
    }

    /// Runs `body` on this thread as a user who may not enter `path`.
    private func asAnybody<Value>(without path: String, _ body: () -> Value) -> Value {
        let isRoot = geteuid() == 0
        chmod(path, isRoot ? 0o700 : 0)
        if isRoot { _ = setfsuid(65_534) }
        defer {
            if isRoot { _ = setfsuid(0) }
            chmod(path, 0o700)
        }
        return body()
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
            option: nil, use: .read, environment: { $0 == "HOME" ? folder.path : nil }, mayUse: { _, _ in false },
            isRefused: { _ in false })
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
