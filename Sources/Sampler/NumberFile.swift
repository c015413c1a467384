import Model

/// A metric that is one number of a ``KeyedNumbers`` file.
struct NumberFigure {
    /// What the line begins with.
    let key: String
    let family: MetricFamily
    /// What the number is multiplied with to be in the metric's unit.
    let scale: Double

    init(_ key: String, _ family: MetricFamily, scale: Double = 1) {
        self.key = key
        self.family = family
        self.scale = scale
    }
}

/// A kernel file of keys and numbers, and the series that they are. A key that this kernel does not print is no series.
struct NumberFile {
    private var file: KernelFile
    private var numbers: KeyedNumbers
    private var series: [NamedSeries]
    private let scales: [Double]

    init(_ file: KernelFile, _ figures: [NumberFigure]) {
        self.file = file
        numbers = KeyedNumbers(keys: figures.map(\.key))
        series = figures.map { NamedSeries($0.family.name) }
        scales = figures.map(\.scale)
    }

    /// Reads the file, where this kernel has it, and appends its numbers.
    mutating func emit(into scrape: inout Scrape) throws(CollectorError) {
        guard try file.refreshIfPresent() else { return }
        numbers.read(file.scanner)
        for index in series.indices {
            if let number = numbers[index] { scrape.emit(&series[index], Double(number) * scales[index]) }
        }
    }
}
