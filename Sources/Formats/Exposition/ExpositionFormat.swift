package import Model

/// The two texts in which a page of metrics is written.
package enum ExpositionFormat: Hashable, Sendable, CaseIterable {
    /// Prometheus' text format 0.0.4.
    case text
    /// OpenMetrics 1.0.0.
    case openMetrics

    /// For HTTP's Content-Type.
    package var mediaType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// What `# TYPE` calls a kind. The older text knows five of them; the others are gauges there, or untyped.
    package func word(for kind: MetricFamily.Kind) -> String {
        switch (self, kind) {
        case (_, .counter): "counter"
        case (_, .gauge): "gauge"
        case (_, .histogram): "histogram"
        case (_, .summary): "summary"
        case (.text, .unknown), (.text, .gaugeHistogram): "untyped"
        case (.text, .info), (.text, .stateSet): "gauge"
        case (.openMetrics, .unknown): "unknown"
        case (.openMetrics, .gaugeHistogram): "gaugehistogram"
        case (.openMetrics, .info): "info"
        case (.openMetrics, .stateSet): "stateset"
        }
    }
}
