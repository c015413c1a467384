package import Model

/// Reads what ``FrameBlock/encode(_:)`` wrote. The drawing is there.
///
/// Opening decodes what the frames have in common and who was present when; a process's numbers are decoded when they
/// are asked for. Whatever the bytes are, a read returns or throws.
package struct FrameBlockReader: Sendable {
    /// Times of the frames, in ms, as they were written.
    package let times: [Int64]
    let elapsedMilliseconds: [Int64]
    let memoryTotalBytes: [UInt64]
    let ticksPerSecond: [UInt32]
    let bootSeconds: [Int64]
    /// Those of which nothing is lost.
    let processes: [Process]
    /// Where the numbers of the others lie.
    private let lostRecords: [Range<Int>]
    /// How many others the block has.
    var processesLost: Int { lostRecords.count }
    private let bytes: [UInt8]
    private let fields: [UInt8]
    private let strings: [String]

    /// One process and where it is found.
    struct Process: Sendable {
        var identity: ProcessIdentity
        var name: String
        var username: String
        /// The frames in which the process is present: ascending, apart from each other, not empty.
        var runs: [Range<Int>]
        /// Where its columns lie.
        fileprivate(set) var record: Range<Int>
    }

    /// - Parameter lost: the places of bytes that could not be read, whatever stands there instead. It costs the
    ///   processes that have numbers there.
    /// - Throws: where `bytes` is no block of frames, or one of another version, or what all processes need is lost.
    package init(_ bytes: [UInt8], lost: [Range<Int>] = []) throws(CodecError) {
        self.bytes = bytes
        var reader = ByteReader(bytes)
        guard try Array(reader.slice(2)) == FrameBlock.magic else {
            throw .malformed(position: 0, reason: "not a block of process frames")
        }
        let version = try reader.u8()
        guard version == FrameBlock.version || version == FrameBlock.earlierVersion else {
            throw .unknownVersion(position: 2, number: version)
        }
        let frameCount = try reader.count(atMost: FrameBlock.framesMax, "number of frames")
        fields = Array(try reader.field())
        times = try IntegerColumn.decode(count: frameCount, from: &reader)
        elapsedMilliseconds = try IntegerColumn.decode(count: frameCount, from: &reader)
        memoryTotalBytes = try IntegerColumn.decode(count: frameCount, from: &reader).map { UInt64(bitPattern: $0) }
        ticksPerSecond = try FrameBlockReader.narrowed(try IntegerColumn.decode(count: frameCount, from: &reader))
        bootSeconds =
            version == FrameBlock.earlierVersion
            ? [Int64](repeating: 0, count: frameCount) : try IntegerColumn.decode(count: frameCount, from: &reader)
        strings = try StringTable.decode(from: &reader)
        let all = try FrameBlockReader.processes(from: &reader, strings: strings, frameCount: frameCount)
        let numbers = all.first?.record.lowerBound ?? bytes.count
        for part in lost where part.lowerBound < numbers {
            throw .malformed(position: part.lowerBound, reason: "what all processes need is lost")
        }
        func isLost(_ process: Process) -> Bool { lost.contains { $0.overlaps(process.record) } }
        processes = lost.isEmpty ? all : all.filter { !isLost($0) }
        lostRecords = lost.isEmpty ? [] : all.filter(isLost).map(\.record)
    }

    /// How many processes have numbers in a part that is lost.
    func processesLost(to part: Range<Int>) -> Int { lostRecords.count { $0.overlaps(part) } }

    /// The process table, the runs and the places of the records.
    private static func processes(
        from reader: inout ByteReader, strings: [String], frameCount: Int
    ) throws(CodecError) -> [Process] {
        // A record takes a byte and more.
        let count = try reader.count(atMost: reader.remaining, "number of processes")
        let pids = try IntegerColumn.decode(count: count, from: &reader)
        let starts = try IntegerColumn.decode(count: count, from: &reader)
        let names = try IntegerColumn.decode(count: count, from: &reader)
        let users = try IntegerColumn.decode(count: count, from: &reader)
        var runs = try RunReader(processes: count, from: &reader)
        let lengths = try IntegerColumn.decode(count: count, from: &reader)
        var processes: [Process] = []
        processes.reserveCapacity(count)
        for i in 0..<count {
            let position = reader.position
            guard let pid = Int32(exactly: pids[i]), let length = Int(exactly: lengths[i]),
                let name = Int(exactly: names[i]), let user = Int(exactly: users[i]),
                strings.indices.contains(name), strings.indices.contains(user)
            else { throw .malformed(position: position, reason: "process table out of bounds") }
            try reader.skip(length)
            processes.append(
                Process(
                    identity: ProcessIdentity(pid: pid, startTicks: UInt64(bitPattern: starts[i])),
                    name: strings[name], username: strings[user],
                    runs: try runs.next(frameCount: frameCount, at: position), record: position..<reader.position))
        }
        try reader.finish()
        return processes
    }

    /// The numbers of process `index` that `wanted` names, one for each frame in which it is present.
    /// - Throws: where one that every block has is missing.
    func numbers(of index: Int, _ wanted: Set<FrameBlock.Field>) throws(CodecError) -> ProcessColumns {
        let process = processes[index]
        let count = process.runs.reduce(0) { $0 + $1.count }
        var reader = ByteReader(bytes, from: process.record.lowerBound, to: process.record.upperBound)
        var found: [FrameBlock.Field: [Int64]] = [:]
        for number in fields {
            if let field = FrameBlock.Field(rawValue: number), wanted.contains(field) {
                found[field] = try IntegerColumn.decode(count: count, from: &reader)
            } else {
                try IntegerColumn.skip(in: &reader)
            }
        }
        try reader.finish()
        guard wanted.allSatisfy({ found[$0] != nil || !$0.isRequired }) else {
            throw .malformed(position: process.record.lowerBound, reason: "a field is missing")
        }
        return try ProcessColumns(found, of: process, strings: strings)
    }

    /// All frames, as they were encoded.
    package func frames() throws(CodecError) -> [ProcessFrame] {
        var frames = times.indices.map {
            ProcessFrame(
                time: Timestamp(milliseconds: times[$0]), elapsedMilliseconds: elapsedMilliseconds[$0],
                memoryTotalBytes: memoryTotalBytes[$0], ticksPerSecond: ticksPerSecond[$0],
                bootSeconds: bootSeconds[$0], processes: [])
        }
        // Processes are in order of identity, so each frame's come out in order.
        for (index, process) in processes.enumerated() {
            let columns = try numbers(of: index, Set(FrameBlock.Field.allCases))
            var place = 0
            for frame in process.runs.joined() {
                let numbers = columns[place]
                frames[frame].processes.append(
                    ProcessRecord(
                        pid: process.identity.pid, startTicks: process.identity.startTicks, name: process.name,
                        username: process.username, cpuTicks: numbers.cpuTicks,
                        cpuTicksSinceLast: numbers.cpuTicksSinceLast, residentBytes: numbers.residentBytes,
                        readBytes: numbers.readBytes, writeBytes: numbers.writeBytes, threads: numbers.threads,
                        state: numbers.state, cgroup: numbers.cgroup, command: numbers.command,
                        openFiles: numbers.openFiles, swapBytes: numbers.swapBytes))
                place += 1
            }
        }
        return frames
    }

    static func narrowed(_ column: [Int64]) throws(CodecError) -> [UInt32] {
        var narrow: [UInt32] = []
        narrow.reserveCapacity(column.count)
        for number in column {
            guard let number = UInt32(exactly: number) else {
                throw .malformed(position: 0, reason: "number over 32 bits")
            }
            narrow.append(number)
        }
        return narrow
    }
}

/// The presence columns of a block, handed out process by process.
private struct RunReader {
    private let counts: [Int64]
    private let gaps: [Int64]
    private let lengths: [Int64]
    private var process = 0
    private var run = 0
    private var presences = 0

    init(processes: Int, from reader: inout ByteReader) throws(CodecError) {
        let position = reader.position
        counts = try IntegerColumn.decode(count: processes, from: &reader)
        var total = 0
        for count in counts {
            guard count > 0, count <= FrameBlock.presencesMax, total + Int(count) <= FrameBlock.presencesMax else {
                throw .malformed(position: position, reason: "number of runs out of bounds")
            }
            total += Int(count)
        }
        gaps = try IntegerColumn.decode(count: total, from: &reader)
        lengths = try IntegerColumn.decode(count: total, from: &reader)
    }

    mutating func next(frameCount: Int, at position: Int) throws(CodecError) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        var end = 0
        for i in run..<run + Int(counts[process]) {
            let (gap, length) = (gaps[i], lengths[i])
            guard gap >= (runs.isEmpty ? 0 : 1), length >= 1, gap <= frameCount, length <= frameCount,
                end + Int(gap) + Int(length) <= frameCount
            else { throw .malformed(position: position, reason: "run outside the frames") }
            runs.append(end + Int(gap)..<end + Int(gap) + Int(length))
            end += Int(gap) + Int(length)
            presences += Int(length)
        }
        guard presences <= FrameBlock.presencesMax else {
            throw .malformed(position: position, reason: "too many frames of processes")
        }
        run += Int(counts[process])
        process += 1
        return runs
    }
}
