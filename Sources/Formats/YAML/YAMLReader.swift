import CYAML

/// Reads a YAML document through libyaml's events.
///
/// Taken: one document of mappings with keys of text, lists and values, in any style; anchors and aliases, as long as
/// what they stand for stays small. Not taken, with the place: a key that comes twice, a key that is no text, tags
/// other than YAML's own for text, and a second document.
package enum YAMLReader {
    /// How deep values may lie, so that no text can use up the stack.
    static let depthMax = 64
    /// How many values a document may have once its aliases stand for what they name: a guess, far above any
    /// configuration and below what could fill memory.
    static let nodeCountMax = 100_000

    /// The document's value; nil where the text holds none, as an empty file or one of comments.
    package static func read(_ text: [UInt8]) throws(YAMLError) -> YAMLNode? {
        var events = YAMLEvents(text)
        var builder = YAMLBuilder()
        return try builder.document(&events)
    }
}

/// One of libyaml's events, copied into values of ours.
enum YAMLEvent {
    case streamStart, streamEnd, documentStart, documentEnd
    case alias(String)
    case scalar(String, isPlain: Bool, tag: String?, anchor: String?)
    case sequenceStart(anchor: String?)
    case sequenceEnd
    case mappingStart(anchor: String?)
    case mappingEnd
}

/// A parser of libyaml over bytes that it keeps alive.
@safe struct YAMLEvents: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let text: UnsafeMutableBufferPointer<UInt8>
    private var isWhole: Bool

    init(_ bytes: [UInt8]) {
        // Both live until deinit; libyaml reads the text in place.
        unsafe text = .allocate(capacity: max(bytes.count, 1))
        _ = unsafe text.initialize(from: bytes)
        unsafe parser = .allocate(capacity: 1)
        isWhole = unsafe yaml_parser_initialize(parser) == 1
        unsafe yaml_parser_set_input_string(parser, text.baseAddress, bytes.count)
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe text.deallocate()
    }

    /// The next event and where it begins.
    mutating func next() throws(YAMLError) -> (event: YAMLEvent, place: YAMLPlace) {
        var raw = unsafe yaml_event_t()
        guard isWhole, unsafe yaml_parser_parse(parser, &raw) == 1 else {
            isWhole = false
            throw failure()
        }
        defer { unsafe yaml_event_delete(&raw) }
        let place = unsafe YAMLEvents.place(raw.start_mark)
        return (unsafe try YAMLEvents.event(raw, place), place)
    }

    private static func place(_ mark: yaml_mark_t) -> YAMLPlace {
        YAMLPlace(line: Int(clamping: mark.line) + 1, column: Int(clamping: mark.column) + 1)
    }

    private func failure() -> YAMLError {
        // problem is a constant of libyaml's, or nil where memory ran out.
        let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? "it cannot be read"
        let isReader = unsafe parser.pointee.error == YAML_READER_ERROR
        let place =
            isReader
            ? unsafe place(ofByte: parser.pointee.problem_offset) : unsafe YAMLEvents.place(parser.pointee.problem_mark)
        return YAMLError(place: place, reason: problem)
    }

    /// Of bytes that are no UTF-8 libyaml tells the offset alone.
    private func place(ofByte offset: Int) -> YAMLPlace {
        var place = YAMLPlace(line: 1, column: 1)
        for index in 0..<min(max(offset, 0), unsafe text.count) {
            if unsafe text[index] == 10 {
                place = YAMLPlace(line: place.line + 1, column: 1)
            } else {
                place.column += 1
            }
        }
        return place
    }

    private static func event(_ raw: yaml_event_t, _ place: YAMLPlace) throws(YAMLError) -> YAMLEvent {
        // Every pointer belongs to the event, which outlives this call; texts end in NUL or have a length.
        switch unsafe raw.type {
        case YAML_STREAM_START_EVENT: return .streamStart
        case YAML_STREAM_END_EVENT: return .streamEnd
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_ALIAS_EVENT: return .alias(unsafe text(raw.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = unsafe raw.data.scalar
            let value = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return .scalar(
                unsafe String(decoding: value, as: UTF8.self),
                isPlain: unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE, tag: unsafe text(scalar.tag),
                anchor: unsafe text(scalar.anchor))
        case YAML_SEQUENCE_START_EVENT: return .sequenceStart(anchor: unsafe text(raw.data.sequence_start.anchor))
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_START_EVENT: return .mappingStart(anchor: unsafe text(raw.data.mapping_start.anchor))
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        default: throw YAMLError(place: place, reason: "it cannot be read")
        }
    }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        guard let pointer = unsafe pointer else { return nil }
        return unsafe String(decodingCString: pointer, as: UTF8.self)
    }
}

/// Makes values of events.
struct YAMLBuilder {
    private var anchors: [String: YAMLNode] = [:]
    /// How many values each anchor stands for.
    private var sizes: [String: Int] = [:]
    private var nodeCount = 0

    mutating func document(_ events: inout YAMLEvents) throws(YAMLError) -> YAMLNode? {
        var root: YAMLNode?
        while true {
            let (event, place) = try events.next()
            switch event {
            case .streamEnd: return root
            case .documentStart:
                guard root == nil else {
                    throw YAMLError(place: place, reason: "a second document begins here; one file has one")
                }
                let (first, start) = try events.next()
                root = try node(first, start, &events, depth: 0)
            default: break
            }
        }
    }

    private mutating func node(
        _ event: YAMLEvent, _ place: YAMLPlace, _ events: inout YAMLEvents, depth: Int
    ) throws(YAMLError) -> YAMLNode {
        guard depth < YAMLReader.depthMax else {
            throw YAMLError(place: place, reason: "values lie more than \(YAMLReader.depthMax) deep here")
        }
        let before = nodeCount
        try count(1, place)
        let node: YAMLNode
        let name: String?
        switch event {
        case .alias(let anchor):
            guard let known = anchors[anchor] else {
                throw YAMLError(place: place, reason: "there is no &\(anchor) before this *\(anchor)")
            }
            try count(sizes[anchor] ?? 0, place)
            return known
        case .scalar(let text, let isPlain, let tag, let anchor):
            if let tag, tag != "!", tag != "tag:yaml.org,2002:str" {
                throw YAMLError(place: place, reason: "the tag \(tag) has no meaning here; leave it out")
            }
            // A tag for text makes a number a text.
            node = YAMLNode(.scalar(text, isPlain: isPlain && tag == nil), at: place)
            name = anchor
        case .sequenceStart(let anchor):
            node = YAMLNode(.sequence(try items(&events, depth: depth)), at: place)
            name = anchor
        case .mappingStart(let anchor):
            node = YAMLNode(.mapping(try entries(&events, depth: depth)), at: place)
            name = anchor
        default: throw YAMLError(place: place, reason: "a value is missing here")
        }
        if let name {
            anchors[name] = node
            sizes[name] = nodeCount - before
        }
        return node
    }

    private mutating func count(_ more: Int, _ place: YAMLPlace) throws(YAMLError) {
        nodeCount += more
        if nodeCount > YAMLReader.nodeCountMax {
            throw YAMLError(place: place, reason: "more than \(YAMLReader.nodeCountMax) values")
        }
    }

    private mutating func items(_ events: inout YAMLEvents, depth: Int) throws(YAMLError) -> [YAMLNode] {
        var items: [YAMLNode] = []
        while true {
            let (event, place) = try events.next()
            if case .sequenceEnd = event { return items }
            items.append(try node(event, place, &events, depth: depth + 1))
        }
    }

    private mutating func entries(
        _ events: inout YAMLEvents, depth: Int
    ) throws(YAMLError) -> [YAMLNode.Entry] {
        var entries: [YAMLNode.Entry] = []
        var places: [String: YAMLPlace] = [:]
        while true {
            let (event, place) = try events.next()
            if case .mappingEnd = event { return entries }
            guard case .scalar(let key, _, _, _) = event else {
                throw YAMLError(place: place, reason: "a key has to be text")
            }
            if let first = places[key] {
                throw YAMLError(place: place, reason: "the key \"\(key)\" stands at \(first) already; leave one out")
            }
            places[key] = place
            let (valueEvent, valuePlace) = try events.next()
            let value = try node(valueEvent, valuePlace, &events, depth: depth + 1)
            entries.append(YAMLNode.Entry(key: key, place: place, value: value))
        }
    }
}
