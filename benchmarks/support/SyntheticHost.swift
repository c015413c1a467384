package import Model

/// A host made up from a seed: 300 series (30 metrics of 10 devices) and 40 processes.
///
/// 180 counters, of which a third nearly rests, a third grows by small and a third by large amounts; 60 gauges of one
/// or two decimals; 60 constants. That is the mix of a quiet server's `/proc`.
package struct SyntheticHost {
    package static let intervalMilliseconds: Int64 = 5000
    package let labels: [Labels]
    private var values: [Double]
    private var random: UInt64
    private var processes: [ProcessRecord] = []
    private var nextPID: Int32 = 5000
    private var ticks: UInt64 = 0
    private var lastFrame: Int64?

    package init(seed: UInt64 = 1) {
        random = seed
        var labels: [Labels] = []
        var names = ["disk_io_read_bytes_total", "disk_io_write_bytes_total", "network_receive_bytes_total"]
        while names.count < 18 { names.append("made_up_\(names.count)_events_total") }
        names += ["cpu_usage_percent", "load_average", "memory_used_percent"]
        while names.count < 24 { names.append("made_up_\(names.count)_ratio") }
        while names.count < 30 { names.append("made_up_\(names.count)_limit_bytes") }
        for name in names {
            for device in 0..<10 { labels.append(Labels(name: name, ["device": "sd\(device)", "host": "made-up"])) }
        }
        self.labels = labels
        values = labels.indices.map { Double($0 * 4096) }
        for _ in 0..<40 { processes.append(newProcess()) }
    }

    /// The values at the next tick, in the order of ``labels``.
    package mutating func tick() -> [Double] {
        ticks += 1
        for index in values.indices {
            let (metric, noise) = (index / 10, next())
            switch metric {
            case 0..<18 where metric % 3 == 0: values[index] += Double(noise & 0xffff) * 512
            case 0..<18 where metric % 3 == 1: values[index] += Double(noise & 63)
            case 0..<18: if noise % 20 == 0 { values[index] += 1 }
            case 18..<21: values[index] = Double(noise % 1000) / 10
            case 21..<24: if noise % 4 == 0 { values[index] = Double(noise % 400) / 100 }
            default: break
            }
        }
        return values
    }

    /// What the processes do at `time`: a quarter of them works, and now and then one gives way to another.
    package mutating func frame(at time: Timestamp) -> ProcessFrame {
        if next() % 6 == 0 {
            processes.remove(at: Int(next() % 40))
            processes.append(newProcess())
        }
        for index in processes.indices {
            processes[index].cpuTicksSinceLast = 0
            guard index % 4 == 0 else { continue }
            let used = next() % 300
            processes[index].cpuTicks += used
            processes[index].cpuTicksSinceLast = used
            processes[index].residentBytes += (next() % 16) * 4096
            processes[index].writeBytes = (processes[index].writeBytes ?? 0) + (next() % 8) * 4096
        }
        defer { lastFrame = time.milliseconds }
        return ProcessFrame(
            time: time, elapsedMilliseconds: lastFrame.map { time.milliseconds - $0 } ?? 0,
            memoryTotalBytes: 8 << 30, ticksPerSecond: 100, processes: processes)
    }

    private mutating func newProcess() -> ProcessRecord {
        nextPID += Int32(next() % 50) + 1
        return ProcessRecord(
            pid: nextPID, startTicks: ticks * 500 + next() % 500, name: "program-\(next() % 60)",
            username: next() % 3 == 0 ? "root" : "www-data", cpuTicks: next() % 1000, cpuTicksSinceLast: 0,
            residentBytes: (next() % 50_000) * 4096, readBytes: 0, writeBytes: 0, threads: UInt32(next() % 30) + 1)
    }

    /// Knuth's MMIX generator; the upper bits are good enough here.
    private mutating func next() -> UInt64 {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return random >> 33
    }
}
