/// One name=value pair.
package struct Label: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// The sorted, unique set of labels that names a series; `__name__` is the metric name.
///
/// Kept as one byte string, sorted by name: for each label the name's length, the name, the value's length, the value;
/// lengths are base-128 varints. Equality, hashing and order are those of the bytes: two strings that Unicode calls
/// equivalent are still two different labels, as they are to Prometheus.
///
/// A label with an empty value is the same as no label, so none is kept.
package struct Labels: Hashable, Sendable {
    /// The encoded form described above. Also the form in which a registry stores and looks up a label set.
    package let bytes: [UInt8]

    /// The label that holds the metric name.
    package static let metricNameLabel = "__name__"

    package static let empty = Labels(uncheckedBytes: [])

    /// From labels in any order. A name given twice keeps its last value.
    package init(_ labels: some Sequence<Label>) {
        var builder = LabelsBuilder()
        for label in labels { builder.set(label.name, label.value) }
        self = builder.labels()
    }

    package init(name: String, _ labels: KeyValuePairs<String, String> = [:]) {
        var builder = LabelsBuilder()
        builder.set(Labels.metricNameLabel, name)
        for (name, value) in labels { builder.set(name, value) }
        self = builder.labels()
    }

    /// From bytes that were made by this type, for example read from a registry. Nil where they are not well formed:
    /// cut short, not sorted, an empty value.
    package init?(bytes: [UInt8]) {
        var at = 0
        var previous: Range<Int>?
        while at < bytes.count {
            guard let name = Labels.field(in: bytes, at: &at), let value = Labels.field(in: bytes, at: &at),
                !value.isEmpty
            else { return nil }
            if let previous, !bytes[previous].lexicographicallyPrecedes(bytes[name]) { return nil }
            previous = name
        }
        self.bytes = bytes
    }

    /// From bytes the caller has built sorted and without empty values.
    package init(uncheckedBytes bytes: [UInt8]) {
        self.bytes = bytes
    }

    package var isEmpty: Bool { bytes.isEmpty }

    package var count: Int {
        var count = 0
        forEachField { _, _ in count += 1 }
        return count
    }

    /// The value of the label `name`; nil where the set has none.
    package subscript(_ name: String) -> String? {
        value(of: name).map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    package var metricName: String? { self[Labels.metricNameLabel] }

    /// Where the value of the label `name` lies in ``bytes``.
    package func value(of name: String) -> Range<Int>? {
        var at = 0
        while at < bytes.count {
            guard let field = Labels.field(in: bytes, at: &at), let value = Labels.field(in: bytes, at: &at) else {
                return nil
            }
            if bytes[field].elementsEqual(name.utf8) { return value }
        }
        return nil
    }

    /// Calls `body` with where each name and value lies in ``bytes``, in order of names.
    package func forEachField(_ body: (_ name: Range<Int>, _ value: Range<Int>) -> Void) {
        var at = 0
        while at < bytes.count {
            guard let name = Labels.field(in: bytes, at: &at), let value = Labels.field(in: bytes, at: &at) else {
                return
            }
            body(name, value)
        }
    }

    /// The labels whose names satisfy `isKept`, in one pass and without making strings of them.
    package func filter(_ isKept: (ArraySlice<UInt8>) -> Bool) -> Labels {
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count)
        var at = 0
        while at < bytes.count {
            let start = at
            guard let name = Labels.field(in: bytes, at: &at), Labels.field(in: bytes, at: &at) != nil else { break }
            if isKept(bytes[name]) { kept.append(contentsOf: bytes[start..<at]) }
        }
        return Labels(uncheckedBytes: kept)
    }

    /// The set without its metric name.
    package func droppingMetricName() -> Labels {
        filter { !$0.elementsEqual(Labels.metricNameLabel.utf8) }
    }

    /// The set without what says which metric it is: the name, and the type and the unit that Prometheus can add to it.
    package func droppingMetricIdentity() -> Labels { filter { !Labels.isMetricIdentity($0) } }

    private static func isMetricIdentity(_ name: ArraySlice<UInt8>) -> Bool {
        // All three are as long.
        guard name.count == 8, name.first == UInt8(ascii: "_") else { return false }
        return name.elementsEqual(metricNameLabel.utf8) || name.elementsEqual("__type__".utf8)
            || name.elementsEqual("__unit__".utf8)
    }

    /// The set with `name` set to `value`; an empty value removes it.
    package func setting(_ name: String, to value: String) -> Labels {
        var builder = LabelsBuilder(self)
        builder.set(name, value)
        return builder.labels()
    }

    /// Appends a label to bytes that will become a set; the caller appends in order of names.
    package static func append(name: [UInt8], value: [UInt8], to bytes: inout [UInt8]) {
        append(field: name, to: &bytes)
        append(field: value, to: &bytes)
    }

    fileprivate static func append(field: [UInt8], to bytes: inout [UInt8]) {
        var length = field.count
        while length >= 128 {
            bytes.append(UInt8(truncatingIfNeeded: length) | 128)
            length >>= 7
        }
        bytes.append(UInt8(length))
        bytes.append(contentsOf: field)
    }

    /// Reads one length-prefixed field and moves `at` behind it; nil where the bytes are cut short.
    private static func field(in bytes: [UInt8], at: inout Int) -> Range<Int>? {
        var length = 0
        var shift = 0
        while true {
            guard at < bytes.count, shift < 35 else { return nil }
            let byte = bytes[at]
            at += 1
            // A set has one form only, so that equal sets have equal bytes.
            if byte == 0, shift > 0 { return nil }
            length |= Int(byte & 127) << shift
            if byte < 128 { break }
            shift += 7
        }
        guard length <= bytes.count - at else { return nil }
        defer { at += length }
        return at..<at + length
    }
}

extension Labels: Sequence {
    package func makeIterator() -> AnyIterator<Label> {
        var at = 0
        return AnyIterator {
            guard at < bytes.count, let name = Labels.field(in: bytes, at: &at),
                let value = Labels.field(in: bytes, at: &at)
            else { return nil }
            return Label(
                String(decoding: bytes[name], as: UTF8.self), String(decoding: bytes[value], as: UTF8.self))
        }
    }
}

extension Labels: Comparable {
    /// Prometheus' order (model/labels): label by label, names before values, a shorter set before its extension.
    package static func < (lhs: Labels, rhs: Labels) -> Bool {
        var left = 0
        var right = 0
        while left < lhs.bytes.count, right < rhs.bytes.count {
            // Two fields a label; the first that differs decides.
            guard let a = field(in: lhs.bytes, at: &left), let b = field(in: rhs.bytes, at: &right) else {
                return false
            }
            if lhs.bytes[a] != rhs.bytes[b] { return lhs.bytes[a].lexicographicallyPrecedes(rhs.bytes[b]) }
        }
        return left >= lhs.bytes.count && right < rhs.bytes.count
    }
}

/// Builds a label set by setting and removing labels in any order.
package struct LabelsBuilder {
    private var fields: [(name: [UInt8], value: [UInt8])] = []

    package init() {}

    package init(_ base: Labels) {
        base.forEachField { name, value in fields.append((Array(base.bytes[name]), Array(base.bytes[value]))) }
    }

    /// Sets `name` to `value`; an empty value removes the label.
    package mutating func set(_ name: String, _ value: String) {
        set(Array(name.utf8), Array(value.utf8))
    }

    /// Sets a name to a value, both as UTF-8; an empty value removes the label.
    package mutating func set(_ name: [UInt8], _ value: [UInt8]) {
        if let place = fields.firstIndex(where: { $0.name == name }) {
            fields[place].value = value
        } else {
            fields.append((name, value))
        }
    }

    /// Removes the label; nothing happens where there is none.
    package mutating func remove(_ name: String) {
        fields.removeAll { $0.name.elementsEqual(name.utf8) }
    }

    /// The set as built so far.
    package mutating func labels() -> Labels {
        fields.sort { $0.name.lexicographicallyPrecedes($1.name) }
        var bytes: [UInt8] = []
        for (name, value) in fields where !value.isEmpty { Labels.append(name: name, value: value, to: &bytes) }
        return Labels(uncheckedBytes: bytes)
    }
}
