/// Looks through whole columns, eight values at once and without a branch. What is looked for is rare: where a scan
/// says that it may be there, one looks again, value by value.
enum ColumnScan {
    private static let width = 8

    /// Whether a value may be NaN, as stale markers are. Infinities are taken for it.
    static func mayHaveNaN(_ values: Span<Double>) -> Bool {
        let bytes = unsafe values.bytes
        var bits = SIMD8<UInt64>()
        var place = 0
        while place &+ width <= values.count {
            // In bounds: a whole width is left.
            let x = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: place &* 8, as: SIMD8<Double>.self)
            // Zero, with no sign, of every number there is.
            bits |= unsafe unsafeBitCast(x - x, to: SIMD8<UInt64>.self)
            place &+= width
        }
        if bits != SIMD8() { return true }
        while place < values.count {
            if !values[place].isFinite { return true }
            place += 1
        }
        return false
    }

    /// Whether a value may be less than the one before it.
    static func mayFall(_ values: Span<Double>) -> Bool {
        let bytes = unsafe values.bytes
        var bits = SIMD8<UInt64>()
        var place = 1
        while place &+ width <= values.count {
            // In bounds: a whole width is left, and there is a value before it.
            let before = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: (place &- 1) &* 8, as: SIMD8<Double>.self)
            let x = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: place &* 8, as: SIMD8<Double>.self)
            // The difference of two numbers that differ is never zero, so that its sign tells.
            bits |= unsafe unsafeBitCast(x - before, to: SIMD8<UInt64>.self)
            place &+= width
        }
        if (0..<width).contains(where: { bits[$0] >> 63 != 0 }) { return true }
        while place < values.count {
            if values[place] < values[place - 1] { return true }
            place += 1
        }
        return false
    }
}

extension [Int64] {
    /// Whether both are one array in memory: what is known of one holds of the other. Of equal arrays it may say no.
    func isSameArray(as other: [Int64]) -> Bool {
        guard count == other.count else { return false }
        // The addresses are compared and not used.
        return unsafe withUnsafeBufferPointer { mine in
            unsafe other.withUnsafeBufferPointer { unsafe $0.baseAddress == mine.baseAddress }
        }
    }
}
