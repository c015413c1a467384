import Glibc
import TestSupport
import Testing

@testable import Query

/// Script files, and the examples of the function registry.
struct CorpusTests {
    @Test func ownScripts() throws {
        try play(TestFiles.here + "/Corpus", expectedMin: 100)
    }

    @Test func experimentalScripts() throws {
        try play(
            TestFiles.here + "/Corpus/experimental", expectedMin: 20, QueryEngine(acceptsExperimental: true))
    }

    @Test func sharedScripts() throws {
        guard let shared = TestFiles.shared else { return }
        try play(shared + "/promql", expectedMin: 100)
    }

    /// The harness has to see what is wrong.
    @Test(arguments: [
        "eval instant at 1m m\n  m 3", "eval instant at 1m m", "eval instant at 1m m\n  n 2",
        "eval instant at 1m m\n  expect fail", "eval instant at 1m m\n  expect warn\n  m 2",
        "eval instant at 1m 1\n  2", "eval range from 0 to 1m step 1m m\n  m 1 _", "eval instant at 1m m{\n  m 2",
    ])
    func canary(_ script: String) throws {
        var runner = try ScriptRunner()
        try runner.play("load 1m\n  m 1 2\n\n" + script, named: "canary")
        #expect(runner.failures.count == 1)
    }

    @Test(arguments: FunctionRegistry.names)
    func example(of name: String) throws {
        let function = try #require(FunctionRegistry.function(named: name))
        let example = function.example
        #expect(example.query.contains(name + "("))
        #expect(!function.documentation.isEmpty)
        let data = example.data.map { "  " + $0 + "\n" }.joined()
        let result = example.result.map { "  " + $0 + "\n" }.joined()
        var runner = try ScriptRunner(QueryEngine(acceptsExperimental: function.signature.isExperimental))
        let query = "eval instant at \(example.minutes)m \(example.query)"
        try runner.play("load 1m\n\(data)\n\(query)\n\(result)", named: name)
        #expect(runner.failures == [])
        #expect(runner.played == 1)
    }

    private func play(_ folder: String, expectedMin: Int, _ engine: QueryEngine = QueryEngine()) throws {
        var runner = try ScriptRunner(engine)
        for name in FolderEntry.names(in: folder) where name.hasSuffix(".test") {
            try runner.play(TestFiles.text(folder + "/" + name), named: name)
        }
        #expect(runner.failures == [])
        #expect(runner.played >= expectedMin)
    }
}
