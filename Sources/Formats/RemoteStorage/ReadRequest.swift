package import Model

/// What remote read asks (Prometheus, `prompb/remote.proto`): the samples of some series, each query for itself.
package struct ReadRequest: Sendable {
    /// Series and a span of time, both ends included.
    package struct Query: Sendable {
        package var range = TimeRange(minMilliseconds: 0, maxMilliseconds: 0)
        package var matchers: [Matcher] = []
    }

    package var queries: [Query] = []
    /// Whether samples are taken as an answer, and not chunks of Prometheus' own alone.
    package var acceptsSamples: Bool

    /// - Throws: ``WireError``; a matcher whose regular expression is none is malformed.
    package init(_ bytes: [UInt8]) throws(WireError) {
        var types: [UInt64] = []
        var reader = ProtobufReader(bytes)
        var queries: [Query] = []
        while let field = try reader.next() {
            switch (field.number, field.wire) {
            case (1, .bytes): queries.append(try ReadRequest.query(bytes, field.range))
            case (2, .varint): types.append(field.bits)
            case (2, .bytes):
                var packed = ProtobufReader(bytes, field.range)
                while !packed.isAtEnd { types.append(try packed.varint()) }
            default: continue
            }
        }
        self.queries = queries
        acceptsSamples = types.isEmpty || types.contains(0)
    }

    private static func query(_ bytes: [UInt8], _ range: Range<Int>) throws(WireError) -> Query {
        var query = Query()
        var reader = ProtobufReader(bytes, range)
        while let field = try reader.next() {
            switch (field.number, field.wire) {
            case (1, .varint): query.range.min = Timestamp(milliseconds: field.signed)
            case (2, .varint): query.range.max = Timestamp(milliseconds: field.signed)
            case (3, .bytes): query.matchers.append(try matcher(bytes, field.range))
            default: continue
            }
        }
        return query
    }

    private static func matcher(_ bytes: [UInt8], _ range: Range<Int>) throws(WireError) -> Matcher {
        var (kind, name, value) = (UInt64(0), "", "")
        var reader = ProtobufReader(bytes, range)
        while let field = try reader.next() {
            switch (field.number, field.wire) {
            case (1, .varint): kind = field.bits
            case (2, .bytes): name = String(decoding: bytes[field.range], as: UTF8.self)
            case (3, .bytes): value = String(decoding: bytes[field.range], as: UTF8.self)
            default: continue
            }
        }
        let operations = [Matcher.Operation.equal, .notEqual, .matches, .doesNotMatch]
        guard kind < UInt64(operations.count) else {
            throw .malformed(position: range.lowerBound, reason: "a matcher of type \(kind)")
        }
        do {
            return try Matcher(name, operations[Int(kind)], value)
        } catch {
            throw .malformed(position: range.lowerBound, reason: "\(name): \(error)")
        }
    }
}

/// Builds the answer to a ``ReadRequest``: a result a query, in their order.
package struct ReadResponse {
    private var response = ProtobufWriter()
    private var result = ProtobufWriter()

    package init() {}

    /// Adds a series to the result in hand.
    package mutating func add(_ labels: Labels, times: [Int64], values: [Double]) {
        var series = ProtobufWriter()
        labels.forEachField { name, value in
            var label = ProtobufWriter()
            label.field(1, labels.bytes[name])
            label.field(2, labels.bytes[value])
            series.field(1, label.bytes)
        }
        for place in times.indices {
            var sample = ProtobufWriter()
            sample.double(1, values[place])
            sample.varint(2, UInt64(bitPattern: times[place]))
            series.field(2, sample.bytes)
        }
        result.field(1, series.bytes)
    }

    /// The bytes of the results so far.
    package var byteCount: Int { response.bytes.count + result.bytes.count }

    /// Ends the result in hand.
    package mutating func endResult() {
        response.field(1, result.bytes)
        result = ProtobufWriter()
    }

    /// The message.
    package consuming func finish() -> [UInt8] { response.bytes }
}
