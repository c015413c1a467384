package import Model

/// Reads what ``FrameRowEncoder`` wrote: rows in order, the first a key row.
///
/// Whatever the bytes are, decoding returns or throws. After a throw, go on at the next key row.
package struct FrameRowDecoder: Sendable {
    private var previous: ProcessFrame?
    private var strings: [String] = []
    /// Whether the row being decoded is of a kind that is no longer written.
    private var isEarlier = false

    /// Before the first row, which has to be a key row.
    package init() {}

    /// Whether `row` is a key row, at which reading can begin.
    package static func isKey(_ row: [UInt8]) -> Bool {
        row.first == FrameRow.keyKind || row.first == FrameRow.earlierKeyKind
    }

    /// The frame of the next row.
    package mutating func decode(_ bytes: [UInt8], time: Timestamp) throws(CodecError) -> ProcessFrame {
        var reader = ByteReader(bytes)
        var frame: ProcessFrame
        let base = previous
        // Nothing can be built on a row that turns out to be damaged.
        previous = nil
        let kind = try reader.u8()
        isEarlier = kind == FrameRow.earlierKeyKind || kind == FrameRow.earlierDeltaKind
        switch kind {
        case FrameRow.keyKind, FrameRow.earlierKeyKind: frame = try key(from: &reader, time: time)
        case FrameRow.deltaKind, FrameRow.earlierDeltaKind:
            guard let base else { throw .malformed(position: 0, reason: "delta row without the row before it") }
            frame = try delta(from: &reader, time: time, previous: base)
        default: throw .unknownVersion(position: 0, number: kind)
        }
        try reader.finish()
        previous = frame
        return frame
    }

    private mutating func key(from reader: inout ByteReader, time: Timestamp) throws(CodecError) -> ProcessFrame {
        var frame = ProcessFrame(
            time: time, elapsedMilliseconds: try reader.zigzag(), memoryTotalBytes: try reader.varint(),
            ticksPerSecond: try narrow(from: &reader), bootSeconds: isEarlier ? 0 : try reader.zigzag(), processes: [])
        strings = try StringTable.decode(from: &reader)
        frame.processes = try processes(from: &reader)
        return frame
    }

    private mutating func delta(
        from reader: inout ByteReader, time: Timestamp, previous: ProcessFrame
    ) throws(CodecError) -> ProcessFrame {
        let flags = try reader.u8()
        let flagsKnown = isEarlier ? FrameRow.Flag.earlier : FrameRow.Flag.all
        guard flags & ~flagsKnown == 0 else { throw .malformed(position: 1, reason: "reserved row flags") }
        var frame = previous
        frame.time = time
        frame.elapsedMilliseconds &+= try reader.zigzag()
        if flags & FrameRow.Flag.memoryTotal != 0 { frame.memoryTotalBytes = try reader.varint() }
        if flags & FrameRow.Flag.ticksPerSecond != 0 { frame.ticksPerSecond = try narrow(from: &reader) }
        if flags & FrameRow.Flag.boot != 0 { frame.bootSeconds &+= try reader.zigzag() }
        if flags & FrameRow.Flag.strings != 0 { strings += try StringTable.decode(from: &reader) }
        if flags & FrameRow.Flag.gone != 0 {
            let gone = try FrameRow.flags(count: frame.processes.count, from: &reader)
            frame.processes = zip(frame.processes, gone).compactMap { $1 ? nil : $0 }
        }
        let changed =
            flags & FrameRow.Flag.changed == 0
            ? [Bool](repeating: false, count: frame.processes.count)
            : try FrameRow.flags(count: frame.processes.count, from: &reader)
        for (i, isChanged) in changed.enumerated() {
            if isChanged {
                try applyChange(to: &frame.processes[i], from: &reader)
            } else {
                frame.processes[i].cpuTicksSinceLast = 0
            }
        }
        if flags & FrameRow.Flag.added != 0 {
            let position = reader.position
            frame.processes = try FrameRowDecoder.merge(
                frame.processes, try processes(from: &reader), position: position)
        }
        return frame
    }

    /// A list of processes in order of identity.
    private func processes(from reader: inout ByteReader) throws(CodecError) -> [ProcessRecord] {
        // A process takes nine bytes and more.
        let count = try reader.count(atMost: reader.remaining / 9, "number of processes")
        var list: [ProcessRecord] = []
        list.reserveCapacity(count)
        var pid: Int64 = 0
        var start: UInt64 = 0
        for _ in 0..<count {
            let position = reader.position
            pid &+= try reader.zigzag()
            start &+= UInt64(bitPattern: try reader.zigzag())
            guard let narrowPid = Int32(exactly: pid) else {
                throw .malformed(position: position, reason: "pid out of bounds")
            }
            let process = try record(pid: narrowPid, startTicks: start, from: &reader)
            if let last = list.last, ProcessIdentity(last) >= ProcessIdentity(process) {
                throw .malformed(position: position, reason: "processes out of order")
            }
            list.append(process)
        }
        return list
    }

    private func record(
        pid: Int32, startTicks: UInt64, from reader: inout ByteReader
    ) throws(CodecError) -> ProcessRecord {
        let name = try string(from: &reader)
        let username = try string(from: &reader)
        let cpuTicks = try reader.varint()
        let sinceLast = try reader.varint()
        let resident = try reader.varint()
        let position = reader.position
        let known = try reader.u8()
        guard known & ~(isEarlier ? FrameRow.Known.earlier : FrameRow.Known.all) == 0 else {
            throw .malformed(position: position, reason: "reserved record bits")
        }
        let read = known & FrameRow.Known.read == 0 ? nil : try reader.varint()
        let written = known & FrameRow.Known.written == 0 ? nil : try reader.varint()
        var process = ProcessRecord(
            pid: pid, startTicks: startTicks, name: name, username: username, cpuTicks: cpuTicks,
            cpuTicksSinceLast: sinceLast, residentBytes: resident, readBytes: read, writeBytes: written,
            threads: try narrow(from: &reader))
        if isEarlier { return process }
        process.state = try FrameRow.state(of: try reader.u8(), position: reader.position)
        if known & FrameRow.Known.cgroup != 0 { process.cgroup = try string(from: &reader) }
        if known & FrameRow.Known.command != 0 { process.command = try string(from: &reader) }
        if known & FrameRow.Known.openFiles != 0 { process.openFiles = try narrow(from: &reader) }
        if known & FrameRow.Known.swap != 0 { process.swapBytes = try reader.varint() }
        return process
    }

    private func applyChange(to process: inout ProcessRecord, from reader: inout ByteReader) throws(CodecError) {
        let position = reader.position
        let mask = try reader.u8()
        if mask == FrameRow.Change.record {
            process = try record(pid: process.pid, startTicks: process.startTicks, from: &reader)
            return
        }
        guard mask & FrameRow.Change.record == 0, !isEarlier || mask & FrameRow.Change.more == 0 else {
            throw .malformed(position: position, reason: "reserved change bits")
        }
        let cpuTicks = mask & FrameRow.Change.cpuTicks == 0 ? 0 : UInt64(bitPattern: try reader.zigzag())
        process.cpuTicks &+= cpuTicks
        process.cpuTicksSinceLast = mask & FrameRow.Change.sinceLast == 0 ? cpuTicks : try reader.varint()
        if mask & FrameRow.Change.resident != 0 {
            let difference = FrameRow.difference(try reader.varint(), unit: FrameRow.residentUnit)
            process.residentBytes &+= UInt64(bitPattern: difference)
        }
        if mask & FrameRow.Change.read != 0 {
            let difference = FrameRow.difference(try reader.varint(), unit: FrameRow.ioUnit)
            process.readBytes = process.readBytes.map { $0 &+ UInt64(bitPattern: difference) }
        }
        if mask & FrameRow.Change.written != 0 {
            let difference = FrameRow.difference(try reader.varint(), unit: FrameRow.ioUnit)
            process.writeBytes = process.writeBytes.map { $0 &+ UInt64(bitPattern: difference) }
        }
        if mask & FrameRow.Change.threads != 0 { process.threads = try narrow(from: &reader) }
        if mask & FrameRow.Change.more != 0 { try applyMore(to: &process, from: &reader) }
    }

    private func applyMore(to process: inout ProcessRecord, from reader: inout ByteReader) throws(CodecError) {
        let position = reader.position
        let more = try reader.u8()
        process.state = try FrameRow.state(of: more & ~FrameRow.Change.figures, position: position)
        guard more & FrameRow.Change.figures != 0 else { return }
        let figures = try reader.u8()
        guard figures & ~(FrameRow.Change.openFiles | FrameRow.Change.swap) == 0 else {
            throw .malformed(position: position, reason: "reserved change bits")
        }
        if figures & FrameRow.Change.openFiles != 0 {
            let (sum, overflow) = Int64(process.openFiles ?? 0).addingReportingOverflow(try reader.zigzag())
            guard !overflow, let count = UInt32(exactly: sum) else {
                throw .malformed(position: position, reason: "number of open files out of bounds")
            }
            process.openFiles = process.openFiles == nil ? nil : count
        }
        if figures & FrameRow.Change.swap != 0 {
            let difference = FrameRow.difference(try reader.varint(), unit: FrameRow.residentUnit)
            process.swapBytes = process.swapBytes.map { $0 &+ UInt64(bitPattern: difference) }
        }
    }

    private func string(from reader: inout ByteReader) throws(CodecError) -> String {
        strings[try reader.count(atMost: strings.count - 1, "number of a string")]
    }

    private func narrow(from reader: inout ByteReader) throws(CodecError) -> UInt32 {
        UInt32(try reader.count(atMost: Int(UInt32.max), "number"))
    }

    /// Two ordered lists as one.
    private static func merge(
        _ lhs: [ProcessRecord], _ rhs: [ProcessRecord], position: Int
    ) throws(CodecError) -> [ProcessRecord] {
        var merged: [ProcessRecord] = []
        merged.reserveCapacity(lhs.count + rhs.count)
        var next = lhs.startIndex
        for process in rhs {
            while next < lhs.endIndex, ProcessIdentity(lhs[next]) < ProcessIdentity(process) {
                merged.append(lhs[next])
                next += 1
            }
            if next < lhs.endIndex, ProcessIdentity(lhs[next]) == ProcessIdentity(process) {
                throw .malformed(position: position, reason: "process given twice")
            }
            merged.append(process)
        }
        merged += lhs[next...]
        return merged
    }
}
