import Model
import Query

/// The answer of a query as OpenMetrics text, with the time of each sample, so that another program can import it.
enum ResultExposition {
    /// - Throws: ``FormatError`` where a series has no metric name, as after `rate(…)`, or there are no series at all.
    static func write(
        _ result: QueryResult, _ options: FormatOptions, into writer: inout TextWriter
    ) throws(FormatError) {
        let series: [ResultSeries]
        switch result.value {
        case .vector(let all), .matrix(let all): series = all
        case .scalar, .string:
            throw FormatError("openmetrics shows series; this query answers a single value: use another format")
        }
        var samples: [ExpositionSample] = []
        for one in series {
            guard one.labels.metricName != nil else {
                throw FormatError(
                    "openmetrics needs metric names and the series \(one.labels) has none: name it with "
                        + "label_replace(…, \"__name__\", \"NAME\", \"\", \"\"), or use another format")
            }
            samples += one.samples.map { ExpositionSample(labels: one.labels, value: $0.value, time: $0.time) }
        }
        let families = ExpositionFamily.group(samples, families: options.families)
        ExpositionWriter.write(families, as: .openMetrics, into: &writer)
    }
}
