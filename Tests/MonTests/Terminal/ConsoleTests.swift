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
        test.said.hasReader = false
        test.console.write("a")
        test.console.flush()
        #expect(!test.console.hasReader)
        test.said.hasReader = true
        test.console.write("b")
        test.console.flush()
        #expect(test.output.isEmpty && test.error.isEmpty)
    }

    @Test func widthOfTheTerminal() {
        #expect(TerminalSize.columns(of: -1) { _ in "42" } == 42)
        #expect(TerminalSize.columns(of: -1) { _ in nil } == 100)
        #expect(TerminalSize.columns(of: -1) { _ in "wide" } == 100)
    }
}
