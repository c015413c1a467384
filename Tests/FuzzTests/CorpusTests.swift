import Testing

/// What fuzzers found worth keeping, and what the program itself writes, once more and in a debug build.
/// `make fuzz` makes the corpora.
@Suite struct CorpusTests {
    @Test(arguments: FuzzTarget.all.map(\.name)) func replays(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let corpus = try target.corpus()
        #expect(!corpus.isEmpty, "the target has a corpus")
        for (place, input) in corpus.enumerated() {
            if let problem = target.run(input) { Issue.record("input \(place), \(input): \(problem)") }
        }
        for (place, seed) in try target.seeds().enumerated() {
            if let problem = target.run(seed) { Issue.record("seed \(place): \(problem)") }
        }
    }

    /// Canary: a target that breaks its promise is told.
    @Test func aBrokenPromiseIsTold() {
        let broken = FuzzTarget(name: "broken", seeds: { [[]] }) { _ in refusing { "always" } }
        #expect(broken.run([1]) == "always")
    }
}
