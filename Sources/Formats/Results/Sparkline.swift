import Model

/// A series as a row of small bars: `▁▂▅█▇▃`.
enum Sparkline {
    private static let bars: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    /// `samples` over `range`, in `width` character cells of equal time. A cell shows the mean of its samples between
    /// the smallest and the largest cell; a cell without any is a blank, infinite values are not looked at.
    static func text(_ samples: some Sequence<Sample>, over range: TimeRange, width: Int) -> String {
        var sums = [Double](repeating: 0, count: width)
        var counts = [Int](repeating: 0, count: width)
        let span = Double(range.max.milliseconds) - Double(range.min.milliseconds)
        for sample in samples where sample.value.isFinite {
            let part = span > 0 ? (Double(sample.time.milliseconds) - Double(range.min.milliseconds)) / span : 0
            let cell = max(0, min(width - 1, Int(part * Double(width))))
            sums[cell] += sample.value
            counts[cell] += 1
        }
        let means = zip(sums, counts).map { $1 == 0 ? Double.nan : $0 / Double($1) }
        let finite = means.filter(\.isFinite)
        guard let low = finite.min(), let high = finite.max() else { return "" }
        var text = ""
        for mean in means {
            guard mean.isFinite else {
                text.append(" ")
                continue
            }
            // Halves, so that a span of more than the largest double does not overflow.
            let part = high > low ? (mean / 2 - low / 2) / (high / 2 - low / 2) : 0
            text.append(bars[max(0, min(bars.count - 1, Int(part * Double(bars.count))))])
        }
        while text.last == " " { text.removeLast() }
        return text
    }
}
