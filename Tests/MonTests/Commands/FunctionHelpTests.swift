import Model
import Query
import Testing

@testable import mon

/// What the program says of PromQL's functions.
@Suite struct FunctionHelpTests {
    @Test func listsAllFunctions() {
        let test = TestConsole()
        // No store is needed.
        #expect(test.run("query", "--functions") == .success)
        #expect(test.error.isEmpty)
        for name in FunctionRegistry.names { #expect("\n\(test.output)".contains("\n\(name)("), "\(name)") }
        #expect(test.output.contains("round(instant vector, [scalar]): instant vector\n"))
        #expect(test.output.contains("label_join(instant vector, string, string, [string…]): instant vector\n"))
    }

    @Test func explainsOne() {
        let test = TestConsole()
        #expect(test.run("help", "rate") == .success)
        #expect(
            test.output == """
                rate(range vector): instant vector

                    Per-second average increase of a counter over the range, resets accounted for, extrapolated to its \
                ends.

                Example, with a sample a minute:

                    http_requests_total{path="/"} 0+60x10
                    10 min: rate(http_requests_total[5m])
                        {path="/"} 1

                """)
    }

    /// A command's help is still there, and what is neither is not.
    @Test func leavesCommandsAlone() {
        let test = TestConsole()
        #expect(test.run("help", "query") == .success)
        #expect(test.output.contains("--functions"))
        let unknown = TestConsole()
        _ = unknown.run("help", "no_such_function")
        #expect(!unknown.output.contains("Example, with a sample a minute"))
    }

    @Test func experimentalFunctionsNeedTheirFlag() throws {
        let store = try SampleStore()
        let refused = TestConsole(now: SampleStore.end)
        #expect(store.run("query", "-q", "mad_over_time(load_average[5m])", on: refused) == .usage)
        #expect(refused.error.contains("function \"mad_over_time\" is not enabled"))
        let taken = TestConsole(now: SampleStore.end)
        #expect(
            store.run("query", "-q", "--enable", "experimental", "mad_over_time(load_average[5m])", on: taken)
                == .success)
        #expect(taken.output == "0\n")
        let unknown = TestConsole(now: SampleStore.end)
        #expect(store.run("query", "--enable", "more", "1", on: unknown) == .usage)
        #expect(unknown.error.contains("possible is experimental"))
        let missing = TestConsole(now: SampleStore.end)
        #expect(store.run("query", on: missing) == .usage)
        #expect(missing.error.contains("Missing expected argument"))
    }
}
