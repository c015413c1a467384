import Model
import Testing

@testable import Sampler

@Suite struct AgentRuntimeTests {
    private func values(_ batch: SampleBatch, _ loop: borrowing SamplingLoop) -> [String: Double] {
        var values: [String: Double] = [:]
        for (series, value) in batch.groups.flatMap(\.samples) {
            values["\(loop.catalog.labels[series.index])"] = value
        }
        return values
    }

    @Test func whatTheAgentDoesIsSampled() {
        var calls = Fixtures.calls
        calls.ownProportionalBytes = { 12_345_678 }
        var loop = SamplingLoop(
            host: Fixtures.host("two-ticks/1"), options: Fixtures.only("load", "agent_runtime"), calls: calls)
        var figures = RuntimeFigures()
        figures.version = "1.2.3"
        figures.listenAddress = "127.0.0.1:9100"
        figures.pendingScrapes = 2
        figures.lateBatches = 3
        figures.headBytes = 4096
        figures.configurationRead = Timestamp(milliseconds: 1_700_000_000_500)
        figures.isConfigurationRight = false
        figures.commits.observe(nanoseconds: 3_000_000)
        figures.commits.observe(nanoseconds: 9_000_000_000)
        figures.commits.observe(nanoseconds: 500_000)
        var limits = LimitFigures()
        limits.isExceeded = [.cpu: true]
        limits.actions = [.throttle: 4]
        limits.throttle = 2
        figures.limits = limits
        loop.runtimeFigures = figures
        loop.setSuspended("load", true)
        let first = values(loop.sample(at: Timestamp(milliseconds: 0), monotonicNanoseconds: 0), loop)
        func check(_ name: String, _ value: Double?) { #expect(first[name] == value, "\(name)") }
        check("agent_info{listen=\"127.0.0.1:9100\", version=\"1.2.3\"}", 1)
        check("agent_memory_pss_bytes", 12_345_678)
        check("agent_pending_scrapes", 2)
        check("agent_late_batches", 3)
        check("agent_store_head_bytes", 4096)
        check("agent_config_last_reload_successful", 0)
        check("agent_config_last_reload_success_timestamp_seconds", 1_700_000_000.5)
        check("agent_collector_paused{collector=\"load\", reason=\"limits\"}", 1)
        check("agent_collector_paused{collector=\"cpu\", reason=\"configuration\"}", 1)
        check("agent_limit_exceeded{resource=\"cpu\"}", 1)
        check("agent_limit_exceeded{resource=\"memory\"}", 0)
        check("agent_limit_actions_total{action=\"throttle\"}", 4)
        check("agent_limit_actions_total{action=\"stop\"}", 0)
        check("agent_throttle_factor", 2)
        // Buckets hold all that is below their bound; the bound itself counts.
        check("agent_commit_duration_seconds_bucket{le=\"0.0005\"}", 1)
        check("agent_commit_duration_seconds_bucket{le=\"0.001\"}", 1)
        check("agent_commit_duration_seconds_bucket{le=\"0.005\"}", 2)
        check("agent_commit_duration_seconds_bucket{le=\"2.5\"}", 2)
        check("agent_commit_duration_seconds_bucket{le=\"+Inf\"}", 3)
        check("agent_commit_duration_seconds_count", 3)
        check("agent_commit_duration_seconds_sum", 9.0035)
        // Of the passes before this one: none.
        check("agent_scrape_duration_seconds_count", 0)
        let second = values(
            loop.sample(at: Timestamp(milliseconds: 10_000), monotonicNanoseconds: 10_000_000_000), loop)
        #expect(second["agent_scrape_duration_seconds_count"] == 1)
    }

    /// Without an agent around it the loop tells only of itself.
    @Test func withoutAnAgentLittleIsTold() {
        var loop = SamplingLoop(
            host: Fixtures.host("two-ticks/1"), options: Fixtures.only("agent_runtime"), calls: Fixtures.calls)
        let values = values(loop.sample(at: Timestamp(milliseconds: 0), monotonicNanoseconds: 0), loop)
        #expect(values["agent_scrape_duration_seconds_bucket{le=\"+Inf\"}"] == 0)
        #expect(values["agent_info"] == nil && values["agent_memory_pss_bytes"] == nil)
        #expect(!values.keys.contains { $0.hasPrefix("agent_limit") })
    }
}
