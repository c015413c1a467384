import Model

/// The label sets of an import, each once, numbered in order of arrival.
///
/// Kept as bytes in large pieces: a million series take about their bytes and 20 more each, where as many arrays and a
/// dictionary would take twice that.
struct LabelTable {
    private static let pieceBytes = 1 << 20

    private var pieces: [[UInt8]] = []
    /// Piece and offset of each set.
    private var places: [(piece: UInt32, offset: UInt32, count: UInt32)] = []
    /// Open addressing, a power of two; number + 1, 0 where free.
    private var slots = [UInt32](repeating: 0, count: 1024)

    private(set) var count = 0

    /// The label set of a number.
    func labels(of number: Int) -> Labels {
        let place = places[number]
        return Labels(uncheckedBytes: Array(pieces[Int(place.piece)][range(place)]))
    }

    /// The bytes of the label set of a number.
    func bytes(of number: Int) -> ArraySlice<UInt8> {
        let place = places[number]
        return pieces[Int(place.piece)][range(place)]
    }

    /// Sorts numbers by all labels but the metric's name, then by arrival: what is told of one process or device comes
    /// together, shares its labels in the registry, and meets in one block, where one column follows from another.
    func sortByOrigin(_ numbers: inout [Int]) {
        numbers.sort { lhs, rhs in
            let (one, other) = (origin(of: lhs), origin(of: rhs))
            let (mine, its) = (one.span, other.span)
            for place in 0..<min(mine.count, its.count) where mine[place] != its[place] {
                return mine[place] < its[place]
            }
            return mine.count == its.count ? lhs < rhs : mine.count < its.count
        }
    }

    /// The bytes behind the name's label, where that is the first as it nearly always is.
    private func origin(of number: Int) -> ArraySlice<UInt8> {
        let bytes = bytes(of: number)
        let name = Labels.metricNameLabel.utf8
        // Lengths of names and values below 128 take a byte.
        let value = bytes.startIndex + 1 + name.count
        guard bytes.count > name.count + 1, bytes.first == UInt8(name.count), bytes[value] < 0x80,
            bytes[(bytes.startIndex + 1)..<value].elementsEqual(name)
        else { return bytes }
        return bytes[(value + 1 + Int(bytes[value]))...]
    }

    /// The number of a label set; nil where the table has none.
    func number(of labels: Labels) -> Int? {
        let slot = self.slot(of: labels.bytes)
        return slots[slot] == 0 ? nil : Int(slots[slot]) - 1
    }

    /// The number of a label set, a new one where the table had none.
    mutating func insert(_ labels: Labels) -> Int {
        let slot = self.slot(of: labels.bytes)
        if slots[slot] != 0 { return Int(slots[slot]) - 1 }
        if (pieces.last?.count ?? LabelTable.pieceBytes) + labels.bytes.count > LabelTable.pieceBytes {
            pieces.append([])
            pieces[pieces.count - 1].reserveCapacity(max(LabelTable.pieceBytes, labels.bytes.count))
        }
        let piece = pieces.count - 1
        places.append((UInt32(piece), UInt32(pieces[piece].count), UInt32(labels.bytes.count)))
        pieces[piece].append(contentsOf: labels.bytes)
        count += 1
        slots[slot] = UInt32(count)
        if count * 2 > slots.count { grow() }
        return count - 1
    }

    private func range(_ place: (piece: UInt32, offset: UInt32, count: UInt32)) -> Range<Int> {
        Int(place.offset)..<Int(place.offset + place.count)
    }

    /// Where the set is, or would be.
    private func slot(of bytes: [UInt8]) -> Int {
        var slot = LabelTable.hash(bytes[...]) & (slots.count - 1)
        while slots[slot] != 0 {
            let place = places[Int(slots[slot]) - 1]
            if Int(place.count) == bytes.count, pieces[Int(place.piece)][range(place)].elementsEqual(bytes) { break }
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private mutating func grow() {
        var larger = [UInt32](repeating: 0, count: slots.count * 2)
        for number in 0..<count {
            let place = places[number]
            var slot = LabelTable.hash(pieces[Int(place.piece)][range(place)]) & (larger.count - 1)
            while larger[slot] != 0 { slot = (slot + 1) & (larger.count - 1) }
            larger[slot] = UInt32(number + 1)
        }
        slots = larger
    }

    private static func hash(_ bytes: ArraySlice<UInt8>) -> Int {
        var hasher = Hasher()
        // The bytes are read during the call only.
        unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return hasher.finalize()
    }
}
