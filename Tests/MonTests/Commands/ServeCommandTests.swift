import Formats
import Model
import Sampler
import TSDB
import TestSupport
import Testing

@testable import mon

@Suite struct ServeCommandTests {
    @Test func refusesWhatMakesNoSense() {
        func check(_ arguments: [String], _ said: String) {
            let test = TestConsole()
            #expect(Mon.run(["serve"] + arguments, on: test.console) == .usage)
            #expect(test.error.contains(said), "\(test.error)")
        }
        check(["--log-level", "loud"], "possible are debug, info, warning, error")
        check(["--query-timeout", "soon"], "--query-timeout: \"soon\" is no length of time")
        check(["--query-cache", "much"], "--query-cache: \"much\" is no size")
        check(["--log-queries-slower-than", "soon"], "--log-queries-slower-than: \"soon\" is no length of time")
        check(["--enable", "magic"], "--enable magic: possible is experimental")
        check(["--retention", "raw"], "--retention raw")
        check(["--data", "/tmp", "--max-size", "1KiB"], "--max-size: a store needs 16MiB at least")
    }

    @Test func settings() throws {
        func settings(_ arguments: [String]) throws -> ServingSettings {
            let serving = try #require(Mon.command(for: ["serve"] + arguments) as? ServeCommand).serving
            return ServingSettings(
                try Configuration(file: nil, environment: { _ in nil }, flags: serving.given()), cacheBytes: 7)
        }
        #expect(try settings([]).cacheBytes == 7)
        #expect(try settings([]).slowMilliseconds == 1000)
        #expect(try settings(["--query-cache", "0"]).cacheBytes == 0)
        #expect(try settings(["--query-cache", "64M"]).cacheBytes == 64 << 20)
        #expect(try settings(["--log-queries-slower-than", "0"]).slowMilliseconds == nil)
        #expect(try settings(["--log-queries-slower-than", "250ms"]).slowMilliseconds == 250)
        #expect(try settings(["--enable", "experimental"]).acceptsExperimental)
        let run = try #require(Mon.command(for: ["run", "--query-timeout", "5s", "--data", "/d"]) as? RunCommand)
        #expect(try run.options(on: TestConsole().console).serving.timeoutMilliseconds == 5000)
    }

    /// The one writer of a folder drops what is too old once a span of two hours, and merges what waits.
    @Test func theKeeperAgesAndMerges() throws {
        let folder = TemporaryFolder()
        let now: Int64 = 1_700_000_000_000
        let log = Log(level: .info, style: .fields, zone: .utc, now: { Timestamp(milliseconds: now) }, sink: { _ in })
        var recorder = try Recorder(
            path: folder.path, host: TSDB.HostIdentity(name: "test", machineID: "0"), sizeMax: 64 << 20)
        try recorder.use(
            RetentionPolicy(keep: TierKeep(all: 10 * 86_400_000)))
        let store = recorder.store
        let inbox = Inbox(into: store, source: PrometheusAPI.source)
        var batch = ImportBatch()
        batch.series = [Labels(name: "m")]
        batch.append(0, now - 20 * 86_400_000, 1)
        batch.append(0, now, 2)
        _ = try inbox.write(batch)
        var keeper = ServingKeeper(recorder, inbox, sizeMaxBytes: 64 << 20, log: log)
        func count() throws -> Int {
            let selection = try store.snapshot().select([Matcher(Labels.metricNameLabel, equals: "m")], in: .all)
            var (column, count) = (SampleColumn(), 0)
            for index in selection.labels.indices {
                try selection.read(index, in: TimeRange(minMilliseconds: 0, maxMilliseconds: now), into: &column)
                count += column.count
            }
            return count
        }
        #expect(try count() == 2)
        keeper.tick(at: ClockReading(wall: Timestamp(milliseconds: now), monotonicNanoseconds: 1, bootNanoseconds: 1))
        #expect(try count() == 1)
        // Not again within the span, though it is tried each minute.
        _ = try inbox.write(batch)
        keeper.tick(
            at: ClockReading(wall: Timestamp(milliseconds: now + 60_000), monotonicNanoseconds: 2, bootNanoseconds: 2))
        #expect(try count() == 2)
        keeper.tick(
            at: ClockReading(
                wall: Timestamp(milliseconds: now + 7_200_000), monotonicNanoseconds: 3, bootNanoseconds: 3))
        #expect(try count() == 1)
        try keeper.close()
    }
}
