import Formats
import Glibc
import Model

/// What a command sees of the world around it, and where it speaks: data to standard output, talk to standard error.
/// The live one is the process's own; tests make one of values.
final class Console {
    private(set) var now: Timestamp
    let zone: TimeZoneRule
    /// A variable of the environment; nil where it is not set.
    let environment: (String) -> String?
    let outputIsTerminal: Bool
    let errorIsTerminal: Bool
    /// Whether a person may answer.
    var inputIsTerminal = false
    /// Columns of the terminal.
    let width: Int
    /// Takes bytes for a descriptor; 0, or the `errno` that ended it.
    private let sink: (_ descriptor: Int32, _ bytes: [UInt8]) -> Int32
    /// A line of standard input; nil at its end.
    var source: () -> String? = { nil }
    private var pending = TextWriter()
    /// Whether standard output still takes what is written: no more so once its reader went away, or its disk is full.
    private(set) var takesOutput = true
    /// Why standard output took no more; nil where it took all, or nobody reads it any more, which is no failure.
    private(set) var outputFailure: CommandFailure?

    init(
        now: Timestamp, zone: TimeZoneRule, environment: @escaping (String) -> String?, outputIsTerminal: Bool,
        errorIsTerminal: Bool, width: Int, sink: @escaping (Int32, [UInt8]) -> Int32
    ) {
        self.now = now
        self.zone = zone
        self.environment = environment
        self.outputIsTerminal = outputIsTerminal
        self.errorIsTerminal = errorIsTerminal
        self.width = width
        self.sink = sink
    }

    /// The process's own.
    static func live() -> Console {
        // A reader that goes away (`| head`) is an answer of write(2), not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        // The number of one that the shell closed (`>&-`) goes to the next file that is opened, the store's perhaps,
        // and what is said would be written there.
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest number that is free; what is written to it is refused.
            _ = unsafe open("/dev/null", O_RDONLY)
        }
        let console = Console(
            now: WallClock.now(), zone: LocalZone.rule(), environment: Console.variable,
            outputIsTerminal: isatty(STDOUT_FILENO) == 1, errorIsTerminal: isatty(STDERR_FILENO) == 1,
            width: TerminalSize.columns(of: STDOUT_FILENO, environment: Console.variable), sink: Console.write)
        console.inputIsTerminal = isatty(STDIN_FILENO) == 1
        console.source = { readLine() }
        return console
    }

    /// Whether bold and colours are welcome on standard output (no-color.org, bixense.com/clicolors).
    var isStyled: Bool {
        if let forced = environment("CLICOLOR_FORCE"), forced != "0", !forced.isEmpty { return true }
        if let refused = environment("NO_COLOR"), !refused.isEmpty { return false }
        return outputIsTerminal && environment("TERM") != "dumb"
    }

    // MARK: Speaking

    /// Data. Kept until there is enough of it, or ``flush()``.
    func write(_ bytes: [UInt8]) {
        guard takesOutput else { return }
        pending.write(bytes)
        if pending.bytes.count >= 1 << 16 { flush() }
    }

    func write(_ text: String) { write(Array(text.utf8)) }

    /// A line of talk: `mon: …`.
    func say(_ text: String) {
        flush()
        _ = sink(STDERR_FILENO, Array("mon: \(text)\n".utf8))
    }

    /// Talk as it is, several lines perhaps.
    func sayPlainly(_ text: String) {
        flush()
        _ = sink(STDERR_FILENO, Array(text.utf8))
    }

    /// Asks a yes-or-no question; anything but yes is no.
    func confirm(_ question: String) -> Bool {
        sayPlainly("\(question) [y/N] ")
        return ["y", "yes"].contains(source()?.lowercased() ?? "")
    }

    /// Has the present be another time.
    func setClock(_ time: Timestamp) { now = time }

    /// Hands what was written to standard output.
    func flush() {
        if pending.bytes.isEmpty { return }
        let code = sink(STDOUT_FILENO, pending.take())
        if code == 0 || !takesOutput { return }
        takesOutput = false
        if code == EPIPE { return }
        errno = code
        outputFailure = InputFile.failure("write", "standard output")
    }

    // MARK: The process

    private static func variable(_ name: String) -> String? {
        // The text belongs to the environment, which nothing here changes, and is copied at once.
        guard let text = unsafe getenv(name) else { return nil }
        return unsafe String(cString: text)
    }

    private static func write(_ descriptor: Int32, _ bytes: [UInt8]) -> Int32 {
        unsafe bytes.withUnsafeBytes { bytes in
            var rest = unsafe bytes[...]
            while let base = unsafe UnsafeRawBufferPointer(rebasing: rest).baseAddress, unsafe !rest.isEmpty {
                let count = unsafe Glibc.write(descriptor, base, rest.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return count < 0 ? errno : EIO }
                unsafe rest = rest.dropFirst(count)
            }
            return 0
        }
    }
}
