import Query

/// PromQL's functions, in words: all of them (`mon query --functions`) or one with its example (`mon help rate`).
enum FunctionHelp {
    /// A function in two lines: what it takes and gives, what it means.
    static var all: String {
        FunctionRegistry.all.map { "\($0.signature.text)\n    \(meaning(of: $0))\n" }.joined()
            + "\n`mon help NAME` shows an example.\n"
    }

    /// One function with its example, whose samples are a minute apart; nil where nothing is called `name`.
    static func text(of name: String) -> String? {
        guard let function = FunctionRegistry.function(named: name) else { return nil }
        let example = function.example
        var text = "\(function.signature.text)\n\n    \(meaning(of: function))\n\nExample"
        if !example.data.isEmpty { text += ", with a sample a minute" }
        text += ":\n\n"
        for series in example.data { text += "    \(series)\n" }
        text += "    \(example.minutes) min: \(example.query)\n"
        for line in example.result { text += "        \(line)\n" }
        if example.result.isEmpty { text += "        (nothing)\n" }
        return text
    }

    private static func meaning(of function: Function) -> String {
        function.documentation + (function.signature.isExperimental ? " Needs --enable experimental." : "")
    }
}
