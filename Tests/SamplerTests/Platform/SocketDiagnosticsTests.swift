import Testing

@testable import Sampler

@Suite struct SocketDiagnosticsTests {
    private func word(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }

    private func message(_ type: UInt16, _ payload: [UInt8], sequence: UInt32 = 9) -> [UInt8] {
        let header =
            word(UInt32(16 + payload.count)) + withUnsafeBytes(of: type) { Array($0) } + [2, 0]
            + word(sequence) + word(0)
        return header + payload + [UInt8](repeating: 0, count: (4 - payload.count % 4) % 4)
    }

    private func socket(_ state: UInt8, family: UInt8 = 2) -> [UInt8] {
        message(18, [family, state] + [UInt8](repeating: 0xab, count: 70 + Int(state) % 3))
    }

    private func read(_ bytes: [UInt8]) -> (SocketDiagnostics.Progress, SocketCounts) {
        var counts = SocketCounts()
        let progress = SocketDiagnostics.read(bytes.span, sequence: 9, into: &counts)
        return (progress, counts)
    }

    private func counts(_ states: [UInt8]) -> SocketCounts {
        var counts = SocketCounts()
        for state in states { counts.add(state: state) }
        return counts
    }

    @Test func countsByState() {
        let states: [UInt8] = [1, 1, 10, 6, 12, 3, 0, 13, 255]
        let (progress, found) = read(states.flatMap { socket($0, family: $0 % 2 == 0 ? 2 : 10) })
        #expect(progress == .more)
        #expect(found.counts == [2, 0, 2, 0, 0, 1, 0, 0, 0, 1, 0])
    }

    @Test func endsAndRefusals() {
        #expect(read(socket(1) + message(3, [0, 0, 0, 0]) + socket(1)) == (.done, counts([1])))
        #expect(read(message(2, word(UInt32(bitPattern: -2)))).0 == .refused(2))
        #expect(read(message(2, word(0x8000_0000))).0 == .refused(.max))
        #expect(read(message(2, [1])).0 == .malformed(0))
        #expect(read([]).0 == .malformed(0))
        // Of another request, and of a type that is none of ours.
        let others = message(3, [], sequence: 8) + message(18, [2, 1], sequence: 8) + message(1, [])
        #expect(read(others) == (.more, counts([])))
    }

    @Test func truncatedAtEachByte() {
        let states: [UInt8] = [1, 2, 10, 6]
        let messages = states.map { socket($0) }
        let whole = messages.flatMap { $0 }
        let ends = messages.indices.map { messages[...$0].reduce(0) { $0 + $1.count } }
        for end in 0..<whole.count {
            let (progress, found) = read(Array(whole[..<end]))
            let complete = ends.filter { $0 <= end }.count
            if end > 0 && ends.contains(end) {
                #expect(progress == .more)
            } else if case .malformed = progress {
            } else {
                // The padding of the last message may be missing.
                #expect(progress == .more && ends.contains { $0 > end && $0 - end < 4 })
            }
            #expect(found.counts.reduce(0, +) >= UInt64(complete))
            #expect(found.counts.reduce(0, +) <= UInt64(complete) + 1)
        }
    }

    @Test func everyFlippedBitIsRead() {
        let whole = socket(1) + socket(10) + message(3, [0, 0, 0, 0])
        for bit in 0..<whole.count * 8 {
            var bytes = whole
            bytes[bit / 8] ^= 1 << (bit % 8)
            #expect(read(bytes).1.counts.reduce(0, +) <= 2)
        }
    }

    @Test func countsTheTextTables() throws {
        let host = WrittenHost()
        let heading = "  sl  local_address rem_address   st tx_queue\n"
        host.write(
            "proc/net/tcp",
            heading + "   0: 0100007F:1F90 00000000:0000 0A 0:0\n   1: 0100007F:1F90 00000000:0000 06 0:0\n"
                + "nonsense\n   2: a b\n  3: a b zz\n  4: a b 1FF\n")
        var counts = SocketCounts()
        try counts.add(tableAt: host.host.procfs + "/net/tcp")
        #expect(counts == self.counts([10, 6]))
        #expect(throws: CollectorError.self) { try counts.add(tableAt: host.host.procfs + "/net/none") }
        // Longer than the reader's buffer.
        let row = "   1: 0100007F:1F90 00000000:0000 01 00000000:00000000 00:00000000 00000000     0        0 1\n"
        host.write("proc/net/tcp6", heading + String(repeating: row, count: 3000))
        counts = SocketCounts()
        try counts.add(tableAt: host.host.procfs + "/net/tcp6")
        #expect(counts.counts[0] == 3000)
    }
}

/// The size of a dump is no matter of memory: a datagram is read where it lies.
@Suite struct LargeSocketDumpTests {
    @Test func aMillionSockets() {
        let message: (UInt8) -> [UInt8] = { state in
            [88, 0, 0, 0, 18, 0, 2, 0, 9, 0, 0, 0, 0, 0, 0, 0, 2, state] + [UInt8](repeating: 0, count: 70)
        }
        // As many as the kernel puts into a datagram.
        let datagram = (0..<372).flatMap { message(UInt8(1 + $0 % 11)) }
        var counts = SocketCounts()
        var total: UInt64 = 0
        while total < 1_000_000 {
            guard SocketDiagnostics.read(datagram.span, sequence: 9, into: &counts) == .more else {
                Issue.record("a datagram that was not read to its end")
                return
            }
            total += 372
        }
        #expect(counts.counts.reduce(0, +) == total)
        #expect(counts.counts.allSatisfy { $0 > 88_000 })
    }
}
