package import Model

/// Reads samples from a stream of bytes, piece by piece, in bounded memory.
///
///     while try reader.read(from: { try file.read(into: $0) }) {
///         try importer.append(reader.batch)
///     }
///
/// A record (a line; in CSV perhaps several) may be split anywhere between two reads. A record that is no sample is
/// counted in ``problems`` and passed over; a strict reader stops before it. Nothing traps on any bytes.
package struct SampleReader {
    /// Bytes that are asked for at a time.
    package static let readBytes = 4 << 20
    /// A longer record is refused, because it is held as a whole. VictoriaMetrics' exports have a line a series.
    package static let recordBytesMax = 32 << 20
    /// Names of series that are remembered; beyond them they are forgotten and looked up anew.
    private static let rememberedBytesMax = 16 << 20

    /// What was read last; the next read replaces it.
    package private(set) var batch = ImportBatch()
    /// Bytes that have become samples, or were passed over.
    package private(set) var byteCount = 0

    private var parser: RecordParser
    private var input: ParserInput
    private let readBytes: Int
    private let recordBytesMax: Int
    private var buffer: [UInt8] = []
    /// The bytes of the buffer that are not read yet: [0, filled).
    private var filled = 0
    private var isAtEnd = false
    /// Whether the first bytes were not looked at yet.
    private var isAtStart = true
    /// Within a record that is too long.
    private var isSkipping = false

    /// - Parameters:
    ///   - now: the time of samples that have none.
    ///   - isStrict: whether the first problem ends the reading; what stands before it is read.
    package init(
        _ format: SampleFormat, now: Timestamp, isStrict: Bool = false, readBytes: Int = SampleReader.readBytes,
        recordBytesMax: Int = SampleReader.recordBytesMax
    ) {
        parser = RecordParser(format)
        input = ParserInput(now: now, isStrict: isStrict)
        self.readBytes = readBytes
        self.recordBytesMax = recordBytesMax
    }

    /// Whether a strict reader has met a problem.
    package var isStopped: Bool { input.isStopped }

    /// Whether the input ends before its format lets it.
    package var isCut: Bool { input.isCut }

    /// What was no sample.
    package var problems: ImportProblems { input.problems }

    /// What a person should know of the input, for example what was left out of it.
    package var notes: [String] { input.notes }

    /// Lines read so far.
    package var lineCount: Int { input.line - 1 }

    /// Reads on and puts what it finds into ``batch``; false where there is no more.
    ///
    /// - Parameter source: fills the buffer that it is given from its start, and says how many bytes; 0 at the end.
    /// - Throws: what `source` throws.
    package mutating func read<Failure: Error>(
        from source: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) -> Bool {
        batch.removeAll()
        if isAtEnd || isStopped { return false }
        if input.rememberedBytes > SampleReader.rememberedBytesMax {
            input.forgetSeries()
            batch.startsAnew = true
        }
        if buffer.count < filled + readBytes {
            buffer.append(contentsOf: repeatElement(0, count: filled + readBytes - buffer.count))
        }
        let place = filled
        let count = try unsafe fill(from: source, at: place)
        filled += count
        // The last line needs no end.
        if count == 0 {
            isAtEnd = true
            if filled > 0 && buffer[filled - 1] != 10 {
                if filled == buffer.count { buffer.append(0) }
                buffer[filled] = 10
                filled += 1
            }
        }
        parse()
        return true
    }

    private mutating func fill<Failure: Error>(
        from source: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int, at place: Int
    ) throws(Failure) -> Int {
        var result: Result<Int, Failure> = .success(0)
        unsafe buffer.withUnsafeMutableBytes { bytes in
            // The part behind what is filled, which lives for the call.
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[place..<place + readBytes])
            do throws(Failure) {
                result = .success(unsafe min(readBytes, max(0, try source(rest))))
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }

    /// Looks at the first bytes, which may say that what follows is something else.
    /// - Returns: how many are passed over: those of a byte order mark, as spreadsheets and editors write it. Nil where
    ///   nothing is to be read.
    private mutating func begin() -> Int? {
        isAtStart = false
        if buffer[..<filled].starts(with: [0x1f, 0x8b]) {
            input.add(
                ImportProblem(
                    line: 1, column: 1, reason: "gzip, no text; unpack it: zcat FILE | mon import --format FORMAT -"))
            isAtEnd = true
            return nil
        }
        return buffer[..<filled].starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    }

    private mutating func parse() {
        if isAtStart && filled < 3 && !isAtEnd { return }
        guard var start = isAtStart ? begin() : 0 else { return }
        if isSkipping {
            guard let end = buffer[..<filled].firstIndex(of: 10) else {
                byteCount += filled
                filled = 0
                return
            }
            input.line += 1
            start = end + 1
            isSkipping = false
        }
        // Out of the reader while it is read, so that the parser may change the reader's other parts.
        var bytes: [UInt8] = []
        swap(&bytes, &buffer)
        let rest = parser.parse(bytes.span, start..<filled, isLast: isAtEnd, &input, &batch)
        swap(&bytes, &buffer)
        byteCount += rest
        let left = filled - rest
        if isStopped || isAtEnd { return }
        if left > recordBytesMax {
            input.add(
                ImportProblem(
                    line: input.line, column: 1,
                    reason: "a record of more than \(recordBytesMax) bytes; split it, or have VictoriaMetrics export "
                        + "with reduce_mem_usage=1"))
            byteCount += left
            isSkipping = true
            filled = 0
            return
        }
        if rest > 0 {
            // What is left is the beginning of a record, shorter than what was read.
            for place in 0..<left { buffer[place] = buffer[rest + place] }
        }
        filled = left
    }
}

/// What the parsers of all formats share.
struct ParserInput {
    /// The line that is read next, from 1.
    var line = 1
    /// The time of samples that have none, in milliseconds.
    let now: Int64
    /// Whether the first problem ends the reading.
    let isStrict: Bool
    private(set) var problems = ImportProblems()
    private(set) var notes: [String] = []
    private(set) var isCut = false
    private var cache = SeriesTextCache()
    private var nextNumber: UInt32 = 0

    init(now: Timestamp, isStrict: Bool) {
        self.now = now.milliseconds
        self.isStrict = isStrict
    }

    var isStopped: Bool { isStrict && problems.count > 0 }

    var rememberedBytes: Int { cache.byteCount }

    mutating func forgetSeries() {
        cache.removeAll()
        nextNumber = 0
    }

    mutating func add(_ problem: ImportProblem) { problems.add(problem) }

    /// The input ends too early, whatever was read of it.
    mutating func addCut(_ reason: String) {
        isCut = true
        add(ImportProblem(line: line, column: 1, reason: reason))
    }

    /// Something that a person should know and that is no fault.
    mutating func note(_ text: String) { notes.append(ToldText.line(text)) }

    /// Names a series in the batch.
    mutating func newNumber(_ labels: Labels, _ batch: inout ImportBatch) -> UInt32 {
        batch.series.append(labels)
        nextNumber += 1
        return nextNumber - 1
    }

    /// See ``SeriesTextCache/expected(_:_:)``.
    @inline(__always)
    mutating func expected(_ bytes: Span<UInt8>, _ at: inout Int) -> UInt32? { cache.expected(bytes, &at) }

    /// The number of the series with the text; `labels` makes its labels where it is new.
    mutating func number(
        of bytes: Span<UInt8>, _ range: Range<Int>, _ batch: inout ImportBatch,
        _ labels: () throws(LineFault) -> Labels
    ) throws(LineFault) -> UInt32 {
        if let known = cache.find(bytes, range) { return known }
        let number = newNumber(try labels(), &batch)
        cache.insert(bytes, range, number: number)
        return number
    }
}

/// The parser of one format: small states, because what is large is in ``ParserInput``.
enum RecordParser {
    case text(TextParser)
    case csv(CSVParser)
    case json(JSONLinesParser)
    case sar(SarParser)

    init(_ format: SampleFormat) {
        switch format {
        case .openmetrics: self = .text(TextParser(isOpenMetrics: true))
        case .prometheus: self = .text(TextParser(isOpenMetrics: false))
        case .csv: self = .csv(CSVParser())
        case .jsonl: self = .json(JSONLinesParser())
        case .sar: self = .sar(SarParser())
        }
    }

    /// Reads the whole records of `range` and returns where the first that is not whole begins; that of a problem where
    /// a strict input stops.
    mutating func parse(
        _ bytes: Span<UInt8>, _ range: Range<Int>, isLast: Bool, _ input: inout ParserInput,
        _ batch: inout ImportBatch
    ) -> Int {
        switch self {
        case .text(var parser):
            let rest = parser.parse(bytes, range, isLast: isLast, &input, &batch)
            self = .text(parser)
            return rest
        case .csv(var parser):
            let rest = parser.parse(bytes, range, isLast: isLast, &input, &batch)
            self = .csv(parser)
            return rest
        case .json(var parser):
            let rest = parser.parse(bytes, range, &input, &batch)
            self = .json(parser)
            return rest
        case .sar(var parser):
            let rest = parser.parse(bytes, range, isLast: isLast, &input, &batch)
            self = .sar(parser)
            return rest
        }
    }
}
