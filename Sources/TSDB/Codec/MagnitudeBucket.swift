/// A class of magnitudes that share one Huffman code; bits behind the code say which number of the class it is.
///
///     bucket 0 ... 15    the number itself, no bits behind the code
///     bucket 16 ...      four to each power of two from 16 on: 16 ... 19, 20 ... 23, 24 ... 27, 28 ... 31,
///                        32 ... 39 and so on; number = first of the bucket + extra bits
///
///     37   ->   bucket 20 (32 ... 39), extra bits 101
///
/// Four classes to a power of two leave little skew within one: finer ones gain less than their codes cost.
enum MagnitudeBucket {
    /// Buckets of numbers up to 2^64 - 1.
    static let count = 256

    /// Numbers below have buckets of their own.
    private static let singles: UInt64 = 16

    @inline(__always) static func of(_ number: UInt64) -> UInt8 {
        if number < singles { return UInt8(truncatingIfNeeded: number) }
        let width = number.bitWidthUsed
        let quarter = (number &>> UInt64(truncatingIfNeeded: width &- 3)) & 3
        return UInt8(truncatingIfNeeded: 4 &* width &- 4 &+ Int(truncatingIfNeeded: quarter))
    }

    /// Bits behind the code: 0 ... 61.
    @inline(__always) static func extraBits(of bucket: UInt8) -> Int {
        bucket < 16 ? 0 : Int(bucket) / 4 - 2
    }

    /// The lowest number of a bucket.
    static func first(of bucket: UInt8) -> UInt64 {
        bucket < 16 ? UInt64(bucket) : (4 + UInt64(bucket & 3)) << UInt64(extraBits(of: bucket))
    }
}
