import Model

extension MetricFamily {
    /// A number that only grows until its source begins anew; the name ends in `_total`.
    static func counter(_ name: String, unit: String = "", _ help: String) -> MetricFamily {
        MetricFamily(name: name, kind: .counter, unit: unit, help: help)
    }

    /// A counter where the name ends in `_total`, else a gauge: how a table of columns says which each is.
    static func column(_ name: String, unit: String = "", _ help: String) -> MetricFamily {
        name.hasSuffix("_total") ? .counter(name, unit: unit, help) : .gauge(name, unit: unit, help)
    }

    static func gauge(_ name: String, unit: String = "", _ help: String) -> MetricFamily {
        MetricFamily(name: name, kind: .gauge, unit: unit, help: help)
    }

    /// `…_bucket{le}`, `…_sum` and `…_count`.
    static func histogram(_ name: String, unit: String = "", _ help: String) -> MetricFamily {
        MetricFamily(name: name, kind: .histogram, unit: unit, help: help)
    }
}
