import Query
import TestSupport
import Testing

/// Random queries: what is printed is the same query again, and printing it once more changes nothing.
@Suite struct ParserPropertyTests {
    @Test(arguments: [UInt64(1), 20_250_101, UInt64.random(in: 0...UInt64.max)])
    func printedQueriesAreTheSameQueries(_ seed: UInt64) throws {
        var maker = QueryMaker(seed: seed)
        for _ in 0..<400 {
            let text = maker.vector(4)
            do {
                let tree = try parse(text, experimental: true)
                let printed = Printer.print(tree, source: text)
                let again = try parse(printed, experimental: true)
                #expect(shape(again) == shape(tree), "seed \(seed): \(text) → \(printed)")
                #expect(Printer.print(again, source: printed) == printed, "seed \(seed): \(text)")
                // Without the text that was read, durations become seconds and nothing else changes.
                #expect(shape(try parse(tree.description, experimental: true)) == shape(tree), "seed \(seed): \(text)")
            } catch {
                Issue.record("seed \(seed): \(text): \(error)")
            }
        }
    }
}

/// Writes random queries that are right, in all the spellings there are.
struct QueryMaker {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    private mutating func pick<T>(_ choices: [T]) -> T { choices[Int.random(in: 0..<choices.count, using: &random)] }

    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

    private mutating func blank() -> String { pick(["", "", " ", "\n\t", " # note\n"]) }

    mutating func vector(_ depth: Int) -> String {
        guard depth > 0, !chance(4) else { return selector() + modifiers() }
        switch Int.random(in: 0..<9, using: &random) {
        case 0: return "(\(blank())\(vector(depth - 1))\(blank()))"
        case 1: return "\(pick(["-", "+"]))\(vector(depth - 1))"
        case 2: return aggregation(depth)
        case 3: return "\(pick(["rate", "sum_over_time", "changes"]))(\(range(depth)))"
        case 4: return "\(pick(["abs", "sort", "timestamp"]))(\(blank())\(vector(depth - 1)))"
        case 5: return "clamp(\(vector(depth - 1)), \(scalar(depth - 1)),\(scalar(depth - 1)))"
        case 6: return "\(vector(depth - 1)) \(arithmetic())\(blank()) \(scalar(depth - 1))"
        case 7: return "\(side(depth)) \(matched()) \(side(depth))"
        default: return "\(side(depth)) \(pick(["and", "OR", "unless"])) \(on())\(side(depth))"
        }
    }

    /// A side of an operator that knows only vectors; an operator in it must not fall to another one.
    private mutating func side(_ depth: Int) -> String {
        chance(2) ? selector() + modifiers() : "(\(vector(depth - 1)))"
    }

    private mutating func scalar(_ depth: Int) -> String {
        guard depth > 0, !chance(2) else {
            return pick(["1", "0x1F", "010", "1_000", ".5", "2e3", "5m", "1h30m", "time()", "(Inf)", "(NaN)", "pi()"])
        }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return "(\(scalar(depth - 1)))"
        case 1: return "\(pick(["-", "+"]))\(scalar(depth - 1))"
        case 2: return "\(scalar(depth - 1)) \(pick(["+", "-", "*", "/", "%", "^", "atan2"])) \(scalar(depth - 1))"
        default: return "scalar(\(vector(depth - 1)))"
        }
    }

    private mutating func selector() -> String {
        let name = pick(["foo", "a:b", "sum", "by", "offset", "node_cpu_seconds_total", "step", ""])
        let values = ["\"x\"", "'it\\'s'", "`a\\b`", "\"\\u00e9\\n\"", "\"\\x41\""]
        var conditions: [String] = name.isEmpty ? [pick(["x!=\"\"", "\"utf.8\"", "__name__=~\"n.+\""])] : []
        while chance(2) {
            let label = pick(["a", "by", "\"b c\"", "le", "_x"])
            conditions.append(label + blank() + pick(["=", "!=", "=~", "!~"]) + blank() + pick(values))
        }
        if conditions.isEmpty { return name + pick(["", "", "{}"]) }
        return "\(name){\(blank())\(conditions.joined(separator: "," + blank()))\(pick(["", ","]))}"
    }

    private mutating func modifiers() -> String {
        let offset = chance(3) ? " offset \(offset())" : ""
        let at = chance(3) ? " @ " + pick(["start()", "end()", "1609746000", "-0x1F", "+1.5", "1m40s"]) : ""
        return chance(2) ? offset + at : at + offset
    }

    private mutating func offset() -> String {
        pick(["5m", "-1h30m", "90", "step()", "-step()", "0s", "-\(parenthesized())", "max_of(1m, \(duration(1)))"])
    }

    private mutating func parenthesized() -> String { "(\(duration(2)))" }

    private mutating func duration(_ depth: Int) -> String {
        guard depth > 0, !chance(3) else { return pick(["5m", "300", "1h30m", "step()", "1.5", "2", "range()"]) }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return "(\(duration(depth - 1)))"
        case 1: return "-\(duration(depth - 1))"
        case 2: return "min_of(\(duration(depth - 1)),\(duration(depth - 1)))"
        default: return "\(duration(depth - 1))\(pick(["+", " - ", "*", "/", "%", "^"]))\(duration(depth - 1))"
        }
    }

    private mutating func range(_ depth: Int) -> String {
        // A bare negative literal would be refused; one that is added to something is not.
        let length = chance(2) ? "1 + \(duration(2))" : pick(["5m", "300", " 1h30m ", "step()"])
        if chance(2) { return "\(selector())[\(length)]\(modifiers())" }
        return "(\(vector(depth - 1)))[\(length):\(pick(["", "1m", "30", "2*step()"]))]\(modifiers())"
    }

    private mutating func labels() -> String { "(\(pick(["", "a", "a,", "a, \"b.c\"", "by,sum"])))" }

    private mutating func aggregation(_ depth: Int) -> String {
        let (name, parameter) = pick([
            ("sum", ""), ("AVG", ""), ("topk", "3, "), ("quantile", "0.9,"), ("count_values", "'v', "),
            ("limitk", "1, "),
        ])
        let body = "(\(parameter)\(vector(depth - 1)))"
        let modifier = "\(pick(["by", "WITHOUT"])) \(labels())"
        return pick(["\(name)\(body)", "\(name) \(modifier) \(body)", "\(name) \(body) \(modifier)"])
    }

    private mutating func arithmetic() -> String {
        pick(["+", "-", "*", "/", "%", "^", "atan2", "==", "!=", "<", ">=", "> bool", "</", ">/"])
    }

    private mutating func on() -> String { pick(["", "", "on (a) ", "ignoring(a,b) ", "on() "]) }

    private mutating func matched() -> String {
        let group = pick(["", "", "on (a) group_left () ", "ignoring (a) group_right (c,) "])
        return "\(arithmetic()) \(group.isEmpty ? on() : group)\(pick(["", "", "fill (0) ", "fill_right (-1.5) "]))"
    }
}
