import TestSupport

/// Random well-typed queries over the metrics `a`, `b` and `c_total`, which have the labels `x`, `y` and `z`.
struct QueryGenerator {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    private mutating func pick(_ choices: [String]) -> String { choices.randomElement(using: &random) ?? "" }

    private mutating func chance(_ n: Int) -> Bool { Int.random(in: 0..<n, using: &random) == 0 }

    mutating func vector(_ depth: Int) -> String {
        if depth == 0 { return selector() + modifiers() }
        switch Int.random(in: 0..<9, using: &random) {
        case 0: return selector() + modifiers()
        case 1, 2: return overTime(depth)
        case 3: return aggregation(depth)
        case 4: return call(depth)
        case 5: return "-(\(vector(depth - 1)))"
        case 6:
            let bool = pick(["", "bool "])
            let operation = pick(["+ ", "- ", "* ", "/ ", "> " + bool, "<= " + bool, "!= " + bool])
            return chance(3)
                ? "(\(scalar(depth - 1)) \(operation) \(vector(depth - 1)))"
                : "(\(vector(depth - 1)) \(operation) \(scalar(depth - 1)))"
        case 7:
            let operation = pick(["and", "or", "unless"])
            return "(\(vector(depth - 1)) \(operation) \(pick(["", "on (x) ", "ignoring (y) "]))\(vector(depth - 1)))"
        default:
            let bool = pick(["", "bool "])
            let operation = pick(["+ ", "- ", "* ", "> " + bool, "== " + bool])
            let matching = pick([
                "", "on (x) ", "on (x, y) ", "ignoring (z) ", "on (x) group_left ", "on (x) group_left (z) ",
                "ignoring (y, z) group_right ", "on (x) group_right (y) ",
            ])
            return "(\(vector(depth - 1)) \(operation)\(matching)\(vector(depth - 1)))"
        }
    }

    private mutating func scalar(_ depth: Int) -> String {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: "time()"
        case 1 where depth > 0: "scalar(\(vector(depth - 1)))"
        default: pick(["0", "2", "-1.5", "100"])
        }
    }

    private mutating func selector() -> String {
        let name = pick(["a", "b", "c_total"])
        return name + pick(["", "", #"{x="1"}"#, #"{y!="1"}"#, #"{z=~"1|2"}"#])
    }

    private mutating func modifiers() -> String {
        pick(["", "", "", "", " offset 45s", " offset -2m", " @ 300", " @ start()", " @ end() offset 1m"])
    }

    private mutating func overTime(_ depth: Int) -> String {
        let range: String
        if chance(3) {
            let window = pick(["3m:1m", "5m:40s", "90s:", "10m:3m"])
            range = "(\(vector(depth - 1)))[\(window)]" + modifiers()
        } else {
            range = selector() + "[\(pick(["30s", "1m", "150s", "10m"]))]" + modifiers()
        }
        let name = pick(WindowReference.names.filter { $0 != "predict_linear" })
        return name == "quantile_over_time" ? "\(name)(0.3, \(range))" : "\(name)(\(range))"
    }

    private mutating func aggregation(_ depth: Int) -> String {
        let grouping = pick(["", "by (x) ", "by (y, z) ", "without (x) ", "without () ", "by (__name__) "])
        if chance(4) {
            // Over samples as they are, which hardly ever tie: which of equals stays is not for this test.
            return "\(pick(["topk", "bottomk"])) \(grouping)(\(pick(["1", "2", "0"])), \(selector()))"
        }
        if chance(5) { return "quantile \(grouping)(0.7, \(vector(depth - 1)))" }
        let name = pick(["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"])
        return "\(name) \(grouping)(\(vector(depth - 1)))"
    }

    private mutating func call(_ depth: Int) -> String {
        switch Int.random(in: 0..<5, using: &random) {
        case 0: "\(pick(["abs", "ceil", "sgn"]))(\(vector(depth - 1)))"
        case 1: "absent(sum(\(vector(depth - 1))))"
        case 2: "clamp_max(\(vector(depth - 1)), \(scalar(depth - 1)))"
        case 3: "timestamp(\(vector(depth - 1)) * 1)"
        default: "vector(\(scalar(depth - 1)))"
        }
    }
}
