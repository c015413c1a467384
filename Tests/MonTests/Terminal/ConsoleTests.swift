import Glibc
import TestSupport
import Testing

@testable import mon

@Suite struct ConsoleTests {
    @Test func styleFollowsTheConventions() {
        func check(_ environment: [String: String], isTerminal: Bool, _ expected: Bool) {
            let console = TestConsole(environment: environment, isTerminal: isTerminal).console
            #expect(console.isStyled == expected, "\(environment) \(isTerminal)")
        }
        check([:], isTerminal: true, true)
        check([:], isTerminal: false, false)
        check(["NO_COLOR": "1"], isTerminal: true, false)
        check(["NO_COLOR": ""], isTerminal: true, true)
        check(["TERM": "dumb"], isTerminal: true, false)
        check(["CLICOLOR_FORCE": "1"], isTerminal: false, true)
        check(["CLICOLOR_FORCE": "0"], isTerminal: false, false)
    }

    @Test func dataAndTalkKeepTheirOrderAndPlaces() {
        let test = TestConsole()
        test.console.write("a")
        #expect(test.output.isEmpty)
        test.console.say("b")
        #expect(test.output == "a" && test.error == "mon: b\n")
        test.console.write("c")
        test.console.flush()
        #expect(test.output == "ac")
    }

    @Test func muchIsHandedOnAtOnce() {
        let test = TestConsole()
        test.console.write([UInt8](repeating: 97, count: 70_000))
        #expect(test.said.output.count == 70_000)
    }

    @Test func withoutAReaderNothingMoreIsWritten() {
        let test = TestConsole()
        test.said.outputError = EPIPE
        test.console.write("a")
        test.console.flush()
        #expect(!test.console.takesOutput && test.console.outputFailure == nil)
        test.said.outputError = 0
        test.console.write("b")
        test.console.flush()
        #expect(test.output.isEmpty && test.error.isEmpty)
    }

    /// What was cut must not pass for whole, whichever command it is of; a reader that went away wanted no more.
    @Test(arguments: [
        ["--version"], ["query", "--help"], ["help", "rate"], ["query", "load_average"], ["series"], ["labels"],
        ["metrics"], ["export"], ["dump", "--format", "csv"], ["dump", "--format", "openmetrics"], ["db", "stats"],
        ["db", "stats", "--json"], ["db", "check"],
    ])
    func anAnswerThatDoesNotArriveIsAFailure(arguments: [String]) throws {
        let store = try SampleStore()
        let hasStore = !arguments[0].hasPrefix("-") && arguments[0] != "help" && arguments.last != "--help"
        let all = arguments + (hasStore ? ["--data", store.folder.path] : [])
        let full = TestConsole(now: SampleStore.end)
        full.said.outputError = ENOSPC
        #expect(Mon.run(all, on: full.console) == .failure)
        #expect(full.error == "mon: cannot write standard output: No space left on device\n")
        let left = TestConsole(now: SampleStore.end)
        left.said.outputError = EPIPE
        #expect(Mon.run(all, on: left.console) == .success)
        #expect(left.error.isEmpty)
    }

    @Test func widthOfTheTerminal() {
        #expect(TerminalSize.columns(of: -1) { _ in "42" } == 42)
        #expect(TerminalSize.columns(of: -1) { _ in nil } == 100)
        #expect(TerminalSize.columns(of: -1) { _ in "wide" } == 100)
    }
}
