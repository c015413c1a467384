import TestSupport

/// Random well-typed queries, experimental ones among them, over the metrics `a`, `b` and `c_total`, which have the
/// labels `x`, `y` and `z`, and `h_bucket`, which has `x` and `le`.
struct QueryGenerator {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    private mutating func pick(_ choices: [String]) -> String { choices.randomElement(using: &random) ?? "" }

    private mutating func chance(_ n: Int) -> Bool { Int.random(in: 0..<n, using: &random) == 0 }

    mutating func vector(_ depth: Int) -> String {
        if depth == 0 { return selector() + modifiers() }
        switch Int.random(in: 0..<11, using: &random) {
        case 0: return selector() + modifiers()
        case 1, 2: return overTime(depth)
        case 3: return aggregation(depth)
        case 4: return call(depth)
        case 5: return "-(\(vector(depth - 1)))"
        case 6:
            let bool = pick(["", "bool "])
            let operation = pick(["+ ", "- ", "* ", "/ ", "atan2 ", "> " + bool, "<= " + bool, "!= " + bool])
            return chance(3)
                ? "(\(scalar(depth - 1)) \(operation) \(vector(depth - 1)))"
                : "(\(vector(depth - 1)) \(operation) \(scalar(depth - 1)))"
        case 7:
            let operation = pick(["and", "or", "unless"])
            return "(\(vector(depth - 1)) \(operation) \(pick(["", "on (x) ", "ignoring (y) "]))\(vector(depth - 1)))"
        case 8: return labelled(depth)
        case 9: return "histogram_quantile(\(pick(["0.1", "0.5", "0.93", "1"])), \(buckets(depth)))"
        default:
            let bool = pick(["", "bool "])
            let operation = pick(["+ ", "- ", "* ", "> " + bool, "== " + bool])
            let matching = pick([
                "", "on (x) ", "on (x, y) ", "ignoring (z) ", "on (x) group_left () ", "on (x) group_left (z) ",
                "ignoring (y, z) group_right () ", "on (x) group_right (y) ",
            ])
            let fill = chance(4) ? pick(["fill (0) ", "fill_left (2) ", "fill_right (-1) "]) : ""
            return "(\(vector(depth - 1)) \(operation)\(matching)\(fill)\(vector(depth - 1)))"
        }
    }

    private mutating func labelled(_ depth: Int) -> String {
        let inner = vector(depth - 1)
        if chance(2) {
            return "label_replace(\(inner), \"\(pick(["w", "x", "z"]))\", \"\(pick(["$1", "k$2", "$1-$2", ""]))\", "
                + "\"\(pick(["x", "y", "z", "none"]))\", \"(.)(.*)\")"
        }
        return "label_join(\(inner), \"\(pick(["w", "y"]))\", \"/\", \"x\", \"z\")"
    }

    /// Cumulative counts with bounds, which grow with them.
    private mutating func buckets(_ depth: Int) -> String {
        let counts = pick([
            "h_bucket", "rate(h_bucket[3m])", "increase(h_bucket[10m] offset 1m)", "h_bucket @ end()",
            "max_over_time(h_bucket[5m:40s])",
        ])
        return chance(3) ? "sum by (le) (\(counts))" : counts
    }

    private mutating func scalar(_ depth: Int) -> String {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: "time()"
        case 1 where depth > 0: "scalar(\(vector(depth - 1)))"
        case 2: pick(["start()", "end()", "range()", "step()", "pi()"])
        case 3 where depth > 0: "\(pick(["min_of", "max_of"]))(\(scalar(depth - 1)), \(scalar(depth - 1)))"
        case 4 where depth > 0: "(\(scalar(depth - 1)) \(pick(["+", "-", "*", "> bool"])) \(scalar(depth - 1)))"
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
        let name = pick(WindowReference.names + ["absent_over_time", "double_exponential_smoothing"])
        switch name {
        case "quantile_over_time": return "\(name)(\(pick(["0.3", "1", "-1", "(step() / 100)"])), \(range))"
        case "predict_linear": return "\(name)(\(range), \(pick(["60", "-30", "(time() / 10)"])))"
        case "double_exponential_smoothing": return "\(name)(\(range), 0.4, 0.7)"
        default: return "\(name)(\(range))"
        }
    }

    private mutating func aggregation(_ depth: Int) -> String {
        let grouping = pick(["", "by (x) ", "by (y, z) ", "without (x) ", "without () ", "by (__name__) "])
        if chance(4) {
            // Over samples as they are, which hardly ever tie: which of equals stays is not for this test.
            return "\(pick(["topk", "bottomk"])) \(grouping)(\(pick(["1", "2", "0"])), \(selector()))"
        }
        if chance(8) {
            return "count_values \(grouping)(\"\(pick(["v", "v", "x"]))\", round(\(vector(depth - 1)), 20))"
        }
        if chance(5) { return "quantile \(grouping)(0.7, \(vector(depth - 1)))" }
        let name = pick(["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"])
        return "\(name) \(grouping)(\(vector(depth - 1)))"
    }

    private mutating func call(_ depth: Int) -> String {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: "\(pick(["abs", "ceil", "sgn", "sqrt"]))(\(vector(depth - 1)))"
        case 1: "absent(sum(\(vector(depth - 1))))"
        case 2: "clamp_max(\(vector(depth - 1)), \(scalar(depth - 1)))"
        case 3: "clamp(\(vector(depth - 1)), \(scalar(depth - 1)), \(scalar(depth - 1)))"
        case 4: "clamp_min(\(vector(depth - 1)), \(scalar(depth - 1)))"
        case 5: "\(pick(["hour", "minute", "day_of_week"]))(\(vector(depth - 1)) * 1000)"
        case 6: "round(\(vector(depth - 1)), \(pick(["1", "5", "0.5"])))"
        case 7: "timestamp(\(vector(depth - 1)) * 1)"
        default: "vector(\(scalar(depth - 1)))"
        }
    }
}
