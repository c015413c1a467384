import Model
import Testing

@Suite struct LabelsTests {
    @Test func sortsDropsEmptyValuesAndKeepsTheLast() {
        let labels = Labels([Label("b", "1"), Label("a", "x"), Label("c", ""), Label("b", "2")])
        #expect(Array(labels) == [Label("a", "x"), Label("b", "2")])
        #expect(labels["b"] == "2")
        #expect(labels["c"] == nil)
        #expect(labels.count == 2)
    }

    @Test func describesItselfAsPromQLDoes() {
        func check(_ labels: Labels, _ text: String) { #expect(labels.description == text) }
        check(.empty, "{}")
        check(Labels(name: "up"), "up")
        check(Labels(name: "up", ["job": "node"]), #"up{job="node"}"#)
        check(Labels(name: "a.b", ["c d": "x\"y\n"]), #"{__name__="a.b", "c d"="x\"y\n"}"#)
    }

    @Test func ordersLikePrometheus() {
        let ordered = [
            Labels.empty, Labels([Label("a", "1")]), Labels([Label("a", "1"), Label("b", "1")]),
            Labels([Label("a", "10")]), Labels([Label("a", "2")]), Labels([Label("b", "0")]),
        ]
        for (i, lhs) in ordered.enumerated() {
            for (j, rhs) in ordered.enumerated() { #expect((lhs < rhs) == (i < j)) }
        }
    }

    @Test func keepsCanonicallyEquivalentTextsApart() {
        let composed = Labels([Label("a", "\u{e9}")])
        let decomposed = Labels([Label("a", "e\u{301}")])
        #expect(composed != decomposed)
        #expect(!Matcher("a", equals: "\u{e9}").matches(decomposed))
    }

    /// A length written with more bytes than it takes would make two byte strings of one set.
    @Test func refusesLengthsThatAreLongerThanNeeded() {
        #expect(Labels(bytes: [1, 97, 1, 98]) != nil)
        #expect(Labels(bytes: [0x81, 0, 97, 1, 98]) == nil)
        #expect(Labels(bytes: [1, 97, 0x81, 0, 98]) == nil)
        let long = Labels([Label("a", String(repeating: "x", count: 200))])
        #expect(Labels(bytes: long.bytes) == long)
    }

    /// What stands for bytes that are no text is refused by parsers, Prometheus' among them, unless it is escaped.
    @Test func escapesTheReplacementCharacter() {
        #expect(Labels.quote("a\u{FFFD}b") == "\"a\\ufffdb\"")
    }

    @Test func refusesBytesThatAreNoLabelSet() {
        let labels = Labels(name: "up", ["job": "node", "z": "long value"])
        #expect(Labels(bytes: labels.bytes) == labels)
        for end in labels.bytes.indices.dropFirst() {
            // A cut between two labels leaves a smaller set; anywhere else it is refused.
            if let part = Labels(bytes: Array(labels.bytes[..<end])) { #expect(part.count < labels.count) }
        }
        #expect(Labels(bytes: [1, 98, 1, 49, 1, 97, 1, 49]) == nil)
        #expect(Labels(bytes: [1, 97, 0]) == nil)
        #expect(Labels(bytes: [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]) == nil)
    }
}
