import Model
import TSDB
import Testing

@testable import Query

/// Each kind of entry, on stores of a few samples.
@Suite struct AliasEntryTests {
    private func check(
        _ alias: Alias, _ samples: KeyValuePairs<String, [Double?]>, _ selector: String, _ expected: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let found = try AliasWorld(samples, [alias]).select(selector)
        #expect(found == expected, sourceLocation: sourceLocation)
    }

    @Test func rename() throws {
        let plain = Alias("al_a", .stored("m"))
        try check(plain, [#"m{x="1"}"#: [1, 2]], "al_a", [#"al_a{x="1"}: 1@0 2@10"#])
        try check(plain, [#"m{x="1"}"#: [1], #"m{x="2"}"#: [3]], #"al_a{x="2"}"#, [#"al_a{x="2"}: 3@0"#])
        try check(plain, [#"m{x="1"}"#: [1]], #"al_a{x!="1"}"#, [])
        let label = Alias("al_a", .stored("m"), [.rename("x", to: "y")])
        try check(label, [#"m{x="1",z="2"}"#: [1]], #"al_a{y="1"}"#, [#"al_a{y="1", z="2"}: 1@0"#])
        try check(label, [#"m{x="1"}"#: [1]], #"al_a{x="1"}"#, [])
        try check(label, [#"m{x="1"}"#: [1]], #"al_a{x=""}"#, [#"al_a{y="1"}: 1@0"#])
        // What had the name gives way.
        try check(label, [#"m{x="1",y="2"}"#: [1]], "al_a", [#"al_a{y="1"}: 1@0"#])
        try check(label, [#"m{y="2"}"#: [1]], #"al_a{y=""}"#, ["al_a: 1@0"])
        let swap = Alias("al_a", .stored("m"), [.rename("x", to: "y"), .rename("y", to: "x")])
        try check(swap, [#"m{x="1",y="2"}"#: [1]], #"al_a{x="2"}"#, [#"al_a{x="2", y="1"}: 1@0"#])
    }

    @Test func addAndDrop() throws {
        let added = Alias("al_a", .stored("m"), [.add("k", "v")])
        try check(added, ["m": [1]], #"al_a{k="v"}"#, [#"al_a{k="v"}: 1@0"#])
        try check(added, ["m": [1]], #"al_a{k!="v"}"#, [])
        // What the stored series says of itself stands.
        try check(
            added, [#"m{k="own"}"#: [1], "m": [2]], #"al_a{k!=""}"#, [#"al_a{k="own"}: 1@0"#, #"al_a{k="v"}: 2@0"#])
        try check(added, [#"m{k="own"}"#: [1], "m": [2]], #"al_a{k="own"}"#, [#"al_a{k="own"}: 1@0"#])
        let dropped = Alias("al_a", .stored("m"), [.drop("x")])
        try check(dropped, [#"m{x="1",y="2"}"#: [1]], #"al_a{x=""}"#, [#"al_a{y="2"}: 1@0"#])
        try check(dropped, [#"m{x="1"}"#: [1]], #"al_a{x="1"}"#, [])
        // Of two that would be alike the first stands.
        try check(dropped, [#"m{x="2"}"#: [2], #"m{x="1"}"#: [1]], "al_a", ["al_a: 1@0"])
        let fixed = Alias("al_a", .stored("m", ["x": "1"], without: ["y": "a.*"]))
        try check(
            fixed, [#"m{x="1",y="b"}"#: [1], #"m{x="2"}"#: [2], #"m{x="1",y="ab"}"#: [3]], "al_a",
            [#"al_a{y="b"}: 1@0"#])
    }

    @Test func mapsOfValues() throws {
        let samples: KeyValuePairs<String, [Double?]> = [
            #"m{x="A"}"#: [1], #"m{x="B"}"#: [2], #"m{x="C"}"#: [3], "m": [4],
        ]
        let map = Alias("al_a", .stored("m"), [.map("x", ["A": "a", "B": "C"])])
        try check(map, samples, #"al_a{x="a"}"#, [#"al_a{x="a"}: 1@0"#])
        // B is called C, and comes before the C that is one.
        try check(map, samples, #"al_a{x="C"}"#, [#"al_a{x="C"}: 2@0"#])
        try check(map, samples, #"al_a{x="A"}"#, [])
        try check(map, samples, #"al_a{x!~"a|C"}"#, ["al_a: 4@0"])
        let pick = Alias("al_a", .stored("m"), [.pick("x", ["A": "a", "B": "b"])])
        try check(pick, samples, "al_a", [#"al_a{x="a"}: 1@0"#, #"al_a{x="b"}: 2@0"#])
        try check(pick, samples, #"al_a{x=~"b|c"}"#, [#"al_a{x="b"}: 2@0"#])
        try check(pick, samples, #"al_a{x="A"}"#, [])
    }

    @Test func factors() throws {
        let product = Alias("al_a", .product(.stored("m"), 0.25))
        try check(
            product, ["m": [4, .staleMarker, .nan, -0.0, .infinity]], "al_a",
            [
                "al_a: 1@0 stale@10 NaN@20 -0@30 +Inf@40"
            ])
        // Rounded once: 35 * 0.01 is 0.35000000000000003.
        let quotient = Alias("al_a", .quotient(.stored("m"), 100))
        try check(quotient, ["m": [35, 100, 0.1]], "al_a", ["al_a: 0.35@0 1@10 0.001@20"])
    }

    @Test func sumsAndDifferences() throws {
        let samples: KeyValuePairs<String, [Double?]> = [
            #"a{x="1"}"#: [5, 6, nil, 8, .staleMarker, 1, nil],
            #"b{x="1"}"#: [1, 2, 3, .staleMarker, 5, nil, .staleMarker],
            #"a{x="2"}"#: [1],
        ]
        try check(
            Alias("al_a", .difference(.stored("a"), .stored("b"))), samples, "al_a",
            [#"al_a{x="1"}: 4@0 4@10 stale@30 stale@40 stale@60"#])
        try check(
            Alias("al_a", .sum(.stored("a"), .stored("b"))), samples, #"al_a{x="1"}"#,
            [#"al_a{x="1"}: 6@0 8@10 stale@30 stale@40 stale@60"#])
        try check(
            Alias("al_a", .quotient(.sum(.stored("m", ["s": "1"]), .stored("m", ["s": "2"])), 2)),
            [#"m{s="1",d="x"}"#: [1, 2], #"m{s="2",d="x"}"#: [3, 4], #"m{s="3",d="x"}"#: [9]], "al_a",
            [#"al_a{d="x"}: 2@0 3@10"#])
    }

    @Test func targets() throws {
        let alias = Alias("al_a", .stored("m"), isTargeted: true)
        let samples: KeyValuePairs<String, [Double?]> = ["m": [1], #"m{instance="other:9100",job="x"}"#: [2]]
        let named = #"al_a{instance="test:9100", job="node"}: 1@0"#
        try check(alias, samples, #"al_a{instance="test:9100",job="node"}"#, [named])
        try check(alias, samples, #"al_a{job=~"n.*"}"#, [named])
        try check(alias, samples, #"al_a{job="x"}"#, [#"al_a{instance="other:9100", job="x"}: 2@0"#])
        try check(alias, samples, #"al_a{job=""}"#, [])
        let nameless = try AliasWorld(["m": [1]], [alias], hostName: "")
        #expect(try nameless.select("al_a") == [#"al_a{instance="localhost:9100", job="node"}: 1@0"#])
        let needy = Alias("m", .stored("n"), isTargeted: true, needsTarget: true)
        let list = AliasList(.node) { [needy] }
        let world = try AliasWorld(["m": [1], "n": [2]])
        let view = StoreView(world.view.snapshot, aliases: AliasTable([list]))
        func names(_ selector: String) throws -> [String] {
            try view.select(try Parser.parseSelector(selector), in: AliasWorld.all).labels.map(\.description)
        }
        #expect(try names("m") == ["m"])
        #expect(try names(#"m{job="node"}"#) == [#"m{instance="test:9100", job="node"}"#])
        #expect(try names(#"m{job!="x"}"#) == ["m"])
    }

    @Test func aStoredSeriesWins() throws {
        let alias = Alias("al_a", .stored("m"))
        try check(alias, ["m": [1, 2], "al_a": [7, nil]], "al_a", ["al_a: 7@0"])
        // Unless it has nothing in the time that is asked for.
        let world = try AliasWorld(["m": [1, 2, 3], "al_a": [7, nil, nil]], [alias])
        #expect(
            try world.select("al_a", in: TimeRange(minMilliseconds: 1, maxMilliseconds: 20_000)) == [
                "al_a: 2@10 3@20"
            ])
        #expect(try world.select("al_a", in: TimeRange(minMilliseconds: 0, maxMilliseconds: 20_000)) == ["al_a: 7@0"])
    }

    @Test func whoAsksByName() throws {
        let world = try AliasWorld(
            ["m": [1], "al_stored": [5]], [Alias("al_a", .stored("m")), Alias("al_b", .stored("m"))])
        func check(_ selector: String, _ expected: [String], sourceLocation: SourceLocation = #_sourceLocation) throws {
            let found = try world.select(selector).map { String($0.prefix { $0 != ":" }) }
            #expect(found == expected, sourceLocation: sourceLocation)
        }
        try check("al_a", ["al_a"])
        try check(#"{__name__="al_a"}"#, ["al_a"])
        try check(#"{__name__=~"al_.*"}"#, ["al_a", "al_b", "al_stored"])
        try check(#"{__name__=~"al_a|al_b"}"#, ["al_a", "al_b"])
        try check(#"{__name__=~"al_(a|c)"}"#, ["al_a"])
        try check(#"{__name__=~"al_.*",__name__!="al_a"}"#, ["al_b", "al_stored"])
        try check(#"{__name__=~".+"}"#, ["al_stored", "m"])
        try check(#"{__name__=~"al_.*|m"}"#, ["al_stored", "m"])
        try check(#"{__name__=~"(?i)al_.*"}"#, ["al_stored"])
        try check(#"{__name__!=""}"#, ["al_stored", "m"])
        try check(#"{__name__=~"a.*"}"#, ["al_a", "al_b", "al_stored"])
        #expect(
            try world.view.labelNames(matching: try Parser.parseSelector("al_a"), in: AliasWorld.all) == ["__name__"])
        let names = try world.view.labelValues(
            of: "__name__", matching: try Parser.parseSelector(#"{__name__=~"al_.*"}"#), in: AliasWorld.all)
        #expect(names == ["al_a", "al_b", "al_stored"])
        #expect(try world.view.labelValues(of: "__name__", matching: [], in: AliasWorld.all) == ["al_stored", "m"])
        #expect(try world.view.aliasNames() == ["al_a", "al_b"])
        #expect(try world.view.aliasNames(beginningWith: "al_b") == ["al_b"])
        #expect(try world.view.aliasNames(beginningWith: "") == [])
    }
}
