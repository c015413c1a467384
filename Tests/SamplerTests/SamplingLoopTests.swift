import Model
import Synchronization
import Testing

@testable import Sampler

/// Life stories of series and collectors over scripted time.
@Suite struct SamplingLoopTests {
    private static let meminfo = "MemTotal: 1000 kB\nMemFree: 400 kB\nMemAvailable: 500 kB\n"
    private static let head = "a|b\nc|d\n"
    private static let zeros = ": 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"

    private let second: UInt64 = 1_000_000_000

    private func reading(_ wall: Int64, monotonic: Int64? = nil, boot: Int64? = nil) -> ClockReading {
        ClockReading(
            wall: Timestamp(milliseconds: wall), monotonicNanoseconds: UInt64(monotonic ?? wall) * 1_000_000,
            bootNanoseconds: UInt64(boot ?? monotonic ?? wall) * 1_000_000)
    }

    private func stale(_ batch: SampleBatch, _ catalog: SeriesCatalog) -> [String] {
        batch.groups.flatMap(\.samples).filter { $0.value.isStaleMarker }
            .map { catalog.labels[$0.series.index].description }.filter { !$0.hasPrefix("agent_") }
    }

    @Test func aSeriesThatGoesAwayEndsOnceAndMayComeBack() {
        let written = WrittenHost()
        func devices(_ names: String...) {
            let lines = names.map { "  \($0)" + Self.zeros }
            written.write("proc/net/dev", Self.head + lines.joined())
        }
        var loop = SamplingLoop(host: written.host, options: Fixtures.only("network"), calls: Fixtures.calls)
        func tick(_ seconds: Int64) -> (ended: Int, eth0: Double?) {
            let batch = loop.sample(
                at: Timestamp(milliseconds: seconds * 1000), monotonicNanoseconds: UInt64(seconds) * second)
            let catalog = loop.catalog
            return (
                stale(batch, catalog).filter { $0.contains("eth0") }.count,
                batch.value(#"network_receive_bytes_total{device="eth0"}"#, catalog)
            )
        }
        devices("lo", "eth0")
        #expect(tick(5) == (0, 1))
        let known = loop.catalog.labels.count
        devices("lo")
        #expect(tick(10).ended == 16)
        #expect(tick(15) == (0, nil))
        devices("eth0", "lo")
        #expect(tick(20) == (0, 1))
        // The same handles again, and in another order.
        #expect(loop.catalog.labels.count == known)
        // A second line of one name is no second sample.
        devices("eth0", "eth0")
        let batch = loop.sample(at: Timestamp(milliseconds: 25_000), monotonicNanoseconds: 25 * second)
        let handles = batch.groups.flatMap(\.samples).map(\.series)
        #expect(Set(handles).count == handles.count)
    }

    @Test func aFailureEndsTheSeriesAndThreeMakeTheCollectorUnhealthy() {
        let written = WrittenHost()
        written.write("proc/meminfo", Self.meminfo)
        written.write("proc/loadavg", "0.1 0.2 0.3 1/2 3\n")
        var loop = SamplingLoop(host: written.host, options: Fixtures.only("memory", "load"), calls: Fixtures.calls)
        var ended: [Int64: Int] = [:]
        var total: [Int64: Double] = [:]
        var status: [Int64: Double] = [:]
        var errors: [Int64: Double] = [:]
        var reports: [Int64: [CollectorReport.Severity]] = [:]
        for time in stride(from: Int64(5), through: 60, by: 5) {
            if time == 10 { written.write("proc/meminfo", "nothing\n") }
            if time == 25 { written.write("proc/meminfo", Self.meminfo) }
            let batch = loop.sample(
                at: Timestamp(milliseconds: time * 1000), monotonicNanoseconds: UInt64(time) * second)
            let catalog = loop.catalog
            ended[time] = stale(batch, catalog).count
            total[time] = batch.value("memory_total_bytes", catalog)
            status[time] = batch.value(#"agent_collector_status{collector="memory"}"#, catalog)
            errors[time] = batch.value(
                #"agent_collector_errors_total{collector="memory", reason="malformed"}"#, catalog)
            reports[time] = loop.reports.map(\.severity)
            #expect(batch.value(#"load_average{period="1m"}"#, catalog) == 0.1)
            #expect(batch.value(#"agent_collector_status{collector="load"}"#, catalog) == 1)
        }
        #expect(total[5] == 1_024_000)
        #expect(ended[10] == 8 && total[10]?.isStaleMarker == true)
        #expect(ended[15] == 0 && total[15] == nil)
        #expect(status[5] == 1 && status[10] == 1 && status[15] == 1 && status[20] == 0)
        #expect(errors[5] == 0 && errors[10] == 1 && errors[20] == 3)
        // Told once, then told unhealthy, then well.
        #expect(reports[10] == [.error] && reports[15] == [] && reports[20] == [.error])
        // After the third failure two intervals' rest: the file is well at 25 and is looked at again at 30.
        #expect(status[25] == 0 && total[25] == nil)
        #expect(status[30] == 1 && total[30] == 1_024_000 && reports[30] == [.info])
        #expect(errors[60] == 3)
    }

    @Test func waitsLongerFromFailureToFailure() {
        let written = WrittenHost()
        var loop = SamplingLoop(host: written.host, options: Fixtures.only("memory"), calls: Fixtures.calls)
        var attempts: [Int64] = []
        var count = 0.0
        for time in stride(from: Int64(5), through: 2000, by: 5) {
            let batch = loop.sample(
                at: Timestamp(milliseconds: time * 1000), monotonicNanoseconds: UInt64(time) * second)
            let now = batch.value(
                #"agent_collector_errors_total{collector="memory", reason="missing"}"#, loop.catalog)
            if let now, now > count { attempts.append(time) }
            count = now ?? count
        }
        let pauses = zip(attempts.dropFirst(), attempts).map { $0 - $1 }
        #expect(Array(pauses.prefix(8)) == [5, 5, 10, 20, 40, 80, 160, 300])
        #expect(pauses.dropFirst(8).allSatisfy { $0 == 300 })
    }

    @Test func aCollectorThatIsNotDueEndsNothing() {
        var options = Fixtures.only("memory", "load")
        options.intervalMilliseconds = ["memory": 10_000]
        var loop = SamplingLoop(host: Fixtures.host("two-ticks/1"), options: options, calls: Fixtures.calls)
        var groups: [[Int64]] = []
        for time in stride(from: Int64(5), through: 25, by: 5) {
            let batch = loop.sample(
                at: Timestamp(milliseconds: time * 1000), monotonicNanoseconds: UInt64(time) * second)
            groups.append(batch.groups.map(\.intervalMilliseconds))
            #expect(stale(batch, loop.catalog).isEmpty)
        }
        #expect(groups == [[5000, 10_000], [5000, 10_000], [5000], [5000, 10_000], [5000]])
        // Nothing is due twice at one time, everything after the clock went back.
        #expect(loop.sample(at: Timestamp(milliseconds: 25_000), monotonicNanoseconds: 0).groups.isEmpty)
        #expect(loop.sample(at: Timestamp(milliseconds: 2000), monotonicNanoseconds: 0).groups.count == 2)
    }

    @Test func theFinalBatchEndsEverySeriesOnce() {
        var loop = SamplingLoop(host: Fixtures.host("two-ticks/1"), calls: Fixtures.calls)
        let batch = loop.sample(at: Timestamp(milliseconds: 5000), monotonicNanoseconds: 0)
        let live = Set(batch.groups.flatMap(\.samples).map(\.series))
        let final = loop.finalBatch(at: Timestamp(milliseconds: 5000))
        #expect(final.time.milliseconds == 5001)
        #expect(final.groups.flatMap(\.samples).allSatisfy { $0.value.isStaleMarker })
        #expect(final.groups.flatMap(\.samples).count == live.count)
        #expect(Set(final.groups.flatMap(\.samples).map(\.series)) == live)
        #expect(loop.finalBatch(at: Timestamp(milliseconds: 9000)).groups.isEmpty)
    }

    @Test func aCollectorThatIsSwitchedOffEndsOnce() {
        var loop = SamplingLoop(
            host: Fixtures.host("two-ticks/1"), options: Fixtures.only("memory", "load"), calls: Fixtures.calls)
        func tick(_ seconds: Int64) -> [String] {
            let batch = loop.sample(
                at: Timestamp(milliseconds: seconds * 1000), monotonicNanoseconds: UInt64(seconds) * second)
            return stale(batch, loop.catalog)
        }
        #expect(tick(5).isEmpty)
        loop.setSuspended("load", true)
        #expect(loop.collectorNames == ["memory"])
        #expect(tick(10).count == 3)
        #expect(tick(15).isEmpty)
        loop.setSuspended("load", false)
        #expect(tick(20).isEmpty)
        loop.setSuspended("load", true)
        #expect(tick(25).count == 3)
    }

    @Test func otherOptionsCountFromTheNextSampleOn() throws {
        var loop = SamplingLoop(
            host: Fixtures.host("two-ticks/1"), options: Fixtures.only("memory", "load"), calls: Fixtures.calls)
        func tick(_ seconds: Int64) -> SampleBatch {
            loop.sample(at: Timestamp(milliseconds: seconds * 1000), monotonicNanoseconds: UInt64(seconds) * second)
        }
        #expect(tick(5).groups.map(\.intervalMilliseconds) == [5000])
        var options = Fixtures.only("memory", "virtual_memory")
        options.intervalMilliseconds["memory"] = 10_000
        loop.reconfigure(options)
        #expect(loop.collectorNames == ["virtual_memory", "memory"])
        #expect(loop.pausedCollectors.contains { $0 == ("load", .configuration) })
        #expect(loop.schedule.shortest == 5000)
        // What is off ends, what is new begins, what is slower goes on in the group of its interval.
        let after = tick(10)
        let ended = stale(after, loop.catalog)
        #expect(!ended.isEmpty && ended.allSatisfy { $0.contains("load") || $0.contains("\"load\"") })
        #expect(after.groups.map(\.intervalMilliseconds) == [5000, 10_000])
        #expect(after.value("memory_total_bytes", loop.catalog) != nil)
        #expect(tick(15).value("memory_total_bytes", loop.catalog) == nil)
        #expect(loop.catalog.families.contains { $0.name == "memory_major_faults_total" })
        // Limits have no say over what the configuration switched off.
        loop.setSuspended("load", true)
        loop.setSuspended("load", false)
        #expect(!loop.collectorNames.contains("load"))
        loop.reconfigure(Fixtures.only("load"))
        #expect(loop.collectorNames == ["load"])
        #expect(tick(20).value("load_average{period=\"1m\"}", loop.catalog) != nil)
    }

    @Test func throttledItSamplesSeldomer() {
        var loop = SamplingLoop(
            host: Fixtures.host("two-ticks/1"), options: Fixtures.only("load"), calls: Fixtures.calls)
        loop.throttle = 2
        #expect(loop.schedule.shortest == 10_000)
        let times = (1...6).filter { number in
            let time = Int64(number) * 5000
            let batch = loop.sample(
                at: Timestamp(milliseconds: time), monotonicNanoseconds: UInt64(number) * 5 * second)
            #expect(batch.groups.allSatisfy { $0.intervalMilliseconds == 5000 })
            return !batch.groups.isEmpty
        }
        #expect(times == [1, 2, 4, 6])
        loop.throttle = 1
        #expect(loop.schedule.shortest == 5000)
    }

    @Test func costsAreCountedByCollector() {
        var calls = Fixtures.calls
        let clock = Mutex<UInt64>(0)
        calls.monotonicNanoseconds = {
            clock.withLock { now in
                now += 7000
                return now
            }
        }
        var loop = SamplingLoop(
            host: Fixtures.host("two-ticks/1"), options: Fixtures.only("load", "memory", "agent"), calls: calls)
        for number in 1...3 {
            _ = loop.sample(at: Timestamp(milliseconds: Int64(number) * 5000), monotonicNanoseconds: 0)
        }
        #expect(loop.costs.map(\.collector) == ["load", "memory"])
        #expect(loop.costs.map(\.nanoseconds) == [21_000, 21_000])
    }

    @Test func countsMissedTicksAndMakesUpForNone() {
        var loop = SamplingLoop(
            host: Fixtures.host("two-ticks/1"), options: Fixtures.only("agent"), calls: Fixtures.calls)
        func missed(_ wall: Int64) -> [Double?] {
            let batches = loop.tick(at: reading(wall))
            return batches.map { $0.value("agent_missed_ticks_total", loop.catalog) }
        }
        #expect(missed(5001) == [0])
        #expect(missed(10_002) == [0])
        // The tick of 15 s is lost, that of 20 s comes late.
        #expect(missed(22_000) == [1])
        #expect(loop.lastSampleTime?.milliseconds == 22_000)
        #expect(loop.nextTick(after: reading(22_000)).time.milliseconds == 25_000)
        #expect(missed(25_000) == [1])
        // Woken twice for one tick.
        #expect(missed(25_100) == [])
        // Woken early: it counts for the tick, which then does not come again.
        #expect(missed(29_990) == [1])
        #expect(loop.nextTick(after: reading(29_990)).time.milliseconds == 35_000)
    }

    @Test func aSuspendEndsTheSeriesBeforeIt() {
        var loop = SamplingLoop(
            host: Fixtures.host("two-ticks/1"), options: Fixtures.only("load"), calls: Fixtures.calls)
        #expect(loop.tick(at: reading(5000)).count == 1)
        // An hour's sleep: the monotonic clock stood still.
        let batches = loop.tick(at: reading(3_610_000, monotonic: 10_000, boot: 3_610_000))
        #expect(batches.count == 2)
        #expect(batches[0].time.milliseconds == 10_000)
        #expect(stale(batches[0], loop.catalog).count == 3)
        #expect(batches[0].events.map(\.kind) == [.gap])
        #expect(batches[0].events.first?.text.contains("1h5s: the machine was suspended") == true)
        #expect(stale(batches[1], loop.catalog).isEmpty && batches[1].events.isEmpty)
        #expect(batches[1].value(#"load_average{period="1m"}"#, loop.catalog) == 0.09)
    }

    @Test func aStarvedAgentLeavesAGapAndAShortPauseDoesNot() {
        var loop = SamplingLoop(
            host: Fixtures.host("two-ticks/1"), options: Fixtures.only("load"), calls: Fixtures.calls)
        _ = loop.tick(at: reading(5000))
        #expect(loop.tick(at: reading(20_000)).count == 1)
        let batches = loop.tick(at: reading(40_000))
        #expect(batches.map(\.time.milliseconds) == [25_000, 40_000])
        #expect(batches[0].events.map(\.kind) == [.gap])
    }

    @Test func aClockStepIsAnEvent() {
        var loop = SamplingLoop(
            host: Fixtures.host("two-ticks/1"), options: Fixtures.only("load"), calls: Fixtures.calls)
        _ = loop.tick(at: reading(1_000_000, monotonic: 5000))
        // Forward by an hour: the lookback must not carry values into it.
        var batches = loop.tick(at: reading(4_605_000, monotonic: 10_000))
        #expect(batches.map(\.time.milliseconds) == [1_005_000, 4_605_000])
        #expect(batches.map { $0.events.map(\.kind) } == [[], [.clockStep]])
        #expect(batches[1].events[0].text == "the wall clock was set forward by 1h")
        // Back by an hour: the new time is followed, and all is due.
        batches = loop.tick(at: reading(1_010_000, monotonic: 15_000))
        #expect(batches.map(\.time.milliseconds) == [1_010_000])
        #expect(batches[0].events.map(\.text) == ["the wall clock was set back by 1h"])
        #expect(batches[0].value(#"load_average{period="1m"}"#, loop.catalog) == 0.09)
        // Back by two seconds during the sleep: the tick of 1010 s is not taken twice.
        #expect(loop.tick(at: reading(1_013_000, monotonic: 20_000)).isEmpty)
        #expect(loop.nextTick(after: reading(1_013_000, monotonic: 20_000)).time.milliseconds == 1_015_000)
    }

    @Test func rowsOfDevicesThatComeAndGoAreForgotten() {
        var table = RowTable<Int>()
        for pass in 0..<500 {
            table.begin()
            for name in ["lo", "tun\(pass)"] {
                let bytes = Array(name.utf8)
                let text = ByteScanner(bytes.span)
                let place = table.find(text.all, in: text) ?? table.insert(bytes, pass)
                #expect(table[place] == (name == "lo" ? 0 : pass))
            }
            table.end()
            #expect(table.count <= 21)
        }
    }

    @Test func anExpensiveBudgetedCollectorRestsAndKeepsItsSeries() {
        // A fifth of a second passes between any two looks at the clock.
        let clock = SteppingClock(step: 200_000_000)
        var calls = Fixtures.calls
        calls.monotonicNanoseconds = { clock.next() }
        var loop = SamplingLoop(
            host: Fixtures.host("two-ticks/1"), options: Fixtures.only("connections", "load"), calls: calls)
        var seen: [Int64] = []
        for time in stride(from: Int64(5), through: 60, by: 5) {
            let batch = loop.sample(
                at: Timestamp(milliseconds: time * 1000), monotonicNanoseconds: UInt64(time) * second)
            #expect(stale(batch, loop.catalog).isEmpty)
            #expect(batch.value(#"load_average{period="1m"}"#, loop.catalog) == 0.09)
            #expect(batch.value(#"agent_collector_status{collector="connections"}"#, loop.catalog) == 1)
            if batch.value(#"network_connections{state="LISTEN"}"#, loop.catalog) != nil { seen.append(time) }
        }
        // 0.2 s of work are 1 % of 20 s.
        #expect(seen == [5, 25, 45])
    }

    @Test func namesOfTheConfiguration() {
        func check(_ name: String, _ expected: [String]) {
            #expect(CollectorRegistry.entries(named: name).map(\.name) == expected)
        }
        check("cpu", ["cpu"])
        check("disk", ["disk_io", "filesystem"])
        check("network", ["network"])
        check("process", ["process"])
        check("nothing", [])
        #expect(Set(CollectorRegistry.entries.map(\.name)).count == CollectorRegistry.entries.count)
    }
}
