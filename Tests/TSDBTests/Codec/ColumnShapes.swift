import Model
import TestSupport

/// Columns such as hosts make, and such as no host makes: what the codec's property tests draw from.
enum ColumnShape: CaseIterable {
    case steadyCounter, jitteryCounter, resettingCounter, scarceCounter, pageGauge, decimals, accumulatedDecimals
    case loadAverages, percents, doublyRounded, fewValues, staleMarkers, specials, heavyTails, anyBits, hugeIntegers
    case alternating, tinyValues

    func column(count: Int, using random: inout SeededGenerator) -> [Double] {
        var state = Double(UInt32.random(in: 0...1_000_000, using: &random))
        let step = Double(Int.random(in: 1...1000, using: &random))
        let digits = Int.random(in: 1...9, using: &random)
        let power = (0..<digits).reduce(1.0) { product, _ in product * 10 }
        var column: [Double] = []
        for i in 0..<count {
            let noise = Int.random(in: 0...255, using: &random)
            let isRare = Int.random(in: 0..<20, using: &random) == 0
            switch self {
            case .steadyCounter: state += step
            case .jitteryCounter: state += Double(noise)
            case .resettingCounter: state = isRare ? 0 : state + Double(noise) * 1024
            case .scarceCounter: state += isRare ? Double(noise) : 0
            case .pageGauge: state = Double((Int(state) + noise - 127) * 4096 % 1_000_000_007)
            case .decimals: state = Double(Int.random(in: -100_000...100_000, using: &random)) / power
            case .accumulatedDecimals: state += 0.1 * Double(noise)
            case .loadAverages: state = Double(noise * noise) / 2048
            case .percents: state = 100 * Double(noise) / 509
            case .doublyRounded: state = Double(noise) / 10 + 0.1 + 0.2
            case .fewValues: state = [0.1, 1 / 3, 2e9, -7].randomElement(using: &random)!
            case .staleMarkers: state = isRare ? .staleMarker : Double(noise) / 100
            case .specials: state = isRare ? Self.specialValues.randomElement(using: &random)! : Double(i) / 4
            case .heavyTails:
                let width = Int.random(in: 0...63, using: &random)
                state = Double(bitPattern: state.bitPattern &+ (isRare ? random.next() & (1 << UInt64(width) - 1) : 1))
            case .anyBits: state = Double(bitPattern: random.next())
            case .hugeIntegers: state = Double(Int64(1) << 53 - Int64(noise)) * (isRare ? -1 : 1)
            case .alternating: state = i % 2 == 0 ? Double(noise) : .nan
            case .tinyValues: state = Double(noise) * 1e-300 * (isRare ? 1e-20 : 1)
            }
            column.append(state)
        }
        return column
    }

    static let specialValues: [Double] = [
        .staleMarker, .nan, .signalingNaN, Double(bitPattern: 0xffff_ffff_ffff_ffff), -0.0, .infinity, -.infinity,
        .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .greatestFiniteMagnitude, .leastNormalMagnitude, 0x1p53,
        -0x1p53, 0x1p53 + 2, 0x1p63, -0x1p63, 0x1p64, 1e22, 1e23, 0.1, 0.30000000000000004, 0,
    ]
}

/// Equality of bits: NaN payloads and the sign of zero count.
func sameBits(_ lhs: [Double], _ rhs: [Double]) -> Bool {
    lhs.map(\.bitPattern) == rhs.map(\.bitPattern)
}
