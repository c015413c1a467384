/// A process's command line as it may be kept: shortened, and without what looks like a secret.
///
/// Programs should not take secrets on their command lines, and many do. What follows a name that says `password`,
/// `token`, `secret`, `key` and the like is replaced by `***`, and so are passwords in URLs, the values of some
/// programs' short flags, and words in the form of well-known tokens. It errs on the side of replacing: `--password
/// --host db` becomes `--password *** db`. No rule finds a secret that nothing tells apart from another word, which is
/// why command lines are recorded only where that was asked for.
enum CommandLineText {
    static let replacement = "***"
    /// Bytes that are kept at most, whole characters. A guess: what people tell processes apart by comes early.
    static let bytesMax = 512
    private static let argumentsMax = 100

    /// - Parameter text: /proc/pid/cmdline: arguments, each with a NUL behind it.
    /// - Returns: nil for an empty one, which the kernel's own threads and zombies have.
    static func shown(_ text: Span<UInt8>) -> String? {
        var bytes: [UInt8] = []
        for place in text.indices { bytes.append(text[place]) }
        while bytes.last == 0 { bytes.removeLast() }
        guard !bytes.isEmpty else { return nil }
        let arguments = bytes.split(separator: 0, maxSplits: argumentsMax, omittingEmptySubsequences: false)
        let shown = redacted(arguments.map { String(decoding: $0, as: UTF8.self) }).joined(separator: " ")
        return shortened(shown)
    }

    /// The arguments without secrets; the first is the program.
    static func redacted(_ arguments: [String]) -> [String] {
        guard let first = arguments.first else { return [] }
        let program = first.split(separator: "/").last.map { String($0) } ?? first
        let flags = secretFlags(of: program)
        var shown: [String] = [SecretText.redacted(first)]
        var isSecretNext = false
        for argument in arguments.dropFirst() {
            if isSecretNext {
                shown.append(replacement)
                isSecretNext = false
            } else if let flag = flags.first(where: { argument.hasPrefix($0) }) {
                // `-p secret` and `-psecret`.
                isSecretNext = argument == flag
                shown.append(isSecretNext ? argument : flag + replacement)
            } else if userFlags.contains(argument) {
                // What follows is replaced from its colon on.
                shown.append(argument)
            } else if userFlags.contains(shown.last ?? "") {
                shown.append(withoutPassword(argument))
            } else {
                isSecretNext = SecretText.isSecretFlag(argument)
                shown.append(SecretText.redacted(argument))
            }
        }
        return shown
    }

    /// Flags behind which user and password stand, as `curl -u name:password`.
    private static let userFlags: Set<String> = ["-u", "-U", "--user", "--proxy-user"]

    /// Flags without a telling name.
    private static func secretFlags(of program: String) -> [String] {
        let table: [(prefix: String, flags: [String])] = [
            ("mysql", ["-p"]), ("mariadb", ["-p"]), ("sshpass", ["-p"]), ("redis-cli", ["-a"]), ("ldap", ["-w"]),
            ("7z", ["-p"]), ("zip", ["-P"]), ("unzip", ["-P"]),
        ]
        return table.first { program.hasPrefix($0.prefix) }?.flags ?? []
    }

    private static func withoutPassword(_ argument: String) -> String {
        guard let mark = argument.firstIndex(where: { $0 == ":" || $0 == "%" }) else {
            return SecretText.redacted(argument)
        }
        return argument[...mark] + replacement
    }

    private static func shortened(_ text: String) -> String {
        guard text.utf8.count > bytesMax else { return text }
        var short = ""
        var count = 0
        for character in text {
            count += character.utf8.count
            if count > bytesMax { break }
            short.append(character)
        }
        return short + "…"
    }
}
