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

    private func selector(_ name: String) -> Expression {
        .selector(
            VectorSelector(
                matchers: [Matcher(Labels.metricNameLabel, equals: name)], modifiers: .none, span: SourceSpan(0, 0)))
    }

    private func call(_ name: String, _ arguments: Expression...) -> Expression {
        .call(Call(function: name, arguments: arguments, span: SourceSpan(0, 0), nameSpan: SourceSpan(0, 0)))
    }

    private func binary(_ lhs: Expression, _ operation: BinaryOperation.Operation, _ rhs: Expression) -> Expression {
        .binary(
            BinaryOperation(
                operation: operation, lhs: lhs, rhs: rhs, returnsBool: false, matching: nil, span: SourceSpan(0, 0),
                operationSpan: SourceSpan(0, 0)))
    }

    @Test func operationsChangeTheUnit() {
        func check(_ expression: Expression, _ unit: DisplayUnit, line: Int = #line) {
            #expect(DisplayUnit.infer(from: expression, families: [:]) == unit, "line \(line)")
        }
        let bytes = selector("x_bytes_total")
        let used = selector("used_bytes")
        let number = Expression.number(100, SourceSpan(0, 0))
        check(bytes, DisplayUnit(.bytes))
        check(call("rate", bytes), DisplayUnit(.bytes, isPerSecond: true))
        check(call("increase", bytes), DisplayUnit(.bytes))
        check(call("rate", selector("cpu_time_seconds_total")), DisplayUnit(.ratio))
        check(call("quantile_over_time", number, used), DisplayUnit(.bytes))
        check(call("count_over_time", used), .none)
        check(call("timestamp", used), DisplayUnit(.timestamp))
        check(binary(used, .divide, bytes), DisplayUnit(.ratio))
        check(binary(used, .divide, number), .none)
        check(binary(binary(used, .divide, bytes), .multiply, number), DisplayUnit(.percent))
        check(binary(used, .add, number), DisplayUnit(.bytes))
        check(binary(used, .add, selector("load_average")), .none)
        check(binary(used, .greater, number), DisplayUnit(.bytes))
        check(binary(call("time"), .subtract, selector("x_timestamp_seconds")), DisplayUnit(.seconds))
        check(number, .none)
    }
}
