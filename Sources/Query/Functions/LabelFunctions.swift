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
        let template = call.string(2)
        let source = call.string(3)
        let expression: RegularExpression
        do {
            expression = try RegularExpression(call.string(4))
        } catch {
            throw .execution("invalid regular expression in label_replace(): \(call.string(4))")
        }
        let target = try call.labelName(1, "destination")
        var columns = call.vector(0)
        var checkpoint = Checkpoint(call.interruption)
        for index in columns.labels.indices {
            // Matching, and a label set that is made.
            try checkpoint.pass(4 * Checkpoint.labelsWork)
            let value = columns.labels[index][source] ?? ""
            guard let groups = expression.captures(in: value) else { continue }
            let text = LabelTemplate.expand(template) { name in
                // A number with a zero before it is a name.
                if name.utf8.count == 1 || !name.hasPrefix("0"), let number = Int(name) {
                    return number < groups.count ? groups[number] : nil
                }
                return expression.index(ofGroup: name).flatMap { groups[$0] }
            }
            columns.labels[index] = columns.labels[index].setting(target, to: text)
        }
        try columns.mergeDuplicates(call.interruption)
        return .vector(columns)
    }

    private static func joinLabels(_ call: inout FunctionCall) throws(QueryError) -> StepValue {
        let separator = call.string(2)
        var sources: [String] = []
        for index in 3..<max(3, call.arguments.count) {
            sources.append(try call.labelName(index, "source"))
        }
        let target = try call.labelName(1, "destination")
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
        let scalars = Array(template.unicodeScalars)
        var result = String.UnicodeScalarView()
        var at = 0
        while at < scalars.count {
            if scalars[at] == "$", let (name, end) = reference(in: scalars, at: at + 1) {
                result.append(contentsOf: (group(name) ?? "").unicodeScalars)
                at = end
                continue
            }
            result.append(scalars[at])
            at += scalars[at] == "$" && at + 1 < scalars.count && scalars[at + 1] == "$" ? 2 : 1
        }
        return String(result)
    }

    /// The name that begins at `start`, bare or in braces, and where the text goes on.
    private static func reference(in scalars: [Unicode.Scalar], at start: Int) -> (name: String, end: Int)? {
        let isBraced = start < scalars.count && scalars[start] == "{"
        let first = isBraced ? start + 1 : start
        var end = first
        while end < scalars.count, isOfName(scalars[end]) { end += 1 }
        if end == first { return nil }
        var name = String.UnicodeScalarView()
        name.append(contentsOf: scalars[first..<end])
        if !isBraced { return (String(name), end) }
        return end < scalars.count && scalars[end] == "}" ? (String(name), end + 1) : nil
    }

    /// Group names of RE2 may hold any letters and digits.
    private static func isOfName(_ scalar: Unicode.Scalar) -> Bool {
        if scalar == "_" { return true }
        return switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber: true
        default: false
        }
    }
}
