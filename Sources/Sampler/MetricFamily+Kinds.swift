import Model

extension MetricFamily {
    /// A number that only grows until its source begins anew; the name ends in `_total`.
    static func counter(_ name: String, unit: String = "", _ help: String) -> MetricFamily {
        MetricFamily(name: name, kind: .counter, unit: unit, help: help)
    }

    static func gauge(_ name: String, unit: String = "", _ help: String) -> MetricFamily {
        MetricFamily(name: name, kind: .gauge, unit: unit, help: help)
    }
}
