import ArgumentParser
import Formats
import Glibc
import TSDB

/// `mon db check`: verifies the whole store, in a process of its own.
struct DBCheckCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Verifies every page, checksum and value of the store.",
        discussion: """
            mon db check --data /var/lib/mon
            mon db check --db host.mon
            Exit: 0 the store is whole, 5 it is damaged. Safe beside a running agent.
            """)

    @OptionGroup var store: StoreOptions

    @Flag(help: "Findings and sums as JSON.")
    var json = false

    func perform(on console: Console) throws -> CommandStatus {
        let path = try store.name(on: console)
        let isFile = store.db != nil
        let clock = ContinuousClock()
        let began = clock.now
        let report =
            ProgramRole.isProgram
            ? try DBCheckCommand.inChild(isFile ? "--db" : "--data", path)
            : isFile ? try StoreCheck.run(snapshotFile: path) : try StoreCheck.run(at: path)
        let seconds = CheckText.seconds(clock.now - began)
        var writer = TextWriter()
        if json {
            CheckText.writeJSON(report, path: path, seconds: seconds, into: &writer)
        } else {
            CheckText.write(report, path: path, seconds: seconds, isFile: isFile, into: &writer)
        }
        console.write(writer.bytes)
        return report.findings.isEmpty ? .success : .store
    }

    /// Has a child look; one that dies of what it sees is a finding.
    private static func inChild(_ option: String, _ path: String) throws -> CheckReport {
        var transcript = CheckTranscript()
        let end = try ChildProcess.run(["db", "check-child", option, path]) { transcript.read($0) }
        if let failure = transcript.failure { throw failure }
        switch end {
        case .exit(0): break
        case .exit(let code): transcript.report.add(transcript.place, "looking at it ended with exit code \(code)")
        case .signal(let number):
            let names = [SIGSEGV: "SIGSEGV", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGABRT: "SIGABRT"]
            transcript.report.add(
                transcript.place, "looking at it ended the process with \(names[number] ?? "signal \(number)")")
        }
        return transcript.report
    }
}

/// `mon db check-child`: what ``DBCheckCommand`` starts. Writes a ``CheckTranscript``.
struct DBCheckChildCommand: Verb {
    static let configuration = CommandConfiguration(commandName: "check-child", shouldDisplay: false)

    @OptionGroup var store: StoreOptions

    func perform(on console: Console) throws -> CommandStatus {
        let path = try store.name(on: console)
        func progress(_ place: String) {
            console.write(CheckTranscript.line("at", [place]))
            console.flush()
        }
        do throws(StoreError) {
            let report =
                try store.db == nil
                ? StoreCheck.run(at: path, progress: progress)
                : StoreCheck.run(snapshotFile: path, progress: progress)
            console.write(CheckTranscript.lines(of: report))
        } catch {
            let failure = CommandFailure(error)
            console.write(CheckTranscript.line("error", ["\(failure.status.rawValue)", failure.message]))
        }
        return .success
    }
}
