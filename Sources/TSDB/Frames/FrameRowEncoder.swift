package import Model

/// Writes the process frames of a head, one row each. The drawing is in FrameRow.swift.
///
/// A value: keep a copy to go back to where a row could not be stored.
package struct FrameRowEncoder: Sendable {
    /// The frame of the row before, its processes in order; nil before the first row.
    private var previous: ProcessFrame?
    private var strings = StringTable()

    /// Before the first row, which will be a key row.
    package init() {}

    /// Whether the next row is a key row even if none is asked for.
    package var needsKey: Bool { previous == nil }

    /// The row of `frame`. The first is a key row in any case. Processes are put in order of (pid, start).
    package mutating func encode(_ frame: ProcessFrame, isKey: Bool) -> [UInt8] {
        var frame = frame
        frame.processes = frame.orderedProcesses
        defer { previous = frame }
        if !isKey, let previous { return delta(frame, from: previous) }
        return key(frame)
    }

    private mutating func key(_ frame: ProcessFrame) -> [UInt8] {
        strings = StringTable()
        var body = ByteWriter()
        write(frame.processes, into: &body)
        var row = ByteWriter()
        row.u8(FrameRow.keyKind)
        row.zigzag(frame.elapsedMilliseconds)
        row.varint(frame.memoryTotalBytes)
        row.varint(UInt64(frame.ticksPerSecond))
        row.zigzag(frame.bootSeconds)
        strings.encode(from: 0, into: &row)
        row.append(body.bytes)
        return row.bytes
    }

    private mutating func delta(_ frame: ProcessFrame, from previous: ProcessFrame) -> [UInt8] {
        let firstNewString = strings.strings.count
        var gone: [Bool] = []
        var changed: [Bool] = []
        var changes = ByteWriter()
        var added: [ProcessRecord] = []
        var next = frame.processes.startIndex
        for old in previous.processes {
            while next < frame.processes.endIndex,
                ProcessIdentity(frame.processes[next]) < ProcessIdentity(old)
            {
                added.append(frame.processes[next])
                next += 1
            }
            let stays =
                next < frame.processes.endIndex
                && ProcessIdentity(frame.processes[next]) == ProcessIdentity(old)
            gone.append(!stays)
            guard stays else { continue }
            let before = changes.count
            writeChange(from: old, to: frame.processes[next], into: &changes)
            changed.append(changes.count > before)
            next += 1
        }
        added += frame.processes[next...]
        var additions = ByteWriter()
        if !added.isEmpty { write(added, into: &additions) }

        var flags: UInt8 = 0
        if frame.memoryTotalBytes != previous.memoryTotalBytes { flags |= FrameRow.Flag.memoryTotal }
        if frame.ticksPerSecond != previous.ticksPerSecond { flags |= FrameRow.Flag.ticksPerSecond }
        if strings.strings.count > firstNewString { flags |= FrameRow.Flag.strings }
        if gone.contains(true) { flags |= FrameRow.Flag.gone }
        if changed.contains(true) { flags |= FrameRow.Flag.changed }
        if !added.isEmpty { flags |= FrameRow.Flag.added }
        if frame.bootSeconds != previous.bootSeconds { flags |= FrameRow.Flag.boot }
        var row = ByteWriter()
        row.u8(FrameRow.deltaKind)
        row.u8(flags)
        row.zigzag(frame.elapsedMilliseconds &- previous.elapsedMilliseconds)
        if flags & FrameRow.Flag.memoryTotal != 0 { row.varint(frame.memoryTotalBytes) }
        if flags & FrameRow.Flag.ticksPerSecond != 0 { row.varint(UInt64(frame.ticksPerSecond)) }
        if flags & FrameRow.Flag.boot != 0 { row.zigzag(frame.bootSeconds &- previous.bootSeconds) }
        if flags & FrameRow.Flag.strings != 0 { strings.encode(from: firstNewString, into: &row) }
        if flags & FrameRow.Flag.gone != 0 { row.append(FrameRow.bitmap(gone)) }
        if flags & FrameRow.Flag.changed != 0 { row.append(FrameRow.bitmap(changed)) }
        row.append(changes.bytes)
        row.append(additions.bytes)
        return row.bytes
    }

    private mutating func write(_ processes: [ProcessRecord], into writer: inout ByteWriter) {
        writer.varint(processes.count)
        var pid: Int32 = 0
        var start: UInt64 = 0
        for process in processes {
            writer.zigzag(Int64(process.pid) - Int64(pid))
            writer.zigzag(Int64(bitPattern: process.startTicks &- start))
            writeRecord(process, into: &writer)
            (pid, start) = (process.pid, process.startTicks)
        }
    }

    private mutating func writeRecord(_ process: ProcessRecord, into writer: inout ByteWriter) {
        writer.varint(strings.number(of: process.name))
        writer.varint(strings.number(of: process.username))
        writer.varint(process.cpuTicks)
        writer.varint(process.cpuTicksSinceLast)
        writer.varint(process.residentBytes)
        var known: UInt8 = 0
        if process.readBytes != nil { known |= FrameRow.Known.read }
        if process.writeBytes != nil { known |= FrameRow.Known.written }
        if process.cgroup != nil { known |= FrameRow.Known.cgroup }
        if process.command != nil { known |= FrameRow.Known.command }
        if process.openFiles != nil { known |= FrameRow.Known.openFiles }
        if process.swapBytes != nil { known |= FrameRow.Known.swap }
        writer.u8(known)
        if let readBytes = process.readBytes { writer.varint(readBytes) }
        if let writeBytes = process.writeBytes { writer.varint(writeBytes) }
        writer.varint(UInt64(process.threads))
        writer.u8(process.stateByte)
        if let cgroup = process.cgroup { writer.varint(strings.number(of: cgroup)) }
        if let command = process.command { writer.varint(strings.number(of: command)) }
        if let openFiles = process.openFiles { writer.varint(UInt64(openFiles)) }
        if let swapBytes = process.swapBytes { writer.varint(swapBytes) }
    }

    /// Appends nothing where all is as it was and no CPU time was used.
    private mutating func writeChange(
        from old: ProcessRecord, to new: ProcessRecord, into writer: inout ByteWriter
    ) {
        let cpuTicks = new.cpuTicks &- old.cpuTicks
        let resident = FrameRow.scaled(
            Int64(bitPattern: new.residentBytes &- old.residentBytes), unit: FrameRow.residentUnit)
        let read = FrameRow.scaled(
            Int64(bitPattern: (new.readBytes ?? 0) &- (old.readBytes ?? 0)), unit: FrameRow.ioUnit)
        let written = FrameRow.scaled(
            Int64(bitPattern: (new.writeBytes ?? 0) &- (old.writeBytes ?? 0)), unit: FrameRow.ioUnit)
        let swap = FrameRow.scaled(
            Int64(bitPattern: (new.swapBytes ?? 0) &- (old.swapBytes ?? 0)), unit: FrameRow.residentUnit)
        guard new.isSameKind(as: old), let resident, let read, let written, let swap else {
            writer.u8(FrameRow.Change.record)
            writeRecord(new, into: &writer)
            return
        }
        var mask: UInt8 = 0
        if cpuTicks != 0 { mask |= FrameRow.Change.cpuTicks }
        if new.cpuTicksSinceLast != cpuTicks { mask |= FrameRow.Change.sinceLast }
        if resident != 0 { mask |= FrameRow.Change.resident }
        if read != 0 { mask |= FrameRow.Change.read }
        if written != 0 { mask |= FrameRow.Change.written }
        if new.threads != old.threads { mask |= FrameRow.Change.threads }
        let openFiles = Int64(new.openFiles ?? 0) - Int64(old.openFiles ?? 0)
        if new.stateByte != old.stateByte || openFiles != 0 || swap != 0 { mask |= FrameRow.Change.more }
        guard mask != 0 else { return }
        writer.u8(mask)
        if cpuTicks != 0 { writer.zigzag(Int64(bitPattern: cpuTicks)) }
        if new.cpuTicksSinceLast != cpuTicks { writer.varint(new.cpuTicksSinceLast) }
        if resident != 0 { writer.varint(resident) }
        if read != 0 { writer.varint(read) }
        if written != 0 { writer.varint(written) }
        if new.threads != old.threads { writer.varint(UInt64(new.threads)) }
        guard mask & FrameRow.Change.more != 0 else { return }
        var figures: UInt8 = 0
        if openFiles != 0 { figures |= FrameRow.Change.openFiles }
        if swap != 0 { figures |= FrameRow.Change.swap }
        writer.u8(new.stateByte | (figures == 0 ? 0 : FrameRow.Change.figures))
        if figures != 0 { writer.u8(figures) }
        if openFiles != 0 { writer.zigzag(openFiles) }
        if swap != 0 { writer.varint(swap) }
    }
}

extension ProcessRecord {
    /// The state as the formats hold it: 0 where it is unknown or no ASCII.
    var stateByte: UInt8 { state.map { $0 < 128 ? $0 : 0 } ?? 0 }

    /// Whether all texts are the same, and what is unknown of one is unknown of the other.
    fileprivate func isSameKind(as old: ProcessRecord) -> Bool {
        func isSame(_ text: String?, _ other: String?) -> Bool {
            guard let text, let other else { return text == nil && other == nil }
            return text.utf8.elementsEqual(other.utf8)
        }
        return isSame(name, old.name) && isSame(username, old.username) && isSame(cgroup, old.cgroup)
            && isSame(command, old.command) && (readBytes == nil) == (old.readBytes == nil)
            && (writeBytes == nil) == (old.writeBytes == nil) && (openFiles == nil) == (old.openFiles == nil)
            && (swapBytes == nil) == (old.swapBytes == nil)
    }
}
