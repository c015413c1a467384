import Model
import TSDB
import TestSupport
import Testing

@testable import Query

/// What must hold of every entry of the table.
@Suite struct AliasTableTests {
    private let all = AliasTable.standard.lists.flatMap { list in list.entries().map { (list, $0) } }

    @Test func namesAreTheAliasesOwn() {
        let stored = Set(all.flatMap { $0.1.formula.terms.map(\.metric) })
        for (list, alias) in all {
            #expect(Labels.isMetricName(alias.name), "\(alias)")
            #expect(alias.name.hasPrefix(list.beginning), "\(alias) is not found by its name")
            #expect(!stored.contains(alias.name) || alias.needsTarget, "\(alias) is the name of stored series")
            if list.isExclusive { #expect(!stored.contains { $0.hasPrefix(list.beginning) }, "\(list.beginning)") }
            if alias.needsTarget { #expect(alias.isTargeted) }
        }
        #expect(Set(all.map(\.1.name)).count == all.count, "a name is given twice")
        #expect(all.count > 50)
    }

    @Test func aLabelMeetsOneChange() {
        for (_, alias) in all {
            var names: [String] = []
            for change in alias.changes {
                switch change {
                case .rename(let name, to: _), .drop(let name), .map(let name, _), .pick(let name, _):
                    names.append(name)
                case .add: break
                }
            }
            names += alias.formula.terms.first?.fixed.map(\.key) ?? []
            #expect(Set(names).count == names.count, "\(alias)")
        }
    }

    /// Every expression compiles, and no series are found where none are.
    @Test func everyEntryCanBeAsked() throws {
        let store = try TestStore()
        let view = StoreView(try store.snapshot())
        for (_, alias) in all {
            let matchers = [Matcher("__name__", equals: alias.name), Matcher("job", equals: "node")]
            #expect(AliasTable.standard.asked(by: matchers).map(\.name) == [alias.name])
            #expect(try view.select(matchers, in: .all).count == 0)
        }
        #expect(AliasTable.standard.asked(by: [try Matcher("__name__", .matches, "node_.*")]).count > 40)
        #expect(AliasTable.standard.asked(by: [try Matcher("__name__", .matches, "node_.*|cpu_.*")]).isEmpty)
        #expect(AliasTable.standard.asked(by: [try Matcher("__name__", .matches, "cpu_time_seconds")]).isEmpty)
        #expect(AliasTable.standard.asked(by: [Matcher("__name__", equals: "cpu_time_seconds")]).count == 1)
    }

    /// The table of docs/aliases.md has a row for each entry and no other.
    @Test func documentationListsThem() {
        let rows = SourceTree.lines(of: "docs/aliases.md").filter { $0.hasPrefix("| `") && $0.contains("` | `") }
        // What formulas leave out is long, and said in words there.
        let expected = all.map { "| `\($0.1.name)` | `\($0.1.formula)` |".replacing(/{[a-z]+!~".*"}/, with: "") }
        #expect(Set(rows.map(String.init)) == Set(expected))
    }
}
