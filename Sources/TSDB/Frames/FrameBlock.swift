package import Model

/// The process frames of one span (2 h), column by column, so that one process can be read without the others.
///
///     "FB" | version u8 = 2 | frames varint | fields varint | field number u8 ...
///     frame columns     time (ms), elapsed (ms), memory total, ticks a second, boot (s)
///                                                                                an IntegerColumn of `frames` each
///     strings           count varint | (length varint | UTF-8) ...
///     processes varint
///     process columns   pid, start, name, user                                   an IntegerColumn of `processes` each
///     presence          runs of each process (IntegerColumn of `processes`), then for all runs one after another the
///                       frames since the run before, and the frames of the run   an IntegerColumn of all runs each
///     record lengths    in bytes                                                 an IntegerColumn of `processes`
///     records           for each process an IntegerColumn a field, in the order of the field list, one number for each
///                       frame in which the process is present
///
/// A process is (pid, start, name, user): one that takes another name by exec goes on as another. Numbers are the bits
/// of their unsigned values; a text is its number among the strings and one, 0 where it is unknown. A reader passes
/// over the columns of fields it does not know. Of those it knows 1 to 8 are always there; another that is missing is
/// unknown of all processes. Version 1 is the same without the column of boots, and is read.
///
/// The CPU ticks since the last look are stored as their difference from what they are expected to be: at the beginning
/// of a run 0, within it the growth of the CPU ticks. So they take nothing where the sampler missed no frame.
package enum FrameBlock {
    static let magic: [UInt8] = [0x46, 0x42]
    static let version: UInt8 = 2
    /// Without the column of boots; no longer written.
    static let earlierVersion: UInt8 = 1
    /// Frames of one block: 2 h at 18 a second. A guess that bounds what damage can make a reader allocate.
    package static let framesMax = 1 << 17
    /// Frames of all processes together; bounds likewise.
    static let presencesMax = 1 << 22

    /// Columns of a record. A number is never given to another field.
    enum Field: UInt8, CaseIterable {
        case cpuTicks = 1
        case cpuTicksSinceLast = 2
        case residentBytes = 3
        case readBytes = 4
        case writtenBytes = 5
        case threads = 6
        /// 1 where the kernel denied ``readBytes``, whose number repeats the one before it there.
        case readIsUnknown = 7
        /// 1 where the kernel denied ``writtenBytes``.
        case writtenIsUnknown = 8
        /// ASCII, 0 where it is unknown.
        case state = 9
        /// A text.
        case cgroup = 10
        /// A text.
        case command = 11
        /// And one; 0 where it is unknown.
        case openFiles = 12
        case swapBytes = 13
        /// 1 where ``swapBytes`` is unknown, whose number repeats the one before it there.
        case swapIsUnknown = 14

        /// Whether every block has its column.
        var isRequired: Bool { rawValue <= Field.writtenIsUnknown.rawValue }
    }

    /// The block of `frames`, which are in order of time.
    /// - Precondition: there are at most ``framesMax``.
    package static func encode(_ frames: [ProcessFrame]) -> [UInt8] {
        precondition(frames.count <= framesMax, "too many frames for one block")
        var strings = StringTable()
        let tracks = tracks(of: frames, strings: &strings)
        var writer = ByteWriter()
        writer.append(magic)
        writer.u8(version)
        writer.varint(frames.count)
        let fields = Field.allCases.filter { field in
            field.isRequired || tracks.contains { $0.knows(field) }
        }
        writer.varint(fields.count)
        for field in fields { writer.u8(field.rawValue) }
        IntegerColumn.encode(frames.map { $0.time.milliseconds }, into: &writer)
        IntegerColumn.encode(frames.map { $0.elapsedMilliseconds }, into: &writer)
        IntegerColumn.encode(frames.map { Int64(bitPattern: $0.memoryTotalBytes) }, into: &writer)
        IntegerColumn.encode(frames.map { Int64($0.ticksPerSecond) }, into: &writer)
        IntegerColumn.encode(frames.map { $0.bootSeconds }, into: &writer)
        strings.encode(from: 0, into: &writer)
        writer.varint(tracks.count)
        IntegerColumn.encode(tracks.map { Int64($0.key.identity.pid) }, into: &writer)
        IntegerColumn.encode(tracks.map { Int64(bitPattern: $0.key.identity.startTicks) }, into: &writer)
        IntegerColumn.encode(tracks.map { Int64($0.key.name) }, into: &writer)
        IntegerColumn.encode(tracks.map { Int64($0.key.user) }, into: &writer)
        IntegerColumn.encode(tracks.map { Int64($0.runs.count) }, into: &writer)
        IntegerColumn.encode(tracks.flatMap { track in track.gaps }, into: &writer)
        IntegerColumn.encode(tracks.flatMap { track in track.runs.map { Int64($0.count) } }, into: &writer)
        var records = ByteWriter()
        var lengths: [Int64] = []
        for track in tracks {
            let start = records.count
            for field in fields { IntegerColumn.encode(track.column(field), into: &records) }
            lengths.append(Int64(records.count - start))
        }
        IntegerColumn.encode(lengths, into: &writer)
        writer.append(records.bytes)
        return writer.bytes
    }

    /// Sorts the records of all frames by process.
    private static func tracks(of frames: [ProcessFrame], strings: inout StringTable) -> [Track] {
        var tracks: [Track] = []
        var places: [Track.Key: Int] = [:]
        for (number, frame) in frames.enumerated() {
            for process in frame.orderedProcesses {
                let key = Track.Key(
                    identity: ProcessIdentity(process), name: strings.number(of: process.name),
                    user: strings.number(of: process.username))
                let place = places[key] ?? tracks.count
                if place == tracks.count {
                    places[key] = place
                    tracks.append(Track(key: key))
                }
                tracks[place].append(process, in: number, &strings)
            }
        }
        return tracks.sorted { $0.key < $1.key }
    }
}

/// One process on its way into a block.
private struct Track {
    struct Key: Hashable, Comparable {
        var identity: ProcessIdentity
        var name: Int
        var user: Int

        static func < (lhs: Key, rhs: Key) -> Bool {
            lhs.identity == rhs.identity
                ? (lhs.name, lhs.user) < (rhs.name, rhs.user) : lhs.identity < rhs.identity
        }
    }

    var key: Key
    /// The frames in which the process is present.
    var runs: [Range<Int>] = []
    private var cpuTicks: [Int64] = []
    private var sinceLast: [Int64] = []
    private var resident: [Int64] = []
    private var read: [Int64] = []
    private var written: [Int64] = []
    private var threads: [Int64] = []
    private var readIsUnknown: [Int64] = []
    private var writtenIsUnknown: [Int64] = []
    private var state: [Int64] = []
    private var cgroup: [Int64] = []
    private var command: [Int64] = []
    private var openFiles: [Int64] = []
    private var swap: [Int64] = []
    private var swapIsUnknown: [Int64] = []

    init(key: Key) { self.key = key }

    /// Frames between each run and the end of the one before it.
    var gaps: [Int64] {
        runs.indices.map { Int64(runs[$0].lowerBound - ($0 == 0 ? 0 : runs[$0 - 1].upperBound)) }
    }

    mutating func append(_ process: ProcessRecord, in frame: Int, _ strings: inout StringTable) {
        let ticks = Int64(bitPattern: process.cpuTicks)
        var expected: Int64 = 0
        if let last = runs.last, last.upperBound == frame {
            runs[runs.count - 1] = last.lowerBound..<frame + 1
            expected = ticks &- (cpuTicks.last ?? 0)
        } else {
            runs.append(frame..<frame + 1)
        }
        cpuTicks.append(ticks)
        sinceLast.append(Int64(bitPattern: process.cpuTicksSinceLast) &- expected)
        resident.append(Int64(bitPattern: process.residentBytes))
        read.append(process.readBytes.map { Int64(bitPattern: $0) } ?? read.last ?? 0)
        written.append(process.writeBytes.map { Int64(bitPattern: $0) } ?? written.last ?? 0)
        threads.append(Int64(process.threads))
        readIsUnknown.append(process.readBytes == nil ? 1 : 0)
        writtenIsUnknown.append(process.writeBytes == nil ? 1 : 0)
        state.append(Int64(process.stateByte))
        cgroup.append(process.cgroup.map { Int64(strings.number(of: $0)) + 1 } ?? 0)
        command.append(process.command.map { Int64(strings.number(of: $0)) + 1 } ?? 0)
        openFiles.append(process.openFiles.map { Int64($0) + 1 } ?? 0)
        swap.append(process.swapBytes.map { Int64(bitPattern: $0) } ?? swap.last ?? 0)
        swapIsUnknown.append(process.swapBytes == nil ? 1 : 0)
    }

    /// Whether the column of a field that need not be there tells anything.
    func knows(_ field: FrameBlock.Field) -> Bool {
        switch field {
        case .swapBytes, .swapIsUnknown: swapIsUnknown.contains(0)
        default: column(field).contains { $0 != 0 }
        }
    }

    func column(_ field: FrameBlock.Field) -> [Int64] {
        switch field {
        case .cpuTicks: cpuTicks
        case .cpuTicksSinceLast: sinceLast
        case .residentBytes: resident
        case .readBytes: read
        case .writtenBytes: written
        case .threads: threads
        case .readIsUnknown: readIsUnknown
        case .writtenIsUnknown: writtenIsUnknown
        case .state: state
        case .cgroup: cgroup
        case .command: command
        case .openFiles: openFiles
        case .swapBytes: swap
        case .swapIsUnknown: swapIsUnknown
        }
    }
}
