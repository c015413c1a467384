import Model
import Server

/// One thing that can be set: in the file, by the environment, and some of them by a flag.
struct Setting: Sendable {
    /// Its path in the file: `store.max_size`.
    let name: String
    let kind: SettingKind
    /// What counts where nobody sets it; empty where the description says what then happens.
    let fallback: String
    /// One sentence for people.
    let about: String
    /// Variables of the environment that set it, the strongest first.
    let variables: [String]

    /// - Parameter variables: names that people know, besides `MON_STORE_MAX_SIZE`.
    init(
        _ name: String, _ kind: SettingKind, default fallback: String = "", variables: [String] = [], _ about: String
    ) {
        self.name = name
        self.kind = kind
        self.fallback = fallback
        self.about = about
        let own = "MON_" + name.uppercased().map { $0 == "." ? "_" : String($0) }.joined()
        self.variables = [own] + variables
    }
}

/// What a setting takes. Every value is kept as its text, checked.
enum SettingKind: Sendable {
    case text
    /// `true` or `false`; `yes`, `no`, `on`, `off`, `1` and `0` are taken, too.
    case flag
    case whole(ClosedRange<Int>)
    /// A decimal number.
    case number(ClosedRange<Double>)
    /// Milliseconds.
    case duration(ClosedRange<Int64>)
    /// The same in whole seconds.
    case interval(ClosedRange<Int64>)
    /// A length of time, or 0 for none.
    case durationOrNone
    /// `512MiB`, `10%`.
    case size(min: Int)
    case choice([String])
    /// A ``LogLevel``.
    case level
    /// A ``ListenAddress``.
    case address
    /// A regular expression of RE2 that is to match the whole of a name.
    case expression
    /// As `raw` of `--retention`: a length of time.
    case age

    /// What is wrong with a text: what it is not, and what is possible. Nil where it is right.
    func problem(with text: String) -> String? {
        switch self {
        case .text: return nil
        case .flag: return SettingKind.truth(text) == nil ? "is neither true nor false" : nil
        case .whole(let range):
            guard let number = Int(text) else {
                return "is no whole number; \(range.lowerBound) to \(range.upperBound) are possible"
            }
            return range.contains(number)
                ? nil : "is out of range; \(range.lowerBound) to \(range.upperBound) are possible"
        case .number(let range):
            let possible = "\(FloatText.plain(range.lowerBound)) to \(FloatText.plain(range.upperBound)) are possible"
            guard let number = Double(text), number.isFinite else { return "is no number; \(possible)" }
            return range.contains(number) ? nil : "is out of range; \(possible)"
        case .interval(let range):
            if let found = SettingKind.duration(range).problem(with: text) { return found }
            let isWhole = SettingKind.milliseconds(text).map { $0 % 1000 == 0 } ?? false
            return isWhole ? nil : "is no number of whole seconds"
        case .duration(let range):
            guard let milliseconds = SettingKind.milliseconds(text) else {
                return "is no length of time; possible are 30s, 5m, 1h30m, 7d, or seconds"
            }
            let (least, most) = (DurationText.format(range.lowerBound), DurationText.format(range.upperBound))
            return range.contains(milliseconds) ? nil : "is out of range; \(least) to \(most) are possible"
        case .durationOrNone:
            return text == "0" || SettingKind.milliseconds(text) != nil
                ? nil : "is no length of time; possible are 30s, 5m, 1h30m, or 0 for none"
        case .size(let least):
            // A share is of a disk that is not known here.
            guard let bytes = SizeArgument.parse(text, whole: .max) else {
                return "is no size; possible are 512MiB, 2GB, 10% of the disk, or bytes"
            }
            return bytes >= least ? nil : "is too little; \(least >> 20)MiB are the least"
        case .choice(let words):
            return words.contains(text) ? nil : "is not known; possible are \(words.joined(separator: ", "))"
        case .level:
            return LogLevel(text) == nil ? "is not known; possible are debug, info, warning, error" : nil
        case .address:
            return (try? ListenAddress(text)) == nil
                ? "is no address to listen on; possible are 127.0.0.1:9100, [::1]:9100 and localhost:9100" : nil
        case .expression:
            do throws(RegularExpressionError) {
                _ = try RegularExpression(text)
                return nil
            } catch {
                return "is no regular expression: \(error.reason)"
            }
        case .age:
            return SettingKind.milliseconds(text) == nil ? "is no length of time; possible are 7d, 30d, 1y" : nil
        }
    }

    /// Nil for a word that is neither.
    static func truth(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "on", "1": true
        case "false", "no", "off", "0": false
        default: nil
        }
    }

    /// More than 0; nil where the text is no length of time.
    static func milliseconds(_ text: String) -> Int64? { try? DurationArgument.parse(text, option: "") }
}
