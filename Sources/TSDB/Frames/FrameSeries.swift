package import Model

/// The series that are made from process frames when they are read.
package enum FrameSeries {
    /// What is known about them.
    package static var families: [MetricFamily] { ProcessMetric.allCases.map(\.family) }

    /// The labels they have, sorted.
    package static let labelNames = [Labels.metricNameLabel, "name", "pid", "username"]
}

/// THE list of metrics that a frame gives for each of its processes.
enum ProcessMetric: CaseIterable {
    case cpuPercent, cpuSeconds, memoryBytes, memoryPercent, readBytes, writtenBytes, threads

    var family: MetricFamily {
        switch self {
        case .cpuPercent:
            MetricFamily(
                name: "process_cpu_percent", kind: .gauge,
                help: "CPU time the process used since the look before, in percent of one CPU.")
        case .cpuSeconds:
            MetricFamily(
                name: "process_cpu_seconds_total", kind: .counter, unit: "seconds",
                help: "User and system CPU time the process used since it began.")
        case .memoryBytes:
            MetricFamily(
                name: "process_memory_bytes", kind: .gauge, unit: "bytes", help: "Resident memory of the process.")
        case .memoryPercent:
            MetricFamily(
                name: "process_memory_percent", kind: .gauge,
                help: "Resident memory of the process, in percent of the host's memory.")
        case .readBytes:
            MetricFamily(
                name: "process_io_read_bytes_total", kind: .counter, unit: "bytes",
                help: "Bytes the process had read from storage.")
        case .writtenBytes:
            MetricFamily(
                name: "process_io_write_bytes_total", kind: .counter, unit: "bytes",
                help: "Bytes the process had written to storage.")
        case .threads:
            MetricFamily(name: "process_threads", kind: .gauge, help: "Threads of the process.")
        }
    }

    /// What has to be read of a block for it.
    var fields: Set<FrameBlock.Field> {
        switch self {
        case .cpuPercent: [.cpuTicks, .cpuTicksSinceLast]
        case .cpuSeconds: [.cpuTicks]
        case .memoryBytes, .memoryPercent: [.residentBytes]
        case .readBytes: [.readBytes, .readIsUnknown]
        case .writtenBytes: [.writtenBytes, .writtenIsUnknown]
        case .threads: [.threads]
        }
    }

    /// The value for one process in one frame; nil where there is none.
    func value(of process: ProcessNumbers, in frame: FrameFacts) -> Double? {
        switch self {
        case .cpuPercent:
            guard frame.elapsedMilliseconds > 0, frame.ticksPerSecond > 0 else { return nil }
            return 100 * Double(process.cpuTicksSinceLast) / Double(frame.ticksPerSecond)
                / (Double(frame.elapsedMilliseconds) / 1000)
        case .cpuSeconds:
            guard frame.ticksPerSecond > 0 else { return nil }
            return Double(process.cpuTicks) / Double(frame.ticksPerSecond)
        case .memoryBytes: return Double(process.residentBytes)
        case .memoryPercent:
            guard frame.memoryTotalBytes > 0 else { return nil }
            return 100 * Double(process.residentBytes) / Double(frame.memoryTotalBytes)
        case .readBytes: return process.readBytes.map { Double($0) }
        case .writtenBytes: return process.writeBytes.map { Double($0) }
        case .threads: return Double(process.threads)
        }
    }
}

/// What the processes of a frame have in common.
struct FrameFacts {
    var elapsedMilliseconds: Int64
    var memoryTotalBytes: UInt64
    var ticksPerSecond: UInt32
}
