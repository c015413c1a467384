import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct FrameSeriesTests {
    /// The rules of FrameSeriesBuilder, said once more and without any economy: frame by frame over all labels.
    private func naive(_ frames: [ProcessFrame], _ matchers: [Matcher]) -> [Labels: [(Int64, Double)]] {
        var series: [Labels: [(Int64, Double)]] = [:]
        for (number, frame) in frames.enumerated() {
            let time = frame.time.milliseconds
            let before = number == 0 ? [] : frames[number - 1].processes
            let seconds = Double(frame.elapsedMilliseconds) / 1000
            func labelsOf(_ process: ProcessRecord, _ metric: String) -> Labels {
                let labels = Labels(
                    name: metric,
                    ["pid": "\(process.pid)", "name": process.name, "username": process.username])
                return switch metric {
                case "process_state": labels.setting("state", to: process.state.map { "\(Unicode.Scalar($0))" } ?? "")
                case "process_cgroup_info": labels.setting("cgroup", to: process.cgroup ?? "")
                case "process_command_info": labels.setting("command", to: process.command ?? "")
                default: labels
                }
            }
            let boot = frame.bootSeconds
            func values(_ process: ProcessRecord) -> [(String, Double?)] {
                [
                    (
                        "process_cpu_percent",
                        seconds > 0 ? 100 * Double(process.cpuTicksSinceLast) / 100 / seconds : nil
                    ),
                    ("process_cpu_seconds_total", Double(process.cpuTicks) / 100),
                    ("process_memory_bytes", Double(process.residentBytes)),
                    (
                        "process_memory_percent",
                        frame.memoryTotalBytes == 0
                            ? nil : 100 * Double(process.residentBytes) / Double(frame.memoryTotalBytes)
                    ),
                    ("process_io_read_bytes_total", process.readBytes.map { Double($0) }),
                    ("process_io_write_bytes_total", process.writeBytes.map { Double($0) }),
                    ("process_threads", Double(process.threads)),
                    ("process_start_time_seconds", boot == 0 ? nil : Double(boot) + Double(process.startTicks) / 100),
                    ("process_open_fds", process.openFiles.map { Double($0) }),
                    ("process_swap_bytes", process.swapBytes.map { Double($0) }),
                    ("process_state", process.state == nil ? nil : 1),
                    ("process_cgroup_info", process.cgroup == nil ? nil : 1),
                    ("process_command_info", process.command == nil ? nil : 1),
                ]
            }
            for process in before {
                let now = frame.processes.first {
                    $0.pid == process.pid && $0.startTicks == process.startTicks && $0.name == process.name
                        && $0.username == process.username
                }
                for (metric, _) in values(process) {
                    let labels = labelsOf(process, metric)
                    // A label that another value has taken, or that is unknown now, has ended; else the series goes on.
                    let isUnknown =
                        now.map {
                            switch metric {
                            case "process_state": $0.state == nil
                            case "process_cgroup_info": $0.cgroup == nil
                            case "process_command_info": $0.command == nil
                            default: false
                            }
                        } ?? true
                    if let now, !isUnknown, labelsOf(now, metric) == labels { continue }
                    if let last = series[labels]?.last, last.0 < time, !last.1.isStaleMarker {
                        series[labels]?.append((time, .staleMarker))
                    }
                }
            }
            for process in frame.processes {
                for case (let metric, let value?) in values(process) {
                    let labels = labelsOf(process, metric)
                    guard matchers.allSatisfy({ $0.matches(labels) }) else { continue }
                    if series[labels]?.last?.0 == time { series[labels]?.removeLast() }
                    series[labels, default: []].append((time, value))
                }
            }
        }
        return series
    }

    private func expect(
        _ builder: FrameSeriesBuilder, equals expected: [Labels: [(Int64, Double)]], _ comment: Comment
    ) {
        let series = builder.series()
        #expect(series.map(\.labels) == expected.keys.sorted(), comment)
        for (labels, column) in series {
            #expect(column.timestamps == expected[labels]?.map(\.0), comment)
            #expect(sameBits(column.values, expected[labels]?.map(\.1) ?? []), comment)
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func agreesWithTheNaiveModel(seed: UInt64) throws {
        var world = FrameWorld(seed: seed)
        let frames = world.frames(160)
        let choices: [[Matcher]] = [
            [], [Matcher("__name__", equals: "process_cpu_percent")], [Matcher("name", equals: "make")],
            [try Matcher("__name__", .matches, "process_io_.*"), try Matcher("username", .notEqual, "root")],
            [try Matcher("pid", .matches, "1?[0-5]"), Matcher("device", equals: "")],
            [Matcher("__name__", equals: "process_state"), Matcher("state", equals: "D")],
            [try Matcher("cgroup", .notEqual, ""), try Matcher("command", .matches, ".*")],
        ]
        for matchers in choices {
            let expected = naive(frames, matchers)
            var byFrame = try #require(FrameSeriesBuilder(matchers))
            for frame in frames { byFrame.add(frame) }
            expect(byFrame, equals: expected, "by frame, seed \(seed)")
            // Blocks and frames in turn.
            var mixed = try #require(FrameSeriesBuilder(matchers))
            for part in [0..<50, 50..<51, 60..<60, 51..<110] {
                try mixed.add(FrameBlockReader(FrameBlock.encode(Array(frames[part]))))
            }
            for frame in frames[110...] { mixed.add(frame) }
            expect(mixed, equals: expected, "by block, seed \(seed)")
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func aPartOfABlockIsWhatItsFramesAre(seed: UInt64) throws {
        var world = FrameWorld(seed: seed)
        let frames = world.frames(80)
        let block = try FrameBlockReader(FrameBlock.encode(frames))
        for (first, last) in [(0, 79), (0, 0), (79, 79), (13, 57), (30, 31)] {
            var builder = try #require(FrameSeriesBuilder([]))
            try builder.add(block, in: TimeRange(min: frames[first].time, max: frames[last].time))
            expect(builder, equals: naive(Array(frames[first...last]), []), "seed \(seed), \(first)...\(last)")
        }
        var outside = try #require(FrameSeriesBuilder([]))
        try outside.add(block, in: TimeRange(minMilliseconds: 0, maxMilliseconds: 1))
        #expect(outside.series().isEmpty)
    }

    @Test func aReusedPidGoesOnAsOneSeriesWithAMarkerBetween() throws {
        func frame(_ time: Int64, _ starts: [UInt64]) -> ProcessFrame {
            ProcessFrame(
                time: Timestamp(milliseconds: time), elapsedMilliseconds: 1000, memoryTotalBytes: 1,
                ticksPerSecond: 100,
                processes: starts.map {
                    ProcessRecord(
                        pid: 5, startTicks: $0, name: "sh", username: "root", cpuTicks: $0, cpuTicksSinceLast: 50,
                        residentBytes: 0, readBytes: nil, writeBytes: nil, threads: 1)
                })
        }
        // Ends at 2, another begins at 3 and gives way at 4 to a third, which is last seen at 5.
        let frames = [frame(1, [100]), frame(2, []), frame(3, [200]), frame(4, [300]), frame(5, [300]), frame(6, [])]
        var builder = try #require(FrameSeriesBuilder([Matcher("__name__", equals: "process_cpu_seconds_total")]))
        for frame in frames { builder.add(frame) }
        let series = builder.series()
        #expect(series.count == 1)
        #expect(series[0].labels.description == #"process_cpu_seconds_total{name="sh", pid="5", username="root"}"#)
        #expect(series[0].column.timestamps == [1, 2, 3, 4, 5, 6])
        #expect(sameBits(series[0].column.values, [1, .staleMarker, 2, 3, 3, .staleMarker]))
        var percent = try #require(FrameSeriesBuilder([Matcher("__name__", equals: "process_cpu_percent")]))
        percent.add(frames[0])
        #expect(percent.series()[0].column.values == [50])
    }

    @Test func matchersThatNameNoProcessMetricBuildNothing() throws {
        #expect(FrameSeriesBuilder([Matcher("__name__", equals: "up")]) == nil)
        #expect(FrameSeriesBuilder([try Matcher("__name__", .matches, "node_.*")]) == nil)
        #expect(FrameSeriesBuilder([try Matcher("__name__", .notEqual, "up")]) != nil)
    }

    @Test func familiesAndLabelsAreNamed() {
        #expect(
            FrameSeries.families.map(\.name) == [
                "process_cpu_percent", "process_cpu_seconds_total", "process_memory_bytes", "process_memory_percent",
                "process_io_read_bytes_total", "process_io_write_bytes_total", "process_threads",
                "process_start_time_seconds", "process_open_fds", "process_swap_bytes", "process_state",
                "process_cgroup_info", "process_command_info",
            ])
        #expect(FrameSeries.families.allSatisfy { $0.help.hasSuffix(".") && $0.kind != .unknown })
        #expect(FrameSeries.labelNames == ["__name__", "cgroup", "command", "name", "pid", "state", "username"])
    }
}
