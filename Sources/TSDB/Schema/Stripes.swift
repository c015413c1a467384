import LMDB

// A long byte string is cut into values that fill one LMDB page each: `stripeBytes` of which the last four are the
// checksum. LMDB keeps a value over about 2 KB on pages that must be contiguous; one page each wastes nothing, never
// needs contiguity, and lets one series be read and checked without the rest of its block.
//
//   byte string   |------ 4076 ------|------ 4076 ------|--- rest ---|
//   values        payload 4076 crc 4 | payload 4076 crc 4 | payload crc 4        (4096-byte pages)

/// Writes byte strings as stripes.
enum Stripes {
    /// One value after the other, in order of stripe numbers.
    static func write(
        _ bytes: [UInt8], stripeBytes: Int, key: (UInt16) -> [UInt8], in transaction: borrowing WriteTransaction
    ) throws(StorageError) -> Int {
        let payload = stripeBytes - Checksum.byteCount
        var stripe = 0
        var at = 0
        repeat {
            let end = min(at + payload, bytes.count)
            let name = key(UInt16(stripe))
            var value = Array(bytes[at..<end])
            Checksum.seal(&value, key: name)
            try transaction.put(name, value)
            at = end
            stripe += 1
        } while at < bytes.count
        return stripe
    }

    /// Whether `count` bytes can be addressed by stripe numbers below `limit`.
    static func fit(_ count: Int, stripeBytes: Int, limit: UInt16 = .max) -> Bool {
        count <= (stripeBytes - Checksum.byteCount) * Int(limit)
    }
}

/// Reads any part of a striped byte string. What is read is copied, so it needs no care for its lifetime, and gets the
/// padding that the chunk decoder's wide loads want.
struct StripedReader {
    private let key: (UInt16) -> [UInt8]
    private let payloadBytes: Int
    /// For messages: `raw block of group 1 from 2026-…`.
    let record: String
    /// The stripe that was read and checked last, so that neighbouring parts cost one look-up.
    private var cached: (stripe: Int, payload: [UInt8]) = (-1, [])
    /// The stripes whose checksum was found right: bytes of a snapshot stay what they are, so once is enough.
    private var checked: [Bool] = []

    init(stripeBytes: Int, record: String, key: @escaping (UInt16) -> [UInt8]) {
        self.key = key
        self.record = record
        payloadBytes = stripeBytes - Checksum.byteCount
    }

    /// Appends the bytes from `offset` on to `buffer`: `count` of them, or fewer where `isPartial` and the string ends.
    mutating func read(
        _ offset: Int, _ count: Int, into buffer: inout [UInt8], isPartial: Bool = false,
        in transaction: borrowing ReadTransaction
    ) throws(StoreError) {
        guard offset >= 0, count >= 0, !offset.addingReportingOverflow(count).overflow else {
            throw damaged("a part at \(offset) of \(count) bytes", transaction.path)
        }
        var at = offset
        let end = offset + count
        while at < end {
            let stripe = at / payloadBytes
            let start = at - stripe * payloadBytes
            let length = min(end - at, payloadBytes - start)
            let got = try append(stripe, start, length, to: &buffer, isPartial: isPartial, in: transaction)
            if got < length { return }
            at += got
        }
    }

    /// How many stripes in a row may be missing for those behind them to be found.
    private static let missingMax = 16

    /// All bytes there are. Of a stripe that is damaged, or missing before others, there are zeros.
    /// - Parameter lose: is told the place of each such stripe and what is wrong with it; may throw that instead.
    mutating func readAll(
        losing lose: (Range<Int>, StoreError) throws(StoreError) -> Void, in transaction: borrowing ReadTransaction
    ) throws(StoreError) -> [UInt8] {
        var bytes: [UInt8] = []
        for stripe in 0...UInt16.max {
            let start = bytes.count
            do throws(StoreError) {
                let count = try append(
                    Int(stripe), 0, payloadBytes, to: &bytes, isPartial: true, in: transaction)
                if count > 0, count < payloadBytes { break }
                if count == 0 {
                    guard try hasStripe(behind: stripe, in: transaction) else { break }
                    bytes.append(contentsOf: repeatElement(0, count: payloadBytes))
                    try lose(
                        start..<start + payloadBytes, damaged("stripe \(stripe) is missing", transaction.path))
                }
            } catch {
                let count = min(payloadBytes, try length(of: key(stripe), in: transaction) - Checksum.byteCount)
                guard count > 0 else { throw error }
                bytes.removeLast(bytes.count - start)
                bytes.append(contentsOf: repeatElement(0, count: count))
                try lose(start..<start + count, error)
                if count < payloadBytes { break }
            }
        }
        return bytes
    }

    private func hasStripe(
        behind stripe: UInt16, in transaction: borrowing ReadTransaction
    ) throws(StoreError) -> Bool {
        for next in 1...StripedReader.missingMax {
            guard let number = UInt16(exactly: Int(stripe) + next) else { return false }
            if try length(of: key(number), in: transaction) > 0 { return true }
        }
        return false
    }

    private func length(of key: [UInt8], in transaction: borrowing ReadTransaction) throws(StoreError) -> Int {
        do throws(StorageError) {
            return try transaction.value(of: key)?.byteCount ?? 0
        } catch {
            throw StoreError(error)
        }
    }

    /// What is remembered beside the stripe that was read last.
    var checkedBytes: Int { checked.count }

    /// Lets go of the stripe that was read last.
    mutating func forget() { cached = (-1, []) }

    /// Whether the byte string reaches to `offset`. Costs a look-up; nothing is read or checked.
    func hasByte(at offset: Int, in transaction: borrowing ReadTransaction) throws(StoreError) -> Bool {
        guard offset >= 0, let stripe = UInt16(exactly: offset / payloadBytes) else { return false }
        do throws(StorageError) {
            guard let value = try transaction.value(of: key(stripe)) else { return false }
            return value.byteCount - Checksum.byteCount > offset % payloadBytes
        } catch {
            throw StoreError(error)
        }
    }

    private mutating func append(
        _ stripe: Int, _ start: Int, _ length: Int, to buffer: inout [UInt8], isPartial: Bool,
        in transaction: borrowing ReadTransaction
    ) throws(StoreError) -> Int {
        if cached.stripe != stripe {
            if stripe < checked.count, checked[stripe], let number = UInt16(exactly: stripe) {
                return try append(key(number), stripe, start, length, to: &buffer, isPartial, in: transaction)
            }
            guard let number = UInt16(exactly: stripe) else { throw damaged("stripe \(stripe)", transaction.path) }
            guard let payload = try load(key(number), stripe, in: transaction) else {
                if isPartial { return 0 }
                throw damaged("stripe \(stripe) is missing", transaction.path)
            }
            cached = (stripe, payload)
            if stripe >= checked.count {
                checked.append(contentsOf: repeatElement(false, count: stripe + 1 - checked.count))
            }
            checked[stripe] = true
        }
        let available = min(length, max(0, cached.payload.count - start))
        guard available == length || isPartial else { throw damaged("stripe \(stripe) is short", transaction.path) }
        // A part that begins behind the end has no place in the stripe at all.
        if available > 0 { buffer.append(contentsOf: cached.payload[start..<start + available]) }
        return available
    }

    /// As above, straight from a stripe that has been checked.
    private func append(
        _ name: [UInt8], _ stripe: Int, _ start: Int, _ length: Int, to buffer: inout [UInt8], _ isPartial: Bool,
        in transaction: borrowing ReadTransaction
    ) throws(StoreError) -> Int {
        var available = 0
        do throws(StorageError) {
            if let value = try transaction.value(of: name) {
                available = min(length, max(0, value.byteCount - Checksum.byteCount - start))
                if available > 0 { value.extracting(start..<start + available).append(to: &buffer) }
            }
        } catch {
            throw StoreError(error)
        }
        guard available == length || isPartial else { throw damaged("stripe \(stripe) is short", transaction.path) }
        return available
    }

    /// The checked payload of one stripe; nil where there is none.
    private func load(
        _ name: [UInt8], _ stripe: Int, in transaction: borrowing ReadTransaction
    ) throws(StoreError) -> [UInt8]? {
        let payload: [UInt8]?
        do throws(StorageError) {
            guard let value = try transaction.value(of: name) else { return nil }
            payload = unsafe Checksum.payload(of: value, key: name.span.bytes)
        } catch {
            throw StoreError(error)
        }
        guard let payload else { throw damaged("wrong checksum of stripe \(stripe)", transaction.path) }
        return payload
    }

    private func damaged(_ reason: String, _ path: String) -> StoreError {
        .damaged(path: path, record: record, reason: reason)
    }
}
