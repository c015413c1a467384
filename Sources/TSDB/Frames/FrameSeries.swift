package import Model

/// The series that are made from process frames when they are read.
package enum FrameSeries {
    /// What is known about them.
    package static var families: [MetricFamily] { ProcessMetric.allCases.map(\.family) }

    /// The labels that they may have, sorted.
    package static let labelNames =
        ([Labels.metricNameLabel, "name", "pid", "username"] + ProcessForm.allCases.compactMap(\.label)).sorted()
}

/// What tells the series of one process and metric apart beside pid, name and username.
///
/// What a process is (its state, its control group, its command line) is a label of a series whose value is 1, so that
/// `count by (state) (process_state)` and `process_memory_bytes * on (pid, name, username) group_left (cgroup)
/// process_cgroup_info` say what they mean, and no other series changes its labels when a process changes its state.
enum ProcessForm: CaseIterable {
    case plain, state, cgroup, command

    /// Nil for series that have no further label.
    var label: String? {
        switch self {
        case .plain: nil
        case .state: "state"
        case .cgroup: "cgroup"
        case .command: "command"
        }
    }

    /// What has to be read of a block for the label.
    var field: FrameBlock.Field? {
        switch self {
        case .plain: nil
        case .state: .state
        case .cgroup: .cgroup
        case .command: .command
        }
    }

    /// The label's value, empty for series without one; nil where the frame tells none.
    func value(of process: ProcessNumbers) -> String? {
        switch self {
        case .plain: ""
        case .state: process.state.map { String(Unicode.Scalar($0)) }
        case .cgroup: process.cgroup
        case .command: process.command
        }
    }
}

/// THE list of metrics that a frame gives for each of its processes.
enum ProcessMetric: CaseIterable {
    case cpuPercent, cpuSeconds, memoryBytes, memoryPercent, readBytes, writtenBytes, threads, startTime, openFiles
    case swapBytes, state, cgroup, command

    var form: ProcessForm {
        switch self {
        case .state: .state
        case .cgroup: .cgroup
        case .command: .command
        default: .plain
        }
    }

    var family: MetricFamily {
        switch self {
        case .cpuPercent:
            .gauge("process_cpu_percent", "CPU time the process used since the look before, in percent of one CPU.")
        case .cpuSeconds:
            .counter(
                "process_cpu_seconds_total", unit: "seconds",
                "User and system CPU time the process used since it began.")
        case .memoryBytes: .gauge("process_memory_bytes", unit: "bytes", "Resident memory of the process.")
        case .memoryPercent:
            .gauge("process_memory_percent", "Resident memory of the process, in percent of the host's memory.")
        case .readBytes:
            .counter("process_io_read_bytes_total", unit: "bytes", "Bytes the process had read from storage.")
        case .writtenBytes:
            .counter("process_io_write_bytes_total", unit: "bytes", "Bytes the process had written to storage.")
        case .threads: .gauge("process_threads", "Threads of the process.")
        case .startTime:
            .gauge("process_start_time_seconds", unit: "seconds", "When the process began, in seconds since 1970.")
        case .openFiles: .gauge("process_open_fds", "Files, sockets and pipes that the process has open.")
        case .swapBytes: .gauge("process_swap_bytes", unit: "bytes", "Memory of the process that lies in swap.")
        case .state:
            .gauge("process_state", "1 for the state that the process is in, by ps' letter for it: R, S, D, Z, T, I.")
        case .cgroup: .gauge("process_cgroup_info", "1 for the control group that the process belongs to.")
        case .command: .gauge("process_command_info", "1 for the command line of the process, without secrets.")
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
        case .openFiles: [.openFiles]
        case .swapBytes: [.swapBytes, .swapIsUnknown]
        case .startTime, .state, .cgroup, .command: []
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
        case .startTime:
            guard frame.bootSeconds != 0, frame.ticksPerSecond > 0 else { return nil }
            return Double(frame.bootSeconds) + Double(process.startTicks) / Double(frame.ticksPerSecond)
        case .openFiles: return process.openFiles.map { Double($0) }
        case .swapBytes: return process.swapBytes.map { Double($0) }
        case .state, .cgroup, .command: return 1
        }
    }
}

/// What the processes of a frame have in common.
struct FrameFacts {
    var elapsedMilliseconds: Int64
    var memoryTotalBytes: UInt64
    var ticksPerSecond: UInt32
    var bootSeconds: Int64
}

extension MetricFamily {
    fileprivate static func gauge(_ name: String, unit: String = "", _ help: String) -> MetricFamily {
        MetricFamily(name: name, kind: .gauge, unit: unit, help: help)
    }

    fileprivate static func counter(_ name: String, unit: String, _ help: String) -> MetricFamily {
        MetricFamily(name: name, kind: .counter, unit: unit, help: help)
    }
}
