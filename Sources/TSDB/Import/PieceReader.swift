/// What the pieces of a run are sorted by.
struct PieceHead: Comparable {
    var span: Int64
    var series: UInt32

    static func < (lhs: PieceHead, rhs: PieceHead) -> Bool { (lhs.span, lhs.series) < (rhs.span, rhs.series) }
}

/// Walks over the pieces of one run (drawn in SampleSorter.swift).
struct PieceReader {
    /// 64 KiB: a thousand runs, which are two billion samples, take 64 MiB.
    private static let bufferWords = 8192

    private var rest: Range<Int>
    private var buffer: [UInt64] = []
    private var at = 0
    private(set) var head = PieceHead(span: 0, series: 0)
    private var count = 0
    private(set) var isAtEnd = false

    init(_ run: Range<Int>) { rest = run }

    /// Reads the head of the next piece.
    mutating func load(_ file: SpillFile?, _ memory: [UInt64]) throws(StoreError) {
        guard let span = try next(file, memory), let word = try next(file, memory) else {
            isAtEnd = true
            return
        }
        head = PieceHead(span: Int64(bitPattern: span), series: UInt32(word >> 32))
        count = Int(word & 0xffff_ffff)
    }

    /// Appends the samples of the piece and goes on to the next.
    mutating func take(
        into column: inout SampleColumn, _ file: SpillFile?, _ memory: [UInt64]
    ) throws(StoreError) {
        if column.count == 0 {
            column.timestamps.reserveCapacity(count)
            column.values.reserveCapacity(count)
        }
        var left = count
        while left > 0 {
            try fill(file, memory)
            let part = min(left, buffer.count - at)
            for word in buffer[at..<at + part] { column.timestamps.append(Int64(bitPattern: word)) }
            at += part
            left -= part
        }
        left = count
        while left > 0 {
            try fill(file, memory)
            let part = min(left, buffer.count - at)
            for word in buffer[at..<at + part] { column.values.append(Double(bitPattern: word)) }
            at += part
            left -= part
        }
        try load(file, memory)
    }

    private mutating func next(_ file: SpillFile?, _ memory: [UInt64]) throws(StoreError) -> UInt64? {
        if at == buffer.count && rest.isEmpty { return nil }
        try fill(file, memory)
        at += 1
        return buffer[at - 1]
    }

    /// Sees to it that the buffer has a word; the caller knows that the run has one.
    private mutating func fill(_ file: SpillFile?, _ memory: [UInt64]) throws(StoreError) {
        if at < buffer.count { return }
        precondition(!rest.isEmpty, "a run ends with a piece")
        let length = min(PieceReader.bufferWords, rest.count)
        if file != nil {
            try file?.read(at: rest.lowerBound, length, into: &buffer)
        } else {
            buffer.removeAll(keepingCapacity: true)
            buffer.append(contentsOf: memory[rest.lowerBound..<rest.lowerBound + length])
        }
        rest = rest.lowerBound + length..<rest.upperBound
        at = 0
    }
}

/// The heads of all runs, the first of them on top; of equal ones that of the older run.
struct RunHeap {
    struct Entry: Comparable {
        var head: PieceHead
        var run: Int

        static func < (lhs: Entry, rhs: Entry) -> Bool {
            lhs.head != rhs.head ? lhs.head < rhs.head : lhs.run < rhs.run
        }
    }

    private var entries: [Entry] = []

    init(_ heads: [(head: PieceHead, run: Int)]) {
        // Sorted is a heap, too.
        entries = heads.map { Entry(head: $0.head, run: $0.run) }.sorted()
    }

    var first: Entry? { entries.first }

    mutating func removeFirst() {
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        if !entries.isEmpty { sink() }
    }

    mutating func replaceFirst(head: PieceHead) {
        entries[0].head = head
        sink()
    }

    private mutating func sink() {
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < entries.count && entries[child] < entries[least] {
                least = child
            }
            if least == place { return }
            entries.swapAt(place, least)
            place = least
        }
    }
}
