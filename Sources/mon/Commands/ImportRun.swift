import Formats
import Model
import TSDB

/// One import, from bytes to the last transaction, and what is said of it.
struct ImportRun {
    let arguments: ImportArguments
    let format: SampleFormat
    /// What the input is called in messages.
    let name: String
    /// Whether a program writes it that was started for it.
    var isOfProgram = false

    func perform(from input: borrowing InputFile, on console: Console) throws -> CommandStatus {
        let store = try arguments.open(on: console)
        var progress = ProgressLine(console, total: input.byteCount)
        var reader = SampleReader(format, now: console.now, isStrict: arguments.strict)
        var importer = Importer(into: store, options: arguments.options)
        let outcome: ImportOutcome
        do {
            while try unsafe reader.read(from: { bytes throws(CommandFailure) in try unsafe input.read(into: bytes) }) {
                try importer.append(reader.batch)
                progress.show("reading", done: reader.byteCount)
            }
            outcome = try importer.finish { progress.show("writing", part: $0) }
        } catch let error as StoreError {
            progress.clear()
            // It knows no place in the input: samples go in by time, not in the order in which they are read.
            if case .refused = error {
                console.say(
                    "\(name): not all of it is imported; what is stays, and the same import again brings the rest. "
                        + "Of times of which only windows are left, what is in would count twice then")
            }
            throw error
        }
        progress.clear()
        for text in report(outcome, reader) { console.say(text) }
        let isWhole = !reader.isStopped && !reader.isCut && outcome.refusedSeries == 0
        return isWhole && ImportRun.imported(outcome) > 0 ? .success : .failure
    }

    /// Samples that are in the store now.
    private static func imported(_ outcome: ImportOutcome) -> Int {
        outcome.samples - outcome.refusedSamples - outcome.samplesOutOfTime
    }

    /// A line a fact.
    private func report(_ outcome: ImportOutcome, _ reader: SampleReader) -> [String] {
        var lines = reader.problems.first.map { "\(name): \($0)" }
        let more = reader.problems.count - reader.problems.first.count
        if more > 0 { lines.append("\(name): \(more) more lines are no samples") }
        lines += reader.notes
        if reader.isStopped {
            let before = reader.lineCount
            lines.append("stopped by --strict; the \(before) lines before it are imported, nothing behind them")
        }
        if outcome.samples == 0 && reader.problems.count == 0 {
            let remedy = format == .sar ? " A file of sadc itself is read by `mon import sar FILE`." : ""
            // What our own call of a program wrote has its format.
            let question = isOfProgram ? "" : "; was it written as \(format.rawValue)?\(remedy)"
            lines.append("\(name): no sample is in it\(question)")
        }
        var parts = ["\(ImportRun.imported(outcome)) samples of \(outcome.series) series imported"]
        if let range = outcome.range {
            parts.append("from \(TimeText.rfc3339(range.min, .utc)) to \(TimeText.rfc3339(range.max, .utc))")
        }
        lines.append(parts.joined(separator: " "))
        if outcome.conflicts > 0 {
            lines.append("\(outcome.conflicts) samples took the place of others of the same series and time")
        }
        if outcome.duplicates > 0 { lines.append("\(outcome.duplicates) samples were there already") }
        if outcome.samplesInWindows > 0 {
            lines.append(
                "\(outcome.samplesInWindows) samples are of times of which only windows are left, and went into those; "
                    + "those of them that were imported before count twice")
        }
        if let first = outcome.firstRefused {
            var limits: [String] = []
            if outcome.refusedSeries > outcome.refusedByDay { limits.append("--max-series \(arguments.maxSeries)") }
            if outcome.refusedByDay > 0 {
                limits.append("the \(arguments.options.storeSeriesMax) that a store takes in a day")
            }
            lines.append(
                "\(outcome.refusedSeries) series with \(outcome.refusedSamples) samples refused, the first "
                    + "\(ToldText.line("\(first)")): more than \(limits.joined(separator: ", or "))")
        }
        if outcome.samplesOutOfTime > 0 {
            lines.append("\(outcome.samplesOutOfTime) samples are of times that no store holds")
        }
        return lines
    }
}

/// How far a long command is: one line on standard error, on a terminal only.
struct ProgressLine {
    private let console: Console
    private let total: Int?
    private var shown = -1
    private static let cells = 30

    /// - Parameter total: bytes of the input; nil where nobody knows.
    init(_ console: Console, total: Int?) {
        self.console = console
        self.total = total
    }

    mutating func show(_ verb: String, done: Int) {
        if let total, total > 0 { return show(verb, part: Double(done) / Double(total)) }
        let megabytes = done >> 20
        if megabytes == shown || !console.errorIsTerminal { return }
        shown = megabytes
        console.sayPlainly("\r\(verb) \(megabytes) MiB\u{1b}[K")
    }

    mutating func show(_ verb: String, part: Double) {
        let percent = Int(min(1, max(0, part)) * 100)
        // A number for each step of each verb.
        let step = percent + verb.utf8.count * 1000
        if step == shown || !console.errorIsTerminal { return }
        shown = step
        let full = percent * ProgressLine.cells / 100
        let bar = String(repeating: "#", count: full) + String(repeating: ".", count: ProgressLine.cells - full)
        console.sayPlainly("\r\(verb) [\(bar)] \(percent) %\u{1b}[K")
    }

    /// Takes the line away.
    mutating func clear() {
        if shown >= 0 { console.sayPlainly("\r\u{1b}[K") }
        shown = -1
    }
}
