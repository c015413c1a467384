/// One measurement: a time and a float64.
package struct Sample: Hashable, Sendable {
    package var time: Timestamp
    package var value: Double

    package init(time: Timestamp, value: Double) {
        self.time = time
        self.value = value
    }
}

extension Double {
    /// "This series ended here." One exact NaN bit pattern, shared with Prometheus (model/value/value.go, StaleNaN).
    /// Compare by bits only: arithmetic and even some copies through `Float` destroy it.
    package static let staleMarker = Double(bitPattern: staleMarkerBits)

    /// The bits of ``staleMarker``.
    package static let staleMarkerBits: UInt64 = 0x7ff0_0000_0000_0002

    @inlinable package var isStaleMarker: Bool { bitPattern == 0x7ff0_0000_0000_0002 }
}
