/// The columns of times of one block, each decoded when it is first asked for: where series come and go a block has
/// many, and a query needs those of its own series.
struct TimeColumns {
    /// Ticks of each column.
    private(set) var counts: [Int] = []
    private var columns: [[Int64]?] = []
    /// Where the bytes of each column lie in ``bytes``.
    private var places: [Range<Int>] = []
    private var bytes: [UInt8] = []
    private var start: Int64 = 0
    private var interval: Int64 = 0

    init() {}

    /// Moves `reader` behind the columns.
    init(from reader: inout ByteReader, ticks: Int, start: Int64, interval: Int64) throws(CodecError) {
        // A column of a few bytes may stand for any number of ticks, so their sum has a bound, too.
        var room = CodecLimits.columnValuesMax
        for _ in 0..<(try reader.count(atMost: reader.remaining, "time columns")) {
            let count = try reader.count(atMost: min(ticks, room), "ticks of a column")
            room -= count
            let begin = reader.position
            try IntegerColumn.skip(in: &reader)
            counts.append(count)
            places.append(begin..<reader.position)
        }
        columns = [[Int64]?](repeating: nil, count: counts.count)
        bytes = reader.bytes
        self.start = start
        self.interval = interval
    }

    var count: Int { counts.count }

    /// Bytes that the columns take as far as they are decoded, and those they come from.
    var decodedBytes: Int { bytes.count + columns.reduce(0) { $0 + 64 + ($1?.count ?? 0) * 8 } }

    /// Strictly ascending.
    mutating func column(_ number: Int, using huffman: inout HuffmanDecoder) throws(CodecError) -> [Int64] {
        if let known = columns[number] { return known }
        var reader = ByteReader(bytes, from: places[number].lowerBound, to: places[number].upperBound)
        var column = try IntegerColumn.decode(count: counts[number], from: &reader, using: &huffman)
        try reader.finish()
        var last = Recorder.times.lowerBound - 1
        var isAscending = true
        var span = column.mutableSpan
        for index in span.indices {
            // Wrapping: hostile numbers give wrong times, which the order check finds, never a trap.
            let time = span[index] &+ start &+ Int64(index) &* interval
            isAscending = isAscending && time > last
            span[index] = time
            last = time
        }
        guard isAscending else { throw .malformed(position: reader.position, reason: "times that do not ascend") }
        guard last <= Recorder.times.upperBound else {
            throw .malformed(position: reader.position, reason: "a time beyond all times")
        }
        columns[number] = column
        return column
    }

    mutating func all(using huffman: inout HuffmanDecoder) throws(CodecError) -> [[Int64]] {
        var all: [[Int64]] = []
        for number in counts.indices { all.append(try column(number, using: &huffman)) }
        return all
    }
}
