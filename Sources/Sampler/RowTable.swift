/// The rows of a kernel table (one a device, one a processor) by the bytes of their names, with what a collector keeps
/// for each.
///
/// The kernel lists them in the same order at each read, so the row that is asked for is nearly always the one behind
/// the last found, and a look-up is one comparison of bytes.
struct RowTable<Row> {
    private struct Entry {
        var name: [UInt8]
        var row: Row
        var lastPass: UInt64
    }

    private var entries: [Entry] = []
    private var cursor = 0
    private var pass: UInt64 = 0
    private var seenCount = 0

    /// How many rows are remembered.
    var count: Int { entries.count }

    /// Begins a pass over the table.
    mutating func begin() {
        cursor = 0
        seenCount = 0
        pass += 1
    }

    /// The place of the row whose name lies at `name`; nil for a row never seen. A name that comes a second time in
    /// one pass is a row of its own to the kernel, but not to a label: the place is the same.
    mutating func find(_ name: Range<Int>, in text: borrowing ByteScanner) -> Int? {
        if cursor < entries.count, text.isEqual(name, entries[cursor].name) {
            return mark(cursor)
        }
        for index in entries.indices where text.isEqual(name, entries[index].name) { return mark(index) }
        return nil
    }

    mutating func insert(_ name: [UInt8], _ row: Row) -> Int {
        entries.append(Entry(name: name, row: row, lastPass: 0))
        return mark(entries.count - 1)
    }

    subscript(index: Int) -> Row {
        get { entries[index].row }
        // In place: a row may own buffers, which would be copied.
        _modify { yield &entries[index].row }
    }

    /// Ends a pass. Forgets rows that are gone once they outnumber the others, so that devices that come and go do not
    /// make every look-up longer.
    mutating func end() {
        guard entries.count > 2 * seenCount + 16 else { return }
        entries.removeAll { $0.lastPass != pass }
    }

    private mutating func mark(_ index: Int) -> Int {
        if entries[index].lastPass != pass {
            entries[index].lastPass = pass
            seenCount += 1
        }
        cursor = index + 1
        return index
    }
}
