import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct HeadRowTests {
    private typealias Samples = [(reference: Int, value: Double)]

    /// The example of HeadRow.swift's drawing.
    @Test func writesTheDrawnBytes() {
        var encoder = HeadRowEncoder()
        let id = { (reference: Int) in UInt32(reference) }
        let key = encoder.encode(time: 1000, [(0, 1.5), (1, 7)], startsSpan: true, id: id)
        #expect(key == [0x01, 0x02, 0x00, 0x01, 0x1e, 0x02, 0x00, 0x0e])
        let delta = encoder.encode(time: 6000, [(0, 1.7), (1, 7)], startsSpan: false, id: id)
        #expect(delta == [0x03, 0x88, 0x27, 0x01, 0x00, 0x00, 0x01, 0x04])
    }

    /// New slot, ended series, escape to raw bits, absence.
    @Test func writesEachKindOfChange() {
        var encoder = HeadRowEncoder()
        let id = { (reference: Int) in UInt32(10 + reference) }
        #expect(encoder.encode(time: 0, [(0, 1)], startsSpan: true, id: id) == [0x01, 0x01, 0x14, 0x00, 0x02])
        func next(_ time: Int64, _ samples: Samples) -> [UInt8] {
            encoder.encode(time: time, samples, startsSpan: false, id: id)
        }
        #expect(next(1, [(0, 1), (2, 3)]) == [0x03, 0x01, 0x01, 0x01, 0x04, 0x00, 0x02, 0x00, 0x06])
        #expect(
            next(2, [(0, .infinity), (2, .staleMarker)])
                == [0x03, 0x02, 0x02, 0x00, 0x00, 0x03, 0x00, 0xff, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f, 0x00, 0xfd])
        #expect(next(3, []) == [0x03, 0x03, 0x03, 0x00, 0x00, 0x01, 0x00, 0xfe])
        #expect(HeadRowEncoder.staleRow([3, 1]) == [0x01, 0x02, 0x06, 0xfd, 0x03, 0xfd])
    }

    /// Random rows against a dictionary: series come, vanish, end and return; values of all kinds; many key rows.
    @Test(arguments: 1...8 as ClosedRange<UInt64>) func rowsComeBackAsADictionarySays(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let seriesCount = Int.random(in: 0...40, using: &random)
        let ids = (0..<seriesCount).map { _ in UInt32.random(in: 0...UInt32.max, using: &random) }
        var encoder = HeadRowEncoder()
        var decoder = HeadRowDecoder()
        var isOn = ids.map { _ in Bool.random(using: &random) }
        var values = ids.map { _ in 0.0 }
        var time = Int64.random(in: -1_000_000...1_000_000, using: &random)
        var keyRows = 0
        for row in 0..<400 {
            time += Int64.random(in: 1...10_000, using: &random)
            var samples: Samples = []
            for place in ids.indices.shuffled(using: &random) {
                if Int.random(in: 0..<15, using: &random) == 0 { isOn[place].toggle() }
                guard isOn[place] else { continue }
                switch Int.random(in: 0..<12, using: &random) {
                case 0: values[place] = awkwardValues.randomElement(using: &random) ?? 0
                case 1: values[place] = Double(bitPattern: .random(in: 0...UInt64.max, using: &random))
                case 2: values[place] = Double(Int.random(in: -99_999...99_999, using: &random)) / 1000
                case 3...7: values[place] += Double(Int.random(in: -50...50, using: &random))
                default: break
                }
                samples.append((place, values[place]))
            }
            if Int.random(in: 0..<90, using: &random) == 0 { encoder.reset() }
            let startsSpan = Int.random(in: 0..<50, using: &random) == 0
            let bytes = encoder.encode(time: time, samples, startsSpan: startsSpan) { ids[$0] }
            if try HeadRowDecoder.kind(of: bytes) == .key { keyRows += 1 }
            try decoder.decode(bytes)
            var seen: [UInt32: UInt64] = [:]
            for slot in decoder.slots.indices where decoder.slots[slot].isPresent {
                seen[decoder.ids[slot]] = decoder.slots[slot].bits
            }
            let wanted = Dictionary(uniqueKeysWithValues: samples.map { (ids[$0.reference], $0.value.bitPattern) })
            #expect(seen == wanted, "seed \(seed), row \(row)")
            if seen != wanted { return }
        }
        #expect(keyRows > 5, "seed \(seed)")
    }

    @Test func aKeyRowComesEvery120Rows() throws {
        var encoder = HeadRowEncoder()
        let kinds = try (0..<361).map { row in
            try HeadRowDecoder.kind(of: encoder.encode(time: row, [(0, 1)], startsSpan: false) { _ in 0 })
        }
        #expect(kinds.indices.filter { kinds[$0] == .key } == [0, 120, 240, 360])
        #expect(kinds[121] == .delta(age: 1, place: 1))
    }

    @Test func hostileBytesThrowOrDecode() {
        var random = SeededGenerator(seed: 4)
        var encoder = HeadRowEncoder()
        let id = { (reference: Int) in UInt32(7 * reference) }
        let values: [Double] = [1.5, .nan, 7, .staleMarker, -0.0, 1e-9, 3]
        let key = encoder.encode(
            time: 0, values.enumerated().map { ($0, $1) }, startsSpan: true, id: id)
        let delta = encoder.encode(
            time: 70_000, [(0, 1.7), (2, .infinity), (5, 2e-9), (9, 4), (10, .staleMarker)], startsSpan: false, id: id)
        forEachDamage(of: key, garbage: 500, &random) { bytes in
            var decoder = HeadRowDecoder()
            expectAnswerOrRefusal {
                try decoder.decode(bytes)
                try decoder.decode(delta)
            }
        }
        forEachDamage(of: delta, garbage: 500, &random) { bytes in
            var decoder = HeadRowDecoder()
            expectAnswerOrRefusal {
                try decoder.decode(key)
                try decoder.decode(bytes)
                try decoder.decode(delta)
            }
        }
    }
}
