package import Model

/// One process frame in the head, as a key row (complete) or as a delta row against the row before it.
///
///     key     03 | elapsed zigzag | memory total varint | ticks a second varint | boot (s) zigzag
///                | strings | processes varint | process ...
///     delta   04 | flags u8 | elapsed zigzag (difference)
///                | [memory total varint] | [ticks a second varint]          flags bit 0, bit 1
///                | [boot zigzag (difference)]                                bit 6
///                | [strings]                                                 bit 2: appended to the table
///                | [bitmap of the processes before, 1 = gone]                bit 3
///                | [bitmap of those that stayed, 1 = changed | change ...]   bit 4
///                | [new processes varint | process ...]                      bit 5; bit 7 is 0
///
///     strings  count varint | (length varint | UTF-8) ...     all texts, numbered from the last key row on
///     process  pid zigzag (difference to the process before it in this row) | start zigzag (likewise) | record
///     record   name varint | user varint | CPU ticks varint | CPU ticks since last varint | resident varint
///              | known u8 (bits 0 to 5: read, written, control group, command, open files, swap)
///              | [read varint] | [written varint] | threads varint | state u8 (ASCII, 0 unknown)
///              | [control group varint] | [command varint] | [open files varint] | [swap varint]
///     change   mask u8 | what the mask names, in this order:
///              bit 0  CPU ticks zigzag (difference)
///              bit 1  CPU ticks since last varint; else they are that difference
///              bit 2  resident (scaled difference, unit 4096)
///              bit 3  read     (scaled difference, unit 512)
///              bit 4  written  (scaled difference, unit 512)
///              bit 5  threads varint
///              bit 6  more u8: the state as it is now, and bit 7 for | what u8 | what it names, in this order:
///                     bit 0  open files zigzag (difference)
///                     bit 1  swap (scaled difference, unit 4096)
///              bit 7  alone: a record
///     scaled   varint: z << 1 where the difference is a multiple of the unit, z = zigzag(difference / unit);
///              else z << 1 | 1, z = zigzag(difference)
///
/// Bitmaps hold one bit a process, the first in the lowest bit, in whole bytes. Processes are in order of (pid, start).
/// The time is the row's key. A process that used 3 ticks and nothing else: 01 06.
///
/// Rows of before are read: a key row 01 and a delta row 02 are the same without boot, state and all that follows it,
/// without bits 2 to 5 of `known` and without bits 6.
enum FrameRow {
    static let keyKind: UInt8 = 3
    static let deltaKind: UInt8 = 4
    /// Without boot, state, control group, command, open files and swap; no longer written.
    static let earlierKeyKind: UInt8 = 1
    static let earlierDeltaKind: UInt8 = 2

    /// Bits of a delta row's flags.
    enum Flag {
        static let memoryTotal: UInt8 = 1
        static let ticksPerSecond: UInt8 = 2
        static let strings: UInt8 = 4
        static let gone: UInt8 = 8
        static let changed: UInt8 = 16
        static let added: UInt8 = 32
        static let boot: UInt8 = 64
        static let all: UInt8 = 127
        static let earlier: UInt8 = 63
    }

    /// Bits of what a record knows.
    enum Known {
        static let read: UInt8 = 1
        static let written: UInt8 = 2
        static let cgroup: UInt8 = 4
        static let command: UInt8 = 8
        static let openFiles: UInt8 = 16
        static let swap: UInt8 = 32
        static let all: UInt8 = 63
        static let earlier: UInt8 = 3
    }

    /// Bits of a change's mask.
    enum Change {
        static let cpuTicks: UInt8 = 1
        static let sinceLast: UInt8 = 2
        static let resident: UInt8 = 4
        static let read: UInt8 = 8
        static let written: UInt8 = 16
        static let threads: UInt8 = 32
        static let more: UInt8 = 64
        static let record: UInt8 = 128

        /// Bit of `more`; the others are the state.
        static let figures: UInt8 = 128
        static let openFiles: UInt8 = 1
        static let swap: UInt8 = 2
    }

    /// Of resident memory and of swap.
    static let residentUnit: Int64 = 4096
    static let ioUnit: Int64 = 512

    /// A difference as a varint of whole units or of bytes; nil where neither fits.
    static func scaled(_ difference: Int64, unit: Int64) -> UInt64? {
        if difference % unit == 0 { return (difference / unit).zigzagged << 1 }
        let mapped = difference.zigzagged
        return mapped >> 63 == 0 ? mapped << 1 | 1 : nil
    }

    /// Undoes ``scaled(_:unit:)``.
    static func difference(_ scaled: UInt64, unit: Int64) -> Int64 {
        scaled & 1 == 0 ? (scaled >> 1).unzigzagged &* unit : (scaled >> 1).unzigzagged
    }

    /// The state that a byte stands for; nil for 0.
    static func state(of byte: UInt8, position: Int) throws(CodecError) -> UInt8? {
        guard byte < 128 else { throw .malformed(position: position, reason: "a state that is no letter") }
        return byte == 0 ? nil : byte
    }

    /// One bit for each flag, the first in the lowest bit of the first byte.
    static func bitmap(_ flags: [Bool]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: (flags.count + 7) / 8)
        for (i, flag) in flags.enumerated() where flag { bytes[i / 8] |= 1 << UInt8(i % 8) }
        return bytes
    }

    static func flags(count: Int, from reader: inout ByteReader) throws(CodecError) -> [Bool] {
        let bytes = try reader.slice((count + 7) / 8)
        return (0..<count).map { bytes[bytes.startIndex + $0 / 8] >> UInt8($0 % 8) & 1 == 1 }
    }
}

/// The names and users of a run of rows, numbered in order of appearance. Strings are told apart by their bytes.
struct StringTable: Sendable {
    private(set) var strings: [[UInt8]] = []
    private var numbers: [[UInt8]: Int] = [:]

    /// The number of `text`, given now where it is new.
    mutating func number(of text: String) -> Int {
        let bytes = Array(text.utf8)
        if let number = numbers[bytes] { return number }
        numbers[bytes] = strings.count
        strings.append(bytes)
        return strings.count - 1
    }

    func encode(from first: Int, into writer: inout ByteWriter) {
        writer.varint(strings.count - first)
        for string in strings[first...] { writer.field(string) }
    }

    /// Reads a list of strings.
    static func decode(from reader: inout ByteReader) throws(CodecError) -> [String] {
        // A string takes at least its length's byte.
        let count = try reader.count(atMost: reader.remaining, "number of strings")
        var strings: [String] = []
        strings.reserveCapacity(count)
        for _ in 0..<count { strings.append(String(decoding: try reader.field(), as: UTF8.self)) }
        return strings
    }
}

/// What makes a process the same one from frame to frame.
package struct ProcessIdentity: Hashable, Comparable, Sendable {
    package var pid: Int32
    package var startTicks: UInt64

    init(pid: Int32, startTicks: UInt64) {
        self.pid = pid
        self.startTicks = startTicks
    }

    package init(_ process: ProcessRecord) {
        self.init(pid: process.pid, startTicks: process.startTicks)
    }

    package static func < (lhs: ProcessIdentity, rhs: ProcessIdentity) -> Bool {
        (lhs.pid, lhs.startTicks) < (rhs.pid, rhs.startTicks)
    }
}

extension ProcessFrame {
    /// The processes in order of identity, each once: what the codecs rely on. Costs nothing where that holds already.
    var orderedProcesses: [ProcessRecord] {
        let isOrdered = zip(processes, processes.dropFirst()).allSatisfy { ProcessIdentity($0) < ProcessIdentity($1) }
        if isOrdered { return processes }
        var seen: Set<ProcessIdentity> = []
        return processes.filter { seen.insert(ProcessIdentity($0)).inserted }
            .sorted { ProcessIdentity($0) < ProcessIdentity($1) }
    }
}
