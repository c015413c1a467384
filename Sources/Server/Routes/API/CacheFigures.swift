import Formats
import Model
import Query

/// What the cache of results has done, as metrics of the program itself.
enum CacheFigures {
    static func families(_ cache: ResultCache) -> [ExpositionFamily] {
        let figures = cache.figures
        let uses = ResultCache.Use.allCases.map { use in
            ExpositionSample(
                labels: Labels(name: "agent_query_cache_requests_total", ["result": use.rawValue]),
                value: Double(figures.uses[use] ?? 0))
        }
        return [
            ExpositionFamily(
                family: MetricFamily(
                    name: "agent_query_cache_requests_total", kind: .counter,
                    help: "Queries by what the cache of results had of them."), samples: uses),
            family(
                "agent_query_cache_evictions_total", .counter, "", "Answers that gave way to newer ones.",
                figures.evictions),
            family("agent_query_cache_answers", .gauge, "", "Answers of queries that are kept.", figures.answers),
            family(
                "agent_query_cache_size_bytes", .gauge, "bytes", "Memory that kept answers take.", figures.bytes),
            family(
                "agent_query_cache_max_size_bytes", .gauge, "bytes", "Memory that kept answers may take.",
                figures.bytesMax),
        ]
    }

    private static func family(
        _ name: String, _ kind: MetricFamily.Kind, _ unit: String, _ help: String, _ value: Int
    ) -> ExpositionFamily {
        ExpositionFamily(
            family: MetricFamily(name: name, kind: kind, unit: unit, help: help),
            samples: [ExpositionSample(labels: Labels(name: name), value: Double(value))])
    }
}
