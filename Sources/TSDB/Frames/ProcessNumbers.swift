import Model

/// What one frame says of one process, without who it is.
struct ProcessNumbers {
    var startTicks: UInt64
    var cpuTicks: UInt64
    var cpuTicksSinceLast: UInt64
    var residentBytes: UInt64
    var readBytes: UInt64?
    var writeBytes: UInt64?
    var threads: UInt32
    var state: UInt8?
    var cgroup: String?
    var command: String?
    var openFiles: UInt32?
    var swapBytes: UInt64?
}

extension ProcessNumbers {
    init(_ process: ProcessRecord) {
        self.init(
            startTicks: process.startTicks, cpuTicks: process.cpuTicks, cpuTicksSinceLast: process.cpuTicksSinceLast,
            residentBytes: process.residentBytes, readBytes: process.readBytes, writeBytes: process.writeBytes,
            threads: process.threads, state: process.state, cgroup: process.cgroup, command: process.command,
            openFiles: process.openFiles, swapBytes: process.swapBytes)
    }
}

/// Decoded columns of one process. Fields that were not asked for are 0 or unknown.
struct ProcessColumns {
    private let startTicks: UInt64
    private let columns: [FrameBlock.Field: [Int64]]
    private let strings: [String]
    private var cpuTicks: [UInt64] = []
    private var sinceLast: [UInt64] = []
    private var threads: [UInt32] = []

    /// - Throws: where a number is beyond what its field holds.
    init(
        _ columns: [FrameBlock.Field: [Int64]], of process: FrameBlockReader.Process, strings: [String]
    ) throws(CodecError) {
        startTicks = process.identity.startTicks
        self.columns = columns
        self.strings = strings
        let position = process.record.lowerBound
        try ProcessColumns.check(columns[.state], below: 128, position: position)
        try ProcessColumns.check(columns[.cgroup], below: strings.count + 1, position: position)
        try ProcessColumns.check(columns[.command], below: strings.count + 1, position: position)
        try ProcessColumns.check(columns[.openFiles], below: Int(UInt32.max) + 2, position: position)
        threads = try FrameBlockReader.narrowed(columns[.threads] ?? [])
        cpuTicks = (columns[.cpuTicks] ?? []).map { UInt64(bitPattern: $0) }
        guard let corrections = columns[.cpuTicksSinceLast] else { return }
        guard !cpuTicks.isEmpty || process.runs.isEmpty else {
            throw .malformed(position: position, reason: "CPU ticks are read together")
        }
        sinceLast.reserveCapacity(corrections.count)
        for run in process.runs {
            for frame in run {
                let i = sinceLast.count
                let expected = frame == run.lowerBound ? 0 : cpuTicks[i] &- cpuTicks[i - 1]
                sinceLast.append(expected &+ UInt64(bitPattern: corrections[i]))
            }
        }
    }

    private static func check(_ column: [Int64]?, below bound: Int, position: Int) throws(CodecError) {
        for number in column ?? [] where number < 0 || number >= bound {
            throw .malformed(position: position, reason: "number of a process out of bounds")
        }
    }

    subscript(place: Int) -> ProcessNumbers {
        let openFiles = number(.openFiles, place) ?? 0
        return ProcessNumbers(
            startTicks: startTicks, cpuTicks: cpuTicks.isEmpty ? 0 : cpuTicks[place],
            cpuTicksSinceLast: sinceLast.isEmpty ? 0 : sinceLast[place],
            residentBytes: number(.residentBytes, place) ?? 0,
            readBytes: number(.readIsUnknown, place) == 1 ? nil : number(.readBytes, place),
            writeBytes: number(.writtenIsUnknown, place) == 1 ? nil : number(.writtenBytes, place),
            threads: threads.isEmpty ? 0 : threads[place], state: state(place), cgroup: text(.cgroup, place),
            command: text(.command, place), openFiles: openFiles == 0 ? nil : UInt32(openFiles - 1),
            swapBytes: number(.swapIsUnknown, place) == 1 ? nil : number(.swapBytes, place))
    }

    /// Nil for a field that was not asked for or that the block lacks.
    func number(_ field: FrameBlock.Field, _ place: Int) -> UInt64? {
        columns[field].map { UInt64(bitPattern: $0[place]) }
    }

    private func state(_ place: Int) -> UInt8? {
        guard let byte = number(.state, place), byte != 0 else { return nil }
        return UInt8(truncatingIfNeeded: byte)
    }

    private func text(_ field: FrameBlock.Field, _ place: Int) -> String? {
        guard let number = number(field, place), number != 0 else { return nil }
        return strings[Int(number - 1)]
    }
}
