import Glibc

/// How wide the terminal is.
enum TerminalSize {
    /// COLUMNS where it is set, else what the terminal says, else 100: wide enough for a table, for a log still fine.
    static func columns(of descriptor: Int32, environment: (String) -> String?) -> Int {
        if let set = environment("COLUMNS").flatMap({ Int($0) }), set > 0 { return set }
        var size = winsize()
        // The kernel fills the structure that TIOCGWINSZ belongs to.
        if unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
        return 100
    }
}
