import Glibc
import Model
import TSDB
import TestSupport
import Testing

@testable import Query

/// What a cache answers is what a whole evaluation gives, to the bit. `MON_CACHE_SEEDS` (6) is the number of worlds.
struct ResultCacheTests {
    private static let seeds = unsafe getenv("MON_CACHE_SEEDS").flatMap { UInt64(unsafe String(cString: $0)) } ?? 6

    private static let panels = [
        "a", "rate(c_total[1m])", "sum by (x) (rate(c_total[2m]))", "sum(rate(c_total[1m])) / sum(rate(c_total[2m]))",
        "topk(2, c_total)", "histogram_quantile(0.9, sum by (le) (rate(h_bucket[2m])))", "avg_over_time(a[3m])",
        "max_over_time(rate(c_total[1m])[5m:1m])", "a offset -1m", "a + on (x, y, z) b",
        "process_memory_resident_bytes",
        "sum by (name) (rate(process_cpu_seconds_total[1m]))", "rate(a[1m])", "count(c_total) by (x)",
        "{__name__=~\"a|b\"}", "sum(rate({__name__=~\"a|b\"}[1m]))", "quantile_over_time(2, b[2m])", "a @ end()",
        "last_over_time(b[10m])", "absent(a{x=\"9\"})", "timestamp(b)", "time() - 5", "stddev(b) by (y)",
        "memory_usage_ratio", "cpu_usage_ratio", "sum(cpu_usage_ratio)",
    ]

    private struct Panel {
        var query: String
        var step: Int64
        var steps: Int64
        var phase: Int64
    }

    @Test(arguments: UInt64(0)..<seeds)
    func answersWhatAnEvaluationAnswers(seed: UInt64) throws {
        var world = try CacheWorld(seed: seed)
        for _ in 0..<30 { try world.scrape(after: 15_000) }
        var random = SeededGenerator(seed: seed &+ 99)
        var generator = QueryGenerator(seed: seed &* 1000 &+ 5)
        let queries = Self.panels + (0..<30).map { _ in generator.vector(3) }
        let panels = queries.map { query in
            let step: Int64 = [15_000, 40_000, 60_000].randomElement(using: &random) ?? 15_000
            return Panel(
                query: query, step: step, steps: Int64.random(in: 5...30, using: &random),
                phase: [0, 0, 3].randomElement(using: &random) ?? 0)
        }
        let cache = ResultCache(bytesMax: 1 << 20)
        let engine = QueryEngine(acceptsExperimental: true)
        var problems: [String] = []
        for round in 0..<60 {
            try world.step()
            let snapshot = try world.snapshot()
            for panel in panels where Int.random(in: 0..<3, using: &random) > 0 {
                let time = Self.time(panel, now: world.now, &random)
                if let problem = Self.difference(panel.query, time, snapshot, engine, cache) {
                    problems.append("seed \(seed), round \(round): \(panel.query) at \(time): \(problem)")
                }
            }
        }
        #expect(problems == [])
        // Otherwise this has shown nothing.
        let figures = cache.figures
        #expect(figures.uses[.partial] ?? 0 > 200, "\(figures)")
        #expect(figures.uses[.hit] ?? 0 > 50, "\(figures)")
        #expect(figures.uses[.bypass] ?? 0 > 20, "\(figures)")
        #expect(figures.bytes <= figures.bytesMax)
    }

    /// Mostly the last steps up to now, now and then others.
    private static func time(_ panel: Panel, now: Int64, _ random: inout SeededGenerator) -> QueryTime {
        var last = (now - panel.phase) / panel.step * panel.step + panel.phase
        var steps = panel.steps
        switch Int.random(in: 0..<12, using: &random) {
        case 0: last -= panel.step * Int64.random(in: 0...20, using: &random)
        case 1: steps += Int64.random(in: -4...10, using: &random)
        case 2: last += panel.step * 3
        default: break
        }
        return .range(
            start: Timestamp(milliseconds: last - steps * panel.step),
            end: Timestamp(milliseconds: last + Int64.random(in: 0..<panel.step, using: &random)),
            stepMilliseconds: panel.step)
    }

    private static func difference(
        _ query: String, _ time: QueryTime, _ snapshot: Snapshot, _ engine: QueryEngine, _ cache: ResultCache
    ) -> String? {
        let expected = Result { try engine.evaluate(query, at: time, in: snapshot) }
        let found = Result { try cache.evaluate(query, at: time, in: snapshot, by: engine) }
        switch (expected, found) {
        case (.failure, .failure): return nil
        case (.failure(let error), .success(let found)): return "\(found.use), not \(error)"
        case (.success, .failure(let error)): return "\(error)"
        case (.success(let expected), .success(let found)):
            if let problem = difference(expected.value, found.result.value) { return "\(found.use): \(problem)" }
            if Set(expected.annotations) != Set(found.result.annotations) {
                return "\(found.use): \(found.result.annotations), not \(expected.annotations)"
            }
            return nil
        }
    }

    private static func difference(_ expected: QueryValue, _ found: QueryValue) -> String? {
        guard case .matrix(let expected) = expected, case .matrix(let found) = found else { return "no matrix" }
        guard expected.map(\.labels) == found.map(\.labels) else {
            return "series \(found.map(\.labels)), not \(expected.map(\.labels))"
        }
        for (want, got) in zip(expected, found) {
            guard want.samples.map(\.time) == got.samples.map(\.time) else { return "\(want.labels): other times" }
            for (a, b) in zip(want.samples, got.samples) where a.value.bitPattern != b.value.bitPattern {
                return "\(want.labels) at \(a.time): \(b.value), not \(a.value)"
            }
        }
        return nil
    }

    /// Answers of different views have to be seen as different.
    @Test func canary() throws {
        var world = try CacheWorld(seed: 4)
        for _ in 0..<30 { try world.scrape(after: 15_000) }
        let time = QueryTime.range(
            start: Timestamp(milliseconds: world.now - 300_000), end: Timestamp(milliseconds: world.now + 60_000),
            stepMilliseconds: 15_000)
        let before = try QueryEngine().evaluate("b", at: time, in: world.snapshot()).value
        try world.scrape(after: 15_000)
        #expect(Self.difference(before, try QueryEngine().evaluate("b", at: time, in: world.snapshot()).value) != nil)
    }

    @Test func staysWithinItsSize() throws {
        var world = try CacheWorld(seed: 5)
        for _ in 0..<60 { try world.scrape(after: 15_000) }
        let cache = ResultCache(bytesMax: 40_000)
        let snapshot = try world.snapshot()
        let time = QueryTime.range(
            start: Timestamp(milliseconds: world.now - 600_000), end: Timestamp(milliseconds: world.now),
            stepMilliseconds: 30_000)
        for number in 0..<40 {
            _ = try cache.evaluate("b + \(number)", at: time, in: snapshot, by: QueryEngine())
            #expect(cache.figures.bytes <= 40_000)
        }
        let figures = cache.figures
        #expect(figures.evictions > 0)
        #expect(figures.answers > 2)
        // The last one is there, the first one is not.
        #expect(try cache.evaluate("b + 39", at: time, in: snapshot, by: QueryEngine()).use == .hit)
        #expect(try cache.evaluate("b + 0", at: time, in: snapshot, by: QueryEngine()).use == .miss)
    }

    /// A refresh costs its new steps.
    @Test func evaluatesNewStepsOnly() throws {
        var world = try CacheWorld(seed: 6)
        for _ in 0..<70 { try world.scrape(after: 15_000) }
        let cache = ResultCache(bytesMax: 1 << 20)
        func ask(_ world: borrowing CacheWorld) throws -> (result: QueryResult, use: ResultCache.Use) {
            let end = world.now / 15_000 * 15_000
            return try cache.evaluate(
                "rate(c_total[1m])",
                at: .range(
                    start: Timestamp(milliseconds: end - 900_000), end: Timestamp(milliseconds: end),
                    stepMilliseconds: 15_000), in: world.snapshot(), by: QueryEngine())
        }
        let first = try ask(world)
        #expect(first.use == .miss)
        try world.scrape(after: 15_000)
        let second = try ask(world)
        #expect(second.use == .partial)
        #expect(second.result.statistics.samples * 5 < first.result.statistics.samples)
        #expect(try ask(world).use == .hit)
        #expect(try ask(world).result.statistics.samples == 0)
    }

    @Test func localityIsToldByTheTree() throws {
        func check(_ query: String, _ expected: Int64?) throws {
            let engine = QueryEngine(acceptsExperimental: true)
            let time = QueryTime.range(
                start: Timestamp(milliseconds: 0), end: Timestamp(milliseconds: 600_000), stepMilliseconds: 60_000)
            let locality = StepLocality(try engine.context(of: time, lookbackDelta: nil, QueryOptions()))
            #expect(locality.lookahead(of: try engine.parse(query)) == expected, "\(query)")
        }
        try check("a", 0)
        try check("a offset 5m", 0)
        try check("a offset -5m + b offset -2m", 300_000)
        try check("max_over_time((a offset -1m)[5m:1m] offset -2m)", 180_000)
        try check("max_over_time(a[30s:10s])", nil)
        try check("a @ 5", nil)
        try check("a @ start()", nil)
        try check("a * end()", nil)
        try check("a * step()", 0)
        try check("rate(a[range()])", nil)
        try check("sum(a)", 0)
        try check("sum(sum by (x) (a))", nil)
        try check("count(sum by (x) (a))", 0)
        try check("sum({x=\"1\"})", nil)
        try check("sum(a and on (x) b)", 0)
        try check("sum(a or b)", nil)
        try check("limitk(2, a)", nil)
        try check("sort(a)", nil)
        try check("info(a)", nil)
        try check("histogram_quantile(0.9, sum by (le) (rate(a[5m])))", 0)
    }
}
