import Formats
import Model
import Query
import Testing

@Suite struct DisplayUnitTests {
    @Test func namesTellTheirUnit() {
        func check(_ name: String, _ quantity: DisplayUnit.Quantity) {
            #expect(DisplayUnit(metricName: name) == DisplayUnit(quantity), "\(name)")
        }
        check("disk_io_read_bytes_total", .bytes)
        check("memory_used_bytes", .bytes)
        check("cpu_usage_percent", .percent)
        check("cpu_usage_ratio", .ratio)
        check("agent_collector_duration_seconds", .seconds)
        check("agent_collector_last_success_timestamp", .timestamp)
        check("node_boot_timestamp_seconds", .timestamp)
        check("load_average", .plain)
        check("network_receive_packets_total", .plain)
        check("sensor_temperature_celsius", .named("°C"))
        check("total", .plain)
        check("", .plain)
    }

    @Test func metadataHelpsWhereTheNameDoesNot() {
        let family = MetricFamily(name: "memory_size", kind: .gauge, unit: "bytes", help: "")
        #expect(DisplayUnit(of: family) == DisplayUnit(.bytes))
    }

    @Test func operationsChangeTheUnit() throws {
        func check(_ query: String, _ unit: DisplayUnit) throws {
            let expression = try QueryEngine(acceptsExperimental: true).parse(query)
            #expect(DisplayUnit.infer(from: expression, families: [:]) == unit, "\(query)")
        }
        try check("x_bytes_total", DisplayUnit(.bytes))
        try check("rate(x_bytes_total[5m])", DisplayUnit(.bytes, isPerSecond: true))
        try check("sum by (device) (rate(x_bytes_total[5m]))", DisplayUnit(.bytes, isPerSecond: true))
        try check("max_over_time(rate(x_bytes_total[5m])[1h:])", DisplayUnit(.bytes, isPerSecond: true))
        try check("increase(x_bytes_total[5m])", DisplayUnit(.bytes))
        try check("rate(cpu_time_seconds_total[5m])", DisplayUnit(.ratio))
        try check("rate(energy_joules_total[5m])", DisplayUnit(.named("W")))
        try check("quantile_over_time(0.9, used_bytes[5m])", DisplayUnit(.bytes))
        try check("histogram_quantile(0.9, sum by (le) (rate(d_seconds_bucket[5m])))", DisplayUnit(.seconds))
        try check("rate(d_seconds_bucket[5m])", DisplayUnit(.plain, isPerSecond: true))
        try check("count_over_time(used_bytes[5m])", .none)
        try check("count(used_bytes)", .none)
        try check("timestamp(used_bytes)", DisplayUnit(.timestamp))
        try check("used_bytes / total_bytes", DisplayUnit(.ratio))
        try check("used_bytes / total_bytes * 100", DisplayUnit(.percent))
        try check("100 * (used_bytes / total_bytes)", DisplayUnit(.percent))
        try check("used_bytes / 1024", .none)
        try check("rate(x_bytes_total[5m]) * 8", .none)
        try check("used_bytes * total_bytes", .none)
        try check("used_bytes + 100", DisplayUnit(.bytes))
        try check("used_bytes + load_average", .none)
        try check("used_bytes > 100", DisplayUnit(.bytes))
        try check("100 < used_bytes", DisplayUnit(.bytes))
        try check("used_bytes > bool 100", .none)
        try check("time() - x_timestamp_seconds", DisplayUnit(.seconds))
        try check("-used_bytes", DisplayUnit(.bytes))
        try check("topk(3, used_bytes)", DisplayUnit(.bytes))
        try check("{__name__=~\"a|b\"}", .none)
        try check("100", .none)
    }
}
