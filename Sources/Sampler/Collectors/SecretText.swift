/// Finds secrets within one argument of a command line.
enum SecretText {
    /// The argument with `***` in place of what looks like a secret.
    static func redacted(_ argument: String) -> String {
        var text = withoutUserInformation(argument)
        text = withoutNamedValues(text)
        return withoutTokens(text)
    }

    /// Whether the value of a flag stands in the next argument and is a secret: `--password`, `-passin`.
    static func isSecretFlag(_ argument: String) -> Bool {
        guard argument.hasPrefix("-"), !argument.contains("="), !argument.contains(":") else { return false }
        let name = argument.drop { $0 == "-" }
        return !name.hasPrefix("no-") && isSecretName(name)
    }

    // MARK: - Names

    /// Beginnings, ends or wholes of words, between `-`, `_`, `.`, capitals and the like, that name a secret.
    private static let wholeWords: Set<String> = [
        "pass", "pw", "pwd", "auth", "authorization", "cookie", "bearer", "keys",
    ]
    private static let wordParts = [
        "password", "passwd", "passphrase", "passin", "passout", "secret", "token", "credential", "apikey",
    ]

    static func isSecretName(_ name: some StringProtocol) -> Bool {
        words(of: name).contains { word in
            wholeWords.contains(word) || word.hasSuffix("key") || word.hasSuffix("pass")
                || wordParts.contains { word.contains($0) }
        }
    }

    /// `dbPassword` and `db_password` are `db` and `password`.
    private static func words(of name: some StringProtocol) -> [String] {
        var words: [String] = [""]
        var wasLower = false
        for character in name {
            guard character.isLetter || character.isNumber else {
                words.append("")
                wasLower = false
                continue
            }
            if character.isUppercase, wasLower { words.append("") }
            wasLower = character.isLowercase
            words[words.count - 1] += character.lowercased()
        }
        return words.filter { !$0.isEmpty }
    }

    // MARK: - Values with a name

    /// Replaces what stands behind `name=` and `name:` where the name is that of a secret. Where the argument begins
    /// with the name all the rest is the value; further in, as in a shell's `-c`, it ends at a blank, a quote or an
    /// `&`.
    private static func withoutNamedValues(_ text: String) -> String {
        var shown = ""
        var rest = text[...]
        while let mark = rest.firstIndex(where: { $0 == "=" || $0 == ":" }) {
            let before = rest[..<mark]
            let nameStart =
                before.lastIndex(where: { !isOfName($0) }).map { before.index(after: $0) } ?? rest.startIndex
            var valueStart = rest.index(after: mark)
            shown += rest[..<valueStart]
            guard isSecretName(before[nameStart...]) else {
                rest = rest[valueStart...]
                continue
            }
            if rest[mark] == ":" {
                // `Authorization: Bearer …`, but not `token://`.
                while valueStart < rest.endIndex, rest[valueStart] == " " {
                    shown.append(" ")
                    valueStart = rest.index(after: valueStart)
                }
                if rest[valueStart...].hasPrefix("//") {
                    rest = rest[valueStart...]
                    continue
                }
            }
            guard valueStart < rest.endIndex else { return shown }
            shown += CommandLineText.replacement
            let isWhole = text[..<nameStart].allSatisfy { $0 == "-" } || rest[mark] == ":"
            if isWhole { return shown }
            var end = rest[valueStart...].dropFirst()
            while let next = end.first, !next.isWhitespace, next != "&", next != "\"", next != "'" { end.removeFirst() }
            rest = end
        }
        return shown + rest
    }

    private static func isOfName(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_" || character == "-" || character == "."
    }

    // MARK: - URLs

    /// `scheme://user:password@host`, and `https://token@host`.
    private static func withoutUserInformation(_ text: String) -> String {
        var shown = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: ":") {
            guard rest[start...].hasPrefix("://") else {
                shown += rest[...start]
                rest = rest[rest.index(after: start)...]
                continue
            }
            let authorityStart = rest.index(start, offsetBy: 3)
            let scheme = rest[..<start]
            shown += rest[..<authorityStart]
            let authority = rest[authorityStart...].prefix { !$0.isWhitespace && !"/?#\"'".contains($0) }
            rest = rest[authorityStart...]
            // A password may hold an @ that should have been written %40.
            guard let at = authority.lastIndex(of: "@") else { continue }
            let user = authority[..<at]
            if let colon = user.firstIndex(of: ":") {
                shown += user[...colon] + CommandLineText.replacement
            } else {
                shown += scheme.hasSuffix("http") || scheme.hasSuffix("https") ? CommandLineText.replacement[...] : user
            }
            rest = rest[at...]
        }
        return shown + rest
    }

    // MARK: - Tokens

    /// Beginnings by which services mark their tokens (GitHub, GitLab, Slack, AWS, JSON web tokens, and others).
    private static let tokenMarks = [
        "ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "xoxa-", "AKIA", "ASIA", "eyJ",
        "sk-",
        "sk_live_", "rk_live_", "hvs.", "npm_", "pypi-", "AIza",
    ]
    private static let tokenLengthMin = 16

    private static func withoutTokens(_ text: String) -> String {
        var shown = ""
        var rest = text[...]
        while let next = rest.first {
            let word = rest.prefix { isOfName($0) || $0 == "/" || $0 == "+" }
            if word.isEmpty {
                shown.append(next)
                rest.removeFirst()
                continue
            }
            let isToken = word.count >= tokenLengthMin && tokenMarks.contains { word.hasPrefix($0) }
            shown += isToken ? CommandLineText.replacement[...] : word
            rest = rest[word.endIndex...]
        }
        return shown
    }
}
