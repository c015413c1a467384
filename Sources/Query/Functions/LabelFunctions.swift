import Model

// Functions that change labels; once per series, not per step.

extension Function {
    static let labelReplace = Function(
        FunctionSignature("label_replace", [.instantVector, .string, .string, .string, .string]),
        "Sets a label to a text made from another one by a regular expression; `$1` and `${name}` are its groups.",
        example: FunctionExample(
            #"label_replace(up, "port", "$1", "instance", ".*:(.*)")"#, over: [#"up{instance="a:9100"} 1"#],
            gives: [#"up{instance="a:9100", port="9100"} 1"#]),
        kernel: .whole(replaceLabel))

    static let labelJoin = Function(
        FunctionSignature(
            "label_join", [.instantVector, .string, .string, .string], .repeatedLast),
        "Sets a label to the values of others with a separator between them.",
        example: FunctionExample(
            #"label_join(up, "both", "/", "job", "zone")"#, over: [#"up{job="a", zone="b"} 1"#],
            gives: [#"up{both="a/b", job="a", zone="b"} 1"#]),
        kernel: .whole(joinLabels))

    private static func replaceLabel(_ call: inout FunctionCall) throws(QueryError) -> StepValue {
        let target = call.string(1)
        let template = call.string(2)
        let source = call.string(3)
        let expression: RegularExpression
        do {
            expression = try RegularExpression(call.string(4))
        } catch {
            throw .execution("invalid regular expression in label_replace(): \(call.string(4))")
        }
        if target.isEmpty { throw .execution("invalid destination label name in label_replace(): \(target)") }
        var columns = call.vector(0)
        var checkpoint = Checkpoint(call.interruption)
        for index in columns.labels.indices {
            // Matching, and a label set that is made.
            try checkpoint.pass(4 * Checkpoint.labelsWork)
            let value = columns.labels[index][source] ?? ""
            guard let groups = expression.captures(in: value) else { continue }
            let text = LabelTemplate.expand(template) { name in
                if let number = Int(name) { return number < groups.count ? groups[number] : nil }
                return expression.index(ofGroup: name).flatMap { groups[$0] }
            }
            columns.labels[index] = columns.labels[index].setting(target, to: text)
        }
        try columns.mergeDuplicates(call.interruption)
        return .vector(columns)
    }

    private static func joinLabels(_ call: inout FunctionCall) throws(QueryError) -> StepValue {
        let target = call.string(1)
        let separator = call.string(2)
        if target.isEmpty { throw .execution("invalid destination label name in label_join(): \(target)") }
        var sources: [String] = []
        for index in 3..<max(3, call.arguments.count) {
            let name = call.string(index)
            if name.isEmpty { throw .execution("invalid source label name in label_join(): \(name)") }
            sources.append(name)
        }
        var columns = call.vector(0)
        var checkpoint = Checkpoint(call.interruption)
        for index in columns.labels.indices {
            try checkpoint.pass(4 * Checkpoint.labelsWork)
            let labels = columns.labels[index]
            let text = sources.map { labels[$0] ?? "" }.joined(separator: separator)
            columns.labels[index] = labels.setting(target, to: text)
        }
        try columns.mergeDuplicates(call.interruption)
        return .vector(columns)
    }
}

/// The `$1` and `${name}` of label_replace, by the rules of Go's Regexp.Expand: a name is as long a run of letters,
/// digits and underscores as there is, `$$` is a dollar, and a dollar that begins nothing stands for itself.
enum LabelTemplate {
    static func expand(_ template: String, group: (String) -> String?) -> String {
        let bytes = Array(template.utf8)
        var result: [UInt8] = []
        var at = 0
        while at < bytes.count {
            guard bytes[at] == UInt8(ascii: "$") else {
                result.append(bytes[at])
                at += 1
                continue
            }
            if at + 1 < bytes.count, bytes[at + 1] == UInt8(ascii: "$") {
                result.append(bytes[at])
                at += 2
            } else if let (name, end) = reference(in: bytes, at: at + 1) {
                result.append(contentsOf: (group(name) ?? "").utf8)
                at = end
            } else {
                result.append(bytes[at])
                at += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The name that begins at `start`, bare or in braces, and where the text goes on.
    private static func reference(in bytes: [UInt8], at start: Int) -> (name: String, end: Int)? {
        let isBraced = start < bytes.count && bytes[start] == UInt8(ascii: "{")
        let first = isBraced ? start + 1 : start
        var end = first
        while end < bytes.count, isNameByte(bytes[end]) { end += 1 }
        if end == first { return nil }
        let name = String(decoding: bytes[first..<end], as: UTF8.self)
        if !isBraced { return (name, end) }
        return end < bytes.count && bytes[end] == UInt8(ascii: "}") ? (name, end + 1) : nil
    }

    /// A byte of a letter beyond ASCII counts as a letter; group names of RE2 may hold them.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte >= 128 || byte == UInt8(ascii: "_") || (byte >= 48 && byte <= 57)
            || (byte | 32 >= 97 && byte | 32 <= 122)
    }
}
