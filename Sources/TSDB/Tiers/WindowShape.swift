/// When a series had samples: all of its windows but the values. Series of one scrape share it. The format is drawn in
/// TierBlock.swift.
struct WindowShape: Hashable {
    var ends: [Int64] = []
    var counts: [Int] = []
    var firstTimes: [Int64] = []
    var lastTimes: [Int64] = []
    var isStale: [Bool] = []

    init(_ windows: WindowColumns) {
        ends = windows.ends
        counts = windows.counts
        firstTimes = windows.firstTimes
        lastTimes = windows.lastTimes
        isStale = windows.isStale
    }

    /// - Parameter start: start of the block's span in milliseconds.
    func encoded(start: Int64, length: Int64) -> [UInt8] {
        var writer = ByteWriter()
        writer.varint(ends.count)
        var gaps: [Int64] = []
        var expected: Int64 = 1
        for end in ends {
            let place = (end - start) / length
            gaps.append(place - expected)
            expected = place + 1
        }
        IntegerColumn.encode(gaps, into: &writer)
        IntegerColumn.encode(counts.map { Int64($0) }, into: &writer)
        IntegerColumn.encode(ends.indices.map { firstTimes[$0] - (ends[$0] - length) }, into: &writer)
        IntegerColumn.encode(ends.indices.map { ends[$0] - lastTimes[$0] }, into: &writer)
        IntegerColumn.encode(isStale.map { $0 ? 1 : 0 }, into: &writer)
        return writer.bytes
    }

    /// Reads a shape to the end of `reader`.
    init(from reader: inout ByteReader, layer: TierLayer, start: Int64) throws(CodecError) {
        let length = layer.tier.windowMilliseconds
        let count = try reader.count(atMost: layer.windowsMax, "windows")
        let gaps = try IntegerColumn.decode(count: count, from: &reader)
        let samples = try IntegerColumn.decode(count: count, from: &reader)
        let afterStart = try IntegerColumn.decode(count: count, from: &reader)
        let beforeEnd = try IntegerColumn.decode(count: count, from: &reader)
        let stale = try IntegerColumn.decode(count: count, from: &reader)
        try reader.finish()
        var place: Int64 = 0
        for index in 0..<count {
            guard (0..<Int64(layer.windowsMax)).contains(gaps[index]) else {
                throw .malformed(position: index, reason: "place of a window")
            }
            place += gaps[index] + 1
            let end = start + place * length
            let (first, last) = (end - length &+ afterStart[index], end &- beforeEnd[index])
            guard place <= layer.windowsMax, (0...Int64(CodecLimits.columnValuesMax)).contains(samples[index]),
                (1...length).contains(afterStart[index]), (0..<length).contains(beforeEnd[index]), first <= last,
                (0...1).contains(stale[index])
            else { throw .malformed(position: index, reason: "shape of a window") }
            ends.append(end)
            counts.append(Int(samples[index]))
            firstTimes.append(first)
            lastTimes.append(last)
            isStale.append(stale[index] == 1)
        }
    }
}
