import Testing

@testable import mon

@Suite struct ServeCommandTests {
    @Test func refusesWhatMakesNoSense() {
        func check(_ arguments: [String], _ said: String) {
            let test = TestConsole()
            #expect(Mon.run(["serve"] + arguments, on: test.console) == .usage)
            #expect(test.error.contains(said), "\(test.error)")
        }
        check(["--log-level", "loud"], "possible are debug, info, warning, error")
        check(["--query-timeout", "soon"], "--query-timeout: \"soon\" is no length of time")
    }
}
