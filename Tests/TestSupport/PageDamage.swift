import Glibc

/// Ways in which one page of a file can be damaged.
package enum PageDamage: CaseIterable, Sendable {
    case zeroed, randomBytes, bitFlip, header, swapped

    /// - Returns: whether anything changed.
    package func apply(
        to bytes: inout [UInt8], page: Int, pageBytes: Int, with other: Int?, _ random: inout SeededGenerator
    ) -> Bool {
        let range = page * pageBytes..<min(bytes.count, (page + 1) * pageBytes)
        let before = bytes[range]
        switch self {
        case .zeroed: for place in range { bytes[place] = 0 }
        case .randomBytes: for place in range { bytes[place] = .random(in: 0...255, using: &random) }
        case .bitFlip: bytes[Int.random(in: range, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case .header: bytes[range.lowerBound + Int.random(in: 10..<16, using: &random)] ^= 0x15
        case .swapped:
            guard let other else { return false }
            let place = other * pageBytes
            for offset in 0..<range.count { bytes.swapAt(range.lowerBound + offset, place + offset) }
        }
        return bytes[range] != before
    }
}

/// The bytes of a file, and back.
package enum FileBytes {
    /// All of them; none where there is no such file.
    package static func read(_ path: String) -> [UInt8] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        var bytes = [UInt8](repeating: 0, count: ftell(file))
        rewind(file)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes.prefix(count))
    }

    /// In place of what was there.
    package static func write(_ bytes: [UInt8], to path: String) {
        guard let file = fopen(path, "w") else { return }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }
}
