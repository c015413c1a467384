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
    private let readsBeginning: Bool
    /// How many of the numbers are in the beginning that is read; nil where all of the file is read.
    private var countWanted: Int?

    /// Room for numbers that become longer, in bytes. More than that, and all of the file is read once.
    private static let slackBytes = 128

    /// - Parameter readsBeginning: Whether the file is read no further than to the last of the lines. Of use where the
    ///   kernel prints line by line, always the same ones: of /proc/vmstat a third is spared.
    init(_ file: KernelFile, _ figures: [NumberFigure], readsBeginning: Bool = false) {
        self.readsBeginning = readsBeginning
        self.file = file
        numbers = KeyedNumbers(keys: figures.map(\.key))
        series = figures.map { NamedSeries($0.family.name) }
        scales = figures.map(\.scale)
    }

    /// Reads the file, where this kernel has it, and appends its numbers.
    mutating func emit(into scrape: inout Scrape) throws(CollectorError) {
        guard try file.refreshIfPresent() else { return }
        numbers.read(file.scanner)
        if readsBeginning { try findBeginning() }
        for index in series.indices {
            if let number = numbers[index] { scrape.emit(&series[index], Double(number) * scales[index]) }
        }
    }

    /// Learns how far to read, and reads all where what was read is not the beginning that is looked for.
    private mutating func findBeginning() throws(CollectorError) {
        if let countWanted {
            if numbers.wholeCount == countWanted { return }
            self.countWanted = nil
            file.want(nil)
            try file.refresh()
            numbers.read(file.scanner)
        }
        guard numbers.end > 0 else { return }
        countWanted = numbers.wholeCount
        file.want(numbers.end + NumberFile.slackBytes)
    }
}
