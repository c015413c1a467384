import Model
import TSDB
import Testing

@testable import Query

/// Whole queries through aliases.
@Suite struct AliasQueryTests {
    private let now = QueryTime.instant(Timestamp(milliseconds: 20_000))

    private func world() throws -> AliasWorld {
        try AliasWorld(
            [
                #"load_average{period="1m"}"#: [0.5, 0.6, 0.7], #"load_average{period="5m"}"#: [0.1, 0.2, 0.3],
                #"disk_io_read_bytes_total{device="sda"}"#: [0, 1000, 2000],
                #"disk_io_read_bytes_total{device="sda1"}"#: [0, 500, 600],
                #"disk_total_bytes{device="/dev/sda1",mountpoint="/"}"#: [100, 100, 100],
                #"disk_used_bytes{device="/dev/sda1",mountpoint="/"}"#: [40, 50, 60],
                "cpu_usage_percent": [35, 50, 7],
                #"process_cpu_seconds_total{pid="1"}"#: [1, 2, 3], "agent_cpu_seconds_total": [10, 20, 30],
            ], standard: true)
    }

    @Test func answers() throws {
        let world = try world()
        let snapshot = world.view.snapshot
        func check(_ query: String, _ expected: [String], sourceLocation: SourceLocation = #_sourceLocation) throws {
            let result = try world.engine.evaluate(query, at: now, in: snapshot)
            guard case .vector(let series) = result.value else {
                Issue.record("\(query) answers no vector", sourceLocation: sourceLocation)
                return
            }
            let found = series.map { "\($0.labels) \(FloatText.short($0.samples[0].value))" }
            #expect(found == expected, sourceLocation: sourceLocation)
        }
        try check("node_load1", [#"node_load1{instance="test:9100", job="node"} 0.7"#])
        try check("node_load5{job=\"node\"} * 10", [#"{instance="test:9100", job="node"} 3"#])
        try check(
            "rate(node_disk_read_bytes_total[20s])",
            [
                #"{device="sda", instance="test:9100", job="node"} 100"#
            ])
        try check(
            "node_filesystem_free_bytes{mountpoint=\"/\"} / node_filesystem_size_bytes",
            [
                #"{device="/dev/sda1", instance="test:9100", job="node", mountpoint="/"} 0.4"#
            ])
        try check("cpu_usage_ratio", ["cpu_usage_ratio 0.07"])
        try check("max_over_time(cpu_usage_ratio[1m:10s])", ["{} 0.5"])
        try check("process_cpu_seconds_total", [#"process_cpu_seconds_total{pid="1"} 3"#])
        try check(
            #"process_cpu_seconds_total{job="node"}"#,
            [
                #"process_cpu_seconds_total{instance="test:9100", job="node"} 30"#
            ])
        try check("count({__name__=~\"node_.*\"})", ["{} 5"])
        try check("count({__name__=~\".+\"})", ["{} 9"])
        try check("absent(node_load1)", [])
        try check("absent(node_load15)", ["{} 1"])
    }

    @Test func explainNamesTheStoredSeries() throws {
        let world = try world()
        let query = "node_filesystem_free_bytes + on () node_load1"
        let result = try world.engine.evaluate(query, at: now, in: world.view.snapshot)
        let text = try world.engine.explain(query, at: now, statistics: result.statistics)
        #expect(text.contains("by alias node_filesystem_free_bytes = disk_total_bytes - disk_used_bytes\n"))
        #expect(text.contains(#", by alias node_load1 = load_average{period="1m"}"#))
        let planned = try world.engine.explain("node_load1", at: now)
        #expect(planned.contains(#", by alias node_load1 = load_average{period="1m"}"#))
        let many = try world.engine.evaluate("{__name__=~\"node_.*\"}", at: now, in: world.view.snapshot)
        #expect(
            try world.engine.explain("{__name__=~\"node_.*\"}", at: now, statistics: many.statistics)
                .contains(", and 1 more\n"))
        #expect(try !world.engine.explain("load_average", at: now).contains("alias"))
    }

    /// Which of two series with the same labels answers is decided by the range: such answers are not put together.
    @Test func twinsAreTold() throws {
        func dependsOnRange(_ samples: KeyValuePairs<String, [Double?]>) throws -> Bool {
            let world = try AliasWorld(samples, standard: true)
            return try world.engine.evaluate("node_memory_Slab_bytes", at: now, in: world.view.snapshot)
                .statistics.dependsOnRange
        }
        #expect(try !dependsOnRange(["memory_slab_bytes": [1, 2, 3]]))
        #expect(
            try dependsOnRange([
                "memory_slab_bytes": [1, 2, 3], #"node_memory_Slab_bytes{instance="test:9100",job="node"}"#: [4],
            ]))
        #expect(
            try dependsOnRange(["memory_slab_bytes": [1], #"memory_slab_bytes{instance="test:9100"}"#: [2]]))
    }

    @Test func metadataIsThatOfTheSource() throws {
        let world = try world()
        let view = world.view
        #expect(try view.metadata(of: "node_load1") == nil)
        let process = try #require(try view.metadata(of: "process_cpu_ratio"))
        #expect(process.kind == .gauge && process.unit == "ratio" && process.name == "process_cpu_ratio")
    }
}
