import Model

/// Values that a lossless store has to bring back bit for bit.
package let awkwardValues: [Double] = [
    0, -0.0, 1, -1, .infinity, -.infinity, .nan, .staleMarker, Double(bitPattern: 0x7ff8_0000_0000_0001),
    Double(bitPattern: 0xfff0_0000_0000_0042), .leastNonzeroMagnitude, -.leastNormalMagnitude,
    .greatestFiniteMagnitude, 0.1, 1.0 / 3, 9_007_199_254_740_992, 1e22, 1e23, 12.34, 4096,
]

/// Whether two values have the same bits: NaN payloads and the sign of zero count.
package func sameBits(_ lhs: [Double], _ rhs: [Double]) -> Bool {
    lhs.map(\.bitPattern) == rhs.map(\.bitPattern)
}
