package import Formats

/// What the routes need of the program around them.
package struct Services: Sendable {
    /// For people: `mon 1.0 (abcdef)`.
    package var version: String
    /// The current values.
    package var metrics: @Sendable () throws -> [ExpositionFamily]
    /// Whether requests can be answered truthfully: the store is open and samples come in.
    package var isReady: @Sendable () -> Bool

    package init(
        version: String, metrics: @escaping @Sendable () throws -> [ExpositionFamily],
        isReady: @escaping @Sendable () -> Bool = { true }
    ) {
        self.version = version
        self.metrics = metrics
        self.isReady = isReady
    }
}
