/// Writes the rows of one group's chain (drawn in HeadRow.swift). Slots are numbered anew at each key row.
struct HeadRowEncoder {
    static let keyRowEvery = 120

    private var slots: [HeadState] = []
    private var lastID: Int64 = 0
    private var keyTime: Int64 = 0
    private var rowsSinceKey = 0
    private var changed: [Int] = []
    /// The states of this row, for the slots that have a sample in it.
    private var next: [HeadState] = []
    private var isTouched: [Bool] = []
    /// Slot of a series reference; -1 where it has none in this chain.
    private var slotOfReference: [Int32] = []
    private var references: [Int] = []

    /// The next row has to be a key row: none was written yet, or what was written may not have been kept.
    private(set) var needsKeyRow = true

    /// Forgets the chain.
    mutating func reset() {
        needsKeyRow = true
    }

    /// Encodes one row.
    /// - Parameters:
    ///   - time: later than the row before.
    ///   - samples: each reference once; values with their exact bits.
    ///   - startsSpan: the row is the first of a block's span, and so has to be a key row.
    ///   - id: the id of a reference in the day's registry.
    mutating func encode(
        time: Int64, _ samples: [(reference: Int, value: Double)], startsSpan: Bool, id: (Int) -> UInt32
    ) -> [UInt8] {
        if needsKeyRow || startsSpan || rowsSinceKey >= HeadRowEncoder.keyRowEvery - 1 {
            return encodeKeyRow(time: time, samples, id: id)
        }
        rowsSinceKey += 1
        return encodeDeltaRow(time: time, samples, id: id)
    }

    private mutating func encodeKeyRow(
        time: Int64, _ samples: [(reference: Int, value: Double)], id: (Int) -> UInt32
    ) -> [UInt8] {
        for reference in references { slotOfReference[reference] = -1 }
        references.removeAll(keepingCapacity: true)
        slots.removeAll(keepingCapacity: true)
        lastID = 0
        keyTime = time
        rowsSinceKey = 0
        needsKeyRow = false
        var writer = ByteWriter([1])
        writer.bytes.reserveCapacity(16 + 6 * samples.count)
        writer.varint(samples.count)
        for sample in samples {
            add(sample.reference, id(sample.reference), to: &writer)
            let state = HeadState(sample.value)
            state.write(to: &writer)
            slots[slots.count - 1] = state.tag == HeadState.staleTag ? .absent : state
        }
        return writer.bytes
    }

    private mutating func encodeDeltaRow(
        time: Int64, _ samples: [(reference: Int, value: Double)], id: (Int) -> UInt32
    ) -> [UInt8] {
        let known = slots.count
        var newSlots = ByteWriter()
        for sample in samples where slot(of: sample.reference) < 0 {
            add(sample.reference, id(sample.reference), to: &newSlots)
        }
        next.removeAll(keepingCapacity: true)
        next.append(contentsOf: slots)
        isTouched.removeAll(keepingCapacity: true)
        isTouched.append(contentsOf: repeatElement(false, count: slots.count))
        for sample in samples {
            let slot = slot(of: sample.reference)
            isTouched[slot] = true
            if slots[slot].bits != sample.value.bitPattern || !slots[slot].isPresent {
                next[slot] = HeadState(sample.value, preferring: slots[slot].isScaled ? slots[slot].tag : 0)
            }
        }
        changed.removeAll(keepingCapacity: true)
        for slot in slots.indices {
            if !isTouched[slot] { next[slot] = .absent }
            if next[slot] != slots[slot] || slot >= known { changed.append(slot) }
        }
        var writer = ByteWriter([3])
        writer.bytes.reserveCapacity(16 + slots.count / 8 + 3 * changed.count)
        writer.varint(UInt64(time - keyTime))
        writer.varint(rowsSinceKey)
        writer.varint(slots.count - known)
        writer.append(newSlots.bytes)
        writeChanged(to: &writer)
        for slot in changed {
            let (old, new) = (slots[slot], next[slot])
            if old.isScaled && new.tag == old.tag {
                // Both are below 2^53, so the difference does not overflow; it is not 0, or the bits were equal.
                writer.zigzag(new.scaled - old.scaled)
            } else {
                if old.isPresent { writer.u8(0) }
                new.write(to: &writer)
            }
            slots[slot] = new.tag == HeadState.staleTag ? .absent : new
        }
        return writer.bytes
    }

    /// A key row in which every series ends.
    static func staleRow(_ ids: [UInt32]) -> [UInt8] {
        var writer = ByteWriter([1])
        writer.varint(ids.count)
        var last: Int64 = 0
        for id in ids {
            writer.zigzag(Int64(id) - last)
            last = Int64(id)
            HeadState.stale.write(to: &writer)
        }
        return writer.bytes
    }

    private mutating func add(_ reference: Int, _ id: UInt32, to writer: inout ByteWriter) {
        writer.zigzag(Int64(id) - lastID)
        lastID = Int64(id)
        while slotOfReference.count <= reference { slotOfReference.append(-1) }
        slotOfReference[reference] = Int32(slots.count)
        references.append(reference)
        slots.append(.absent)
    }

    private func slot(of reference: Int) -> Int {
        reference < slotOfReference.count ? Int(slotOfReference[reference]) : -1
    }

    private func writeChanged(to writer: inout ByteWriter) {
        var gaps = ByteWriter()
        gaps.varint(changed.count)
        var previous = -1
        for slot in changed {
            gaps.varint(slot - previous - 1)
            previous = slot
        }
        if gaps.count <= (slots.count + 7) / 8 {
            writer.u8(1)
            writer.append(gaps.bytes)
        } else {
            writer.u8(0)
            var bits = [UInt8](repeating: 0, count: (slots.count + 7) / 8)
            for slot in changed { bits[slot / 8] |= 1 << UInt8(slot % 8) }
            writer.append(bits)
        }
    }
}
