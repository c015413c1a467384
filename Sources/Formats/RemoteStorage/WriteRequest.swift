package import Model

/// What a remote-write request brings (Prometheus remote write 1.0 and 2.0), with what of it cannot be taken.
///
/// The bytes are walked over once. A series whose labels or samples make no sense is left out and counted; the others
/// are kept, as the specification wants it.
package struct WriteRequest: Sendable {
    /// The two messages that may come.
    package enum Version: Hashable, Sendable {
        /// `prometheus.WriteRequest`
        case one
        /// `io.prometheus.write.v2.Request`: all texts are numbers into a table.
        case two
    }

    /// The floats, and what was told of metrics.
    package var batch = ImportBatch()
    /// Samples of native histograms, which have no place in the store.
    package var histograms = 0
    /// Exemplars, which have none, either.
    package var exemplars = 0
    /// Series that were left out.
    package var invalidSeries = 0
    /// Their samples.
    package var invalidSamples = 0
    /// Why the first of them was.
    package var firstProblem: String?

    /// Bytes of one label set; a series is looked up by them with each sample.
    static let labelBytesMax = 64 << 10
    /// Labels of one series, and samples of one message: a label takes two bytes of a message and a sample two, which
    /// packed are hardly any, and much more in memory.
    static let labelsMax = 1024
    static let samplesMax = 1 << 20

    private var numbers: [Labels: UInt32] = [:]

    /// Reads a message.
    /// - Throws: where the bytes are no such message; nothing of it counts then.
    package init(_ bytes: [UInt8], _ version: Version) throws(WireError) {
        switch version {
        case .one: try readFirst(bytes)
        case .two: try readSecond(bytes)
        }
    }

    // MARK: 1.0

    private mutating func readFirst(_ bytes: [UInt8]) throws(WireError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch (field.number, field.wire) {
            case (1, .bytes): try readSeries(bytes, field.range)
            case (3, .bytes): try readMetadata(bytes, field.range)
            default: continue
            }
        }
    }

    private mutating func readSeries(_ bytes: [UInt8], _ range: Range<Int>) throws(WireError) {
        var reader = ProtobufReader(bytes, range)
        var labels: [(name: Range<Int>, value: Range<Int>)] = []
        var samples = SampleList()
        while let field = try reader.next() {
            guard field.wire == .bytes else { continue }
            switch field.number {
            case 1:
                var inner = ProtobufReader(bytes, field.range)
                var label = (name: 0..<0, value: 0..<0)
                while let part = try inner.next() {
                    if part.number == 1, part.wire == .bytes { label.name = part.range }
                    if part.number == 2, part.wire == .bytes { label.value = part.range }
                }
                try WriteRequest.checkLabels(labels.count, range)
                labels.append(label)
            case 2:
                try checkSamples(samples.times.count)
                try samples.read(bytes, field.range)
            case 3: exemplars += 1
            case 4: histograms += 1
            default: continue
            }
        }
        _ = add(labels.map { (name: bytes[$0.name], value: bytes[$0.value]) }, samples)
    }

    private mutating func readMetadata(_ bytes: [UInt8], _ range: Range<Int>) throws(WireError) {
        var reader = ProtobufReader(bytes, range)
        var family = MetricFamily(name: "", kind: .unknown, help: "")
        while let field = try reader.next() {
            switch (field.number, field.wire) {
            case (1, .varint): family.kind = WriteRequest.kind(field.bits)
            case (2, .bytes): family.name = WriteRequest.text(bytes[field.range])
            case (4, .bytes): family.help = WriteRequest.text(bytes[field.range])
            case (5, .bytes): family.unit = WriteRequest.text(bytes[field.range])
            default: continue
            }
        }
        if !family.name.isEmpty { batch.families.append(family) }
    }

    // MARK: 2.0

    private mutating func readSecond(_ bytes: [UInt8]) throws(WireError) {
        // The table stands first as a rule; nothing says that it must.
        var symbols: [Range<Int>] = []
        var series: [Range<Int>] = []
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            if field.number == 4, field.wire == .bytes { symbols.append(field.range) }
            if field.number == 5, field.wire == .bytes { series.append(field.range) }
        }
        guard symbols.first?.isEmpty ?? series.isEmpty else {
            throw .malformed(position: 0, reason: "the first symbol is not the empty text")
        }
        for range in series { try readSeries(bytes, range, symbols) }
    }

    private mutating func readSeries(
        _ bytes: [UInt8], _ range: Range<Int>, _ symbols: [Range<Int>]
    ) throws(WireError) {
        var reader = ProtobufReader(bytes, range)
        var places: [UInt64] = []
        var samples = SampleList()
        var metadata: Range<Int>?
        while let field = try reader.next() {
            switch (field.number, field.wire) {
            case (1, .varint):
                try WriteRequest.checkLabels(places.count / 2, range)
                places.append(field.bits)
            case (1, .bytes):
                var packed = ProtobufReader(bytes, field.range)
                while !packed.isAtEnd {
                    try WriteRequest.checkLabels(places.count / 2, range)
                    places.append(try packed.varint())
                }
            case (2, .bytes):
                try checkSamples(samples.times.count)
                try samples.read(bytes, field.range)
            case (3, .bytes): histograms += 1
            case (4, .bytes): exemplars += 1
            case (5, .bytes): metadata = field.range
            default: continue
            }
        }
        func symbol(_ place: UInt64) throws(WireError) -> ArraySlice<UInt8> {
            guard place < UInt64(symbols.count) else {
                throw .malformed(position: range.lowerBound, reason: "symbol \(place) of \(symbols.count)")
            }
            return bytes[symbols[Int(place)]]
        }
        guard places.count % 2 == 0 else {
            throw .malformed(position: range.lowerBound, reason: "a label without a value")
        }
        var labels: [(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)] = []
        for place in stride(from: 0, to: places.count, by: 2) {
            labels.append((name: try symbol(places[place]), value: try symbol(places[place + 1])))
        }
        guard let name = add(labels, samples)?.metricName, let metadata else { return }
        var family = MetricFamily(name: name, kind: .unknown, help: "")
        var inner = ProtobufReader(bytes, metadata)
        while let field = try inner.next() {
            guard field.wire == .varint else { continue }
            switch field.number {
            case 1: family.kind = WriteRequest.kind(field.bits)
            case 3: family.help = WriteRequest.text(try symbol(field.bits))
            case 4: family.unit = WriteRequest.text(try symbol(field.bits))
            default: continue
            }
        }
        add(family)
    }

    /// With each series comes what its metric is: kept once, under the name that the samples of the whole have.
    private mutating func add(_ family: MetricFamily) {
        if family.kind == .unknown && family.help.isEmpty && family.unit.isEmpty { return }
        var family = family
        if family.kind == .histogram || family.kind == .summary {
            for suffix in MetricFamily.partSuffixes where family.name.hasSuffix(suffix) {
                family.name.removeLast(suffix.count)
                break
            }
        }
        if batch.families.last != family { batch.families.append(family) }
    }

    // MARK: Both

    private static func checkLabels(_ count: Int, _ range: Range<Int>) throws(WireError) {
        guard count < labelsMax else {
            throw .malformed(position: range.lowerBound, reason: "a series of more than \(labelsMax) labels")
        }
    }

    /// - Parameter count: of the series that is being read.
    private func checkSamples(_ count: Int) throws(WireError) {
        let count = batch.count + invalidSamples + count
        if count >= WriteRequest.samplesMax { throw .tooManySamples(most: WriteRequest.samplesMax) }
    }

    /// Adds the samples of a series.
    /// - Returns: its labels; nil where they make no sense.
    private mutating func add(
        _ pairs: [(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)], _ samples: SampleList
    ) -> Labels? {
        let labels: Labels
        switch WriteRequest.labels(pairs) {
        case .success(let made): labels = made
        case .failure(let problem):
            invalidSeries += 1
            invalidSamples += samples.times.count
            if firstProblem == nil { firstProblem = problem.reason }
            return nil
        }
        if samples.times.isEmpty { return labels }
        let number = numbers[labels] ?? UInt32(batch.series.count)
        if Int(number) == batch.series.count {
            numbers[labels] = number
            batch.series.append(labels)
        }
        for place in samples.times.indices { batch.append(number, samples.times[place], samples.values[place]) }
        return labels
    }

    private struct Problem: Error { let reason: String }

    /// Senders are to sort labels; those that do not are understood all the same.
    private static func labels(
        _ pairs: [(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)]
    ) -> Result<Labels, Problem> {
        // Before anything is sorted or copied: many labels of 2.0 may name one symbol.
        let byteCount = pairs.reduce(0) { $0 + $1.name.count + $1.value.count }
        if byteCount > labelBytesMax {
            return .failure(Problem(reason: "labels of \(byteCount) bytes, where at most \(labelBytesMax) are taken"))
        }
        let sorted = pairs.sorted { $0.name.lexicographicallyPrecedes($1.name) }
        var bytes: [UInt8] = []
        var hasName = false
        for (place, label) in sorted.enumerated() {
            let name = text(label.name)
            if label.name.isEmpty { return .failure(Problem(reason: "a label without a name")) }
            if place > 0, sorted[place - 1].name.elementsEqual(label.name) {
                return .failure(Problem(reason: "label \(Labels.quote(name)) twice in one series"))
            }
            guard isUTF8(label.name), isUTF8(label.value) else {
                return .failure(Problem(reason: "label \(Labels.quote(name)) is no UTF-8"))
            }
            if label.value.isEmpty { continue }
            if label.name.elementsEqual(Labels.metricNameLabel.utf8) { hasName = true }
            Labels.append(name: Array(label.name), value: Array(label.value), to: &bytes)
        }
        let labels = Labels(uncheckedBytes: bytes)
        return hasName ? .success(labels) : .failure(Problem(reason: "a series without a metric name: \(labels)"))
    }

    private static func isUTF8(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.allSatisfy { $0 < 128 } || String(validating: bytes, as: UTF8.self) != nil
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    /// Both messages number the types as they are numbered here.
    private static func kind(_ number: UInt64) -> MetricFamily.Kind {
        UInt8(exactly: number).flatMap { MetricFamily.Kind(rawValue: $0) } ?? .unknown
    }
}

/// The samples of one series; both messages have them alike: value 1, time 2.
private struct SampleList {
    var times: [Int64] = []
    var values: [Double] = []

    mutating func read(_ bytes: [UInt8], _ range: Range<Int>) throws(WireError) {
        var reader = ProtobufReader(bytes, range)
        var (time, value) = (Int64(0), 0.0)
        while let field = try reader.next() {
            if field.number == 1, field.wire == .fixed64 { value = field.double }
            if field.number == 2, field.wire == .varint { time = field.signed }
        }
        times.append(time)
        values.append(value)
    }
}
