import Model
import Query

/// An answer for people: aligned columns, numbers with units, local time.
///
/// - A scalar or string is its value.
/// - A vector is a row a series: a column for each label, the value at the end.
/// - A matrix of few series has its times down and its series across; where that does not fit, each series has a row
///   with its last, least, mean and largest value and a sparkline.
enum TableFormat {
    /// More series than this side by side are not compared by eye any more.
    private static let acrossMax = 8
    /// Most cells of a sparkline.
    private static let sparklineWidth = 24

    static func write(_ result: QueryResult, _ options: FormatOptions, into writer: inout TextWriter) {
        switch result.value {
        case .scalar(let sample):
            let format = ColumnFormat([(sample.value, options.unit)], zone: options.zone)
            writer.write(format.cell(sample.value, options.unit).text + "\n")
        case .string(_, let text): writer.write(TextTable.visible(text) + "\n")
        case .vector(let series): vector(series, options, into: &writer)
        case .matrix(let series):
            let series = series.filter { !$0.samples.isEmpty }
            if series.isEmpty { return }
            if series.count <= acrossMax {
                let table = across(series, options)
                if table.width <= options.width {
                    return table.write(header: options.showsHeader, isStyled: options.isStyled, into: &writer)
                }
            }
            summary(series, options, into: &writer)
        }
    }

    private static func vector(
        _ series: [ResultSeries], _ options: FormatOptions, into writer: inout TextWriter
    ) {
        if series.isEmpty { return }
        let names = Names(series)
        var table = TextTable()
        for column in names.columns { table.addColumn(column.title) }
        table.addColumn(names.sharedName ?? "value", .right)
        let units = series.map { unit(of: $0, options) }
        let values = series.map { $0.samples.last?.value ?? .nan }
        let cells = column(Array(zip(values, units)), options)
        for (one, cell) in zip(series, cells) { table.addRow(names.cells(of: one) + [cell]) }
        table.write(header: options.showsHeader, isStyled: options.isStyled, into: &writer)
    }

    /// Times down, series across.
    private static func across(_ series: [ResultSeries], _ options: FormatOptions) -> TextTable {
        let times = Set(series.lazy.flatMap(\.samples).map(\.time)).sorted()
        let clock = TimeColumn(times, options.zone)
        var table = TextTable()
        table.addColumn(clock.title)
        var columns: [[Timestamp: String]] = []
        for (one, title) in zip(series, Names(series).titles(of: series)) {
            table.addColumn(title, .right)
            let unit = unit(of: one, options)
            let cells = column(one.samples.map { ($0.value, unit) }, options)
            columns.append(Dictionary(zip(one.samples.map(\.time), cells), uniquingKeysWith: { $1 }))
        }
        for time in times { table.addRow([clock.text(time)] + columns.map { $0[time] ?? "-" }) }
        return table
    }

    /// A row a series: last, min, mean, max, sparkline.
    private static func summary(
        _ series: [ResultSeries], _ options: FormatOptions, into writer: inout TextWriter
    ) {
        let names = Names(series)
        var table = TextTable()
        for column in names.columns { table.addColumn(column.title) }
        for title in ["last", "min", "mean", "max"] { table.addColumn(title, .right) }
        let times = series.lazy.flatMap(\.samples).map(\.time)
        let range = TimeRange(min: times.min() ?? .init(milliseconds: 0), max: times.max() ?? .init(milliseconds: 0))
        let clock = TimeColumn([range.min, range.max], options.zone)
        table.addColumn(clock.span(range))
        let units = series.map { unit(of: $0, options) }
        let figures = series.map { Figures($0.samples) }
        // Of few points each has its cell; more share them.
        let width = min(sparklineWidth, Set(times).count)
        let last = column(Array(zip(figures.map(\.last), units)), options)
        let least = column(Array(zip(figures.map(\.least), units)), options)
        let mean = column(Array(zip(figures.map(\.mean), units)), options)
        let largest = column(Array(zip(figures.map(\.largest), units)), options)
        for (index, one) in series.enumerated() {
            let line = Sparkline.text(one.samples, over: range, width: width)
            table.addRow(names.cells(of: one) + [last[index], least[index], mean[index], largest[index], line])
        }
        table.write(header: options.showsHeader, isStyled: options.isStyled, into: &writer)
    }

    /// A series that has its name has its metric's unit; what an operation made has the query's.
    private static func unit(of series: ResultSeries, _ options: FormatOptions) -> DisplayUnit {
        guard let name = series.labels.metricName else { return options.unit }
        return options.families[name].map { DisplayUnit(of: $0) } ?? DisplayUnit(metricName: name)
    }

    /// The texts of one column, numbers and units padded to line up.
    private static func column(_ values: [(value: Double, unit: DisplayUnit)], _ options: FormatOptions) -> [String] {
        let format = ColumnFormat(values, zone: options.zone)
        let cells = values.map { format.cell($0.value, $0.unit) }
        let widest = cells.map { TextTable.width(of: $0.unit) }.max() ?? 0
        return cells.map { cell in
            if widest == 0 { return cell.number }
            let padding = String(repeating: " ", count: widest - TextTable.width(of: cell.unit))
            return cell.number + " " + cell.unit + padding
        }
    }
}

/// Which labels tell the series of a table apart, and how they are written.
private struct Names {
    struct Column {
        let label: String
        let title: String
    }

    /// A column for each label name but the metric's; that has one only where names differ.
    let columns: [Column]
    /// The metric name that all series have.
    let sharedName: String?

    init(_ series: [ResultSeries]) {
        let names = Set(series.map { $0.labels.metricName ?? "" })
        sharedName = names.count == 1 ? names.first.flatMap { $0.isEmpty ? nil : $0 } : nil
        let hasNameColumn = names.count > 1
        columns = CSV.labelNames(of: series).compactMap { label in
            if label != Labels.metricNameLabel { return Column(label: label, title: label) }
            return hasNameColumn ? Column(label: label, title: "metric") : nil
        }
    }

    func cells(of series: ResultSeries) -> [String] {
        columns.map { series.labels[$0.label] ?? "" }
    }

    /// Short column titles: the values of the labels that differ; of a lone series its name or labels.
    func titles(of series: [ResultSeries]) -> [String] {
        guard series.count > 1 else {
            return series.map { $0.labels.isEmpty ? "value" : "\($0.labels)" }
        }
        let differing = columns.filter { column in Set(series.map { $0.labels[column.label] ?? "" }).count > 1 }
        return series.map { one in
            let values = differing.compactMap { one.labels[$0.label] }
            return values.isEmpty ? "{}" : values.joined(separator: " ")
        }
    }
}

/// The times of a table: the date goes into the title where all share it.
private struct TimeColumn {
    let title: String
    private let zone: TimeZoneRule
    private let precision: TimeText.Precision
    private let hasDate: Bool
    private let hasOffset: Bool

    init(_ times: [Timestamp], _ zone: TimeZoneRule) {
        self.zone = zone
        precision = TimeText.Precision(for: times)
        let dates = Set(times.map { CalendarTime($0, offsetSeconds: zone.offsetSeconds($0)).dateText })
        let offsets = Set(times.map(zone.offsetSeconds))
        hasDate = dates.count > 1
        // In the night when clocks are set back an hour comes twice; only the offset tells which.
        hasOffset = offsets.count > 1
        let date = hasDate ? "time" : (dates.first ?? "time")
        title = zone.isUTC ? date + " UTC" : date
    }

    func text(_ time: Timestamp) -> String {
        let offset = zone.offsetSeconds(time)
        let calendar = CalendarTime(time, offsetSeconds: offset)
        let clock = calendar.clockText(precision) + (hasOffset ? TimeText.offsetText(offset, zone) : "")
        return hasDate ? calendar.dateText + " " + clock : clock
    }

    /// `03:00 – 04:00`, for the head of the sparklines.
    func span(_ range: TimeRange) -> String { "\(text(range.min)) – \(text(range.max))" }
}

/// What a row says of a series. NaN is left out, except where there is nothing else.
private struct Figures {
    var last = Double.nan
    var least = Double.nan
    var mean = Double.nan
    var largest = Double.nan

    init(_ samples: SampleRow) {
        last = samples.last?.value ?? .nan
        var count = 0.0
        for sample in samples where !sample.value.isNaN {
            count += 1
            if count == 1 {
                (least, mean, largest) = (sample.value, sample.value, sample.value)
                continue
            }
            least = min(least, sample.value)
            largest = max(largest, sample.value)
            mean = mean * ((count - 1) / count) + sample.value / count
        }
    }
}
