import Glibc
import Model
import TSDB
import TestSupport
import Testing

@testable import Query

/// Random stores, tables and selectors against a model that makes all series of all aliases and then looks which ones
/// match. `MON_ALIAS_SEEDS` (60) is the number of worlds, 60 selectors each.
struct AliasPropertyTests {
    private static let seeds = unsafe getenv("MON_ALIAS_SEEDS").flatMap { UInt64(unsafe String(cString: $0)) } ?? 60

    typealias Points = [(time: Int64, value: Double)]

    @Test(arguments: UInt64(0)..<seeds)
    func viewsShowWhatTheModelShows(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let data = Self.data(&random)
        let aliases = (0..<5).map { _ in Self.alias(&random) }
        let store = try TestStore()
        try store.load(
            data.map { labels, points in
                (labels, points.map { Sample(time: Timestamp(milliseconds: $0.time), value: $0.value) })
            }, intervalMilliseconds: 1000)
        // Names of the aliases alone, and one that stored series have as well.
        let own = AliasList(.node, beginning: "al_", isExclusive: true) { aliases.filter { !$0.needsTarget } }
        let other = AliasList(.node, beginning: "st_") { aliases.filter(\.needsTarget) }
        let view = StoreView(try store.snapshot(), aliases: AliasTable([own, other]))
        var found = 0
        for _ in 0..<60 {
            let (matchers, invites) = try Self.matchers(&random)
            let range = TimeRange(
                minMilliseconds: Int64.random(in: 0...8, using: &random) * 1000,
                maxMilliseconds: Int64.random(in: 8...20, using: &random) * 1000)
            let expected = Self.model(data, aliases, matchers, invites, range)
            let selection = try view.select(matchers, in: range)
            let text = "seed \(seed): \(matchers) \(aliases)"
            // A series that is known by name alone may be found; it has nothing to show.
            var shown: [(labels: Labels, points: Points)] = []
            var column = SampleColumn()
            for index in 0..<selection.count {
                try selection.read(index, in: range, into: &column)
                if column.count > 0 {
                    shown.append((selection.labels[index], Array(zip(column.timestamps, column.values))))
                }
            }
            #expect(selection.labels == selection.labels.sorted() && Set(selection.labels).count == selection.count)
            #expect(shown.map(\.labels) == expected.map(\.labels), "\(text)")
            for (one, other) in zip(shown, expected) {
                #expect(one.points.map(\.time) == other.points.map(\.time), "\(text): \(one.labels)")
                #expect(
                    sameBits(one.points.map(\.value), other.points.map(\.value)), "\(text): \(one.labels)")
            }
            let names = try view.labelNames(matching: matchers, in: range)
            #expect(names == Set(selection.labels.flatMap { $0.map(\.name) }).sorted(), "\(text)")
            let values = try view.labelValues(of: "x", matching: matchers, in: range)
            #expect(values == Set(selection.labels.compactMap { $0["x"] }).sorted(), "\(text)")
            found += invites && expected.contains(where: { $0.labels.metricName?.hasPrefix("al_") == true }) ? 1 : 0
        }
        #expect(found > 2, "seed \(seed): the selectors have to be about something")
    }

    // MARK: - Random worlds

    private static func data(_ random: inout SeededGenerator) -> [(labels: Labels, points: Points)] {
        var data: [Labels: Points] = [:]
        for _ in 0..<24 {
            var labels: [Label] = [Label("__name__", ["st_a", "st_b", "st_c", "al_a"].randomElement(using: &random)!)]
            for name in ["x", "y", "z", "w", "k", "job"] {
                if Int.random(in: 0..<(name == "x" ? 5 : 3), using: &random) > (name == "x" ? 3 : 0) { continue }
                labels.append(Label(name, ["1", "2", "3"].randomElement(using: &random)!))
            }
            var points: Points = []
            for tick in 0...20 as ClosedRange<Int64> where Int.random(in: 0..<4, using: &random) > 0 {
                let isStale = Int.random(in: 0..<8, using: &random) == 0
                points.append((tick * 1000, isStale ? .staleMarker : Double.random(in: -100...100, using: &random)))
            }
            if !points.isEmpty { data[Labels(labels)] = points }
        }
        return data.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private static func alias(_ random: inout SeededGenerator) -> Alias {
        func term(_ random: inout SeededGenerator) -> Formula {
            let fixed: [KeyValuePairs<String, String>] = [[:], [:], ["x": "1"], ["x": "2"], ["y": "1"]]
            let without: [KeyValuePairs<String, String>] = [[:], [:], ["z": "1|3"], ["w": ".+"]]
            return .stored(
                ["st_a", "st_b", "st_c"].randomElement(using: &random)!, fixed.randomElement(using: &random)!,
                without: without.randomElement(using: &random)!)
        }
        var formula = term(&random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: formula = .sum(formula, term(&random))
        case 1: formula = .difference(formula, term(&random))
        default: break
        }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: formula = .product(formula, 0.25)
        case 1: formula = .quotient(formula, 100)
        default: break
        }
        // Of each group one, so that no label meets two changes.
        let groups: [[LabelChange]] = [
            [.rename("x", to: "w"), .drop("x"), .map("x", ["1": "2", "3": "9"]), .pick("x", ["1": "a", "2": "a"])],
            [.rename("y", to: "v"), .drop("y"), .pick("y", ["1": "1", "3": "4"])],
            [.map("z", ["2": "1"]), .drop("z")], [.add("k", "v"), .add("x", "5")],
        ]
        var changes: [LabelChange] = []
        let fixed = formula.terms.flatMap { $0.fixed.map(\.key) }
        for (group, name) in zip(groups, ["x", "y", "z", "k"])
        where Bool.random(using: &random) && !fixed.contains(name) {
            changes.append(group.randomElement(using: &random)!)
        }
        let needsTarget = Int.random(in: 0..<5, using: &random) == 0
        return Alias(
            needsTarget ? "st_c" : ["al_a", "al_b", "al_c"].randomElement(using: &random)!, formula, changes,
            isTargeted: Bool.random(using: &random), needsTarget: needsTarget)
    }

    /// Matchers, and whether their conditions on the name let aliases join.
    private static func matchers(_ random: inout SeededGenerator) throws -> ([Matcher], Bool) {
        let names: [(Matcher.Operation, String, Bool)] = [
            (.equal, "al_a", true), (.equal, "al_b", true), (.equal, "st_c", true), (.matches, "al_.*", true),
            (.matches, "al_a|al_(b|c)", true), (.matches, "al_.*|st_.*", false), (.matches, ".+", false),
            (.notEqual, "st_a", false), (.matches, "st_.*", false), (.matches, "al_a|", false),
        ]
        let name = names.randomElement(using: &random)!
        var matchers = [try Matcher("__name__", name.0, name.1)]
        if Int.random(in: 0..<5, using: &random) == 0 { matchers.append(try Matcher("__name__", .notEqual, "al_b")) }
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            matchers.append(
                try Matcher(
                    ["x", "y", "z", "w", "v", "k", "job", "instance"].randomElement(using: &random)!,
                    Matcher.Operation.allCases.randomElement(using: &random)!,
                    ["", "1", "2", "a", "v", "1|2", ".+", "node", "test:9100", "4|5"].randomElement(using: &random)!))
        }
        matchers.shuffle(using: &random)
        return (matchers, name.2)
    }

    // MARK: - The model

    private static func model(
        _ data: [(labels: Labels, points: Points)], _ aliases: [Alias], _ matchers: [Matcher], _ invites: Bool,
        _ range: TimeRange
    ) -> [(labels: Labels, points: Points)] {
        var all: [Labels: Points] = [:]
        let asksTarget = matchers.contains { ["job", "instance"].contains($0.name) && !$0.matchesEmpty }
        for alias in aliases.filter({ !$0.needsTarget }) + aliases.filter(\.needsTarget)
        where invites && (asksTarget || !alias.needsTarget) {
            for (labels, points) in made(alias, data) where all[labels] == nil { all[labels] = points }
        }
        func cut(_ points: Points) -> Points { points.filter { range.contains(Timestamp(milliseconds: $0.time)) } }
        for (labels, points) in data where !cut(points).isEmpty { all[labels] = points }
        return all.filter { labels, points in
            !cut(points).isEmpty && matchers.allSatisfy { $0.matches(labels[$0.name] ?? "") }
        }.map { ($0.key, cut($0.value)) }.sorted { $0.0 < $1.0 }
    }

    private static func made(
        _ alias: Alias, _ data: [(labels: Labels, points: Points)]
    ) -> [(labels: Labels, points: Points)] {
        func series(_ term: Formula.Term) -> [(Labels, Points)] {
            var seen: Set<Labels> = []
            return data.compactMap { labels, points in
                guard let made = name(labels, alias, term), seen.insert(made).inserted else { return nil }
                return (made, points)
            }
        }
        func scaled(_ value: Double) -> Double {
            if value.isStaleMarker { return value }
            switch alias.formula.scale {
            case .none: return value
            case .times(let factor): return value * factor
            case .over(let divisor): return value / divisor
            }
        }
        let first = series(alias.formula.first)
        guard let second = alias.formula.second else {
            return first.map { labels, points in (labels, points.map { ($0.time, scaled($0.value)) }) }
        }
        let others = series(second.term)
        return first.compactMap { labels, points in
            guard let other = others.first(where: { $0.0 == labels })?.1 else { return nil }
            var joined: Points = []
            for time in Set(points.map(\.time)).union(other.map(\.time)).sorted() {
                let a = points.first { $0.time == time }?.value
                let b = other.first { $0.time == time }?.value
                if a?.isStaleMarker == true || b?.isStaleMarker == true {
                    joined.append((time, .staleMarker))
                } else if let a, let b {
                    joined.append((time, scaled(second.operation == .plus ? a + b : a - b)))
                }
            }
            return (labels, joined)
        }
    }

    /// What a stored series is called as an alias; nil where it takes no part.
    private static func name(_ stored: Labels, _ alias: Alias, _ term: Formula.Term) -> Labels? {
        var rest = Dictionary(uniqueKeysWithValues: stored.map { ($0.name, $0.value) })
        guard rest.removeValue(forKey: "__name__") == term.metric else { return nil }
        for (name, value) in term.fixed where rest.removeValue(forKey: name) != value { return nil }
        for (name, expression) in term.without where try! RegularExpression(expression).matches(rest[name] ?? "") {
            return nil
        }
        var result = rest
        for change in alias.changes {
            switch change {
            case .rename(let from, to: let name):
                result[from] = nil
                result[name] = rest[from]
            case .drop(let name): result[name] = nil
            case .add: break
            case .map(let name, let pairs):
                if let value = rest[name] { result[name] = pairs.first { $0.key == value }?.value ?? value }
            case .pick(let name, let pairs):
                guard let value = rest[name], let pair = pairs.first(where: { $0.key == value }) else { return nil }
                result[name] = pair.value
            }
        }
        var added: [String: String] = alias.isTargeted ? ["job": "node", "instance": "test:9100"] : [:]
        for case .add(let name, let value) in alias.changes { added[name] = value }
        for (name, value) in added where result[name] == nil { result[name] = value }
        result["__name__"] = alias.name
        return Labels(result.map { Label($0.key, $0.value) })
    }
}
