/// Which program this is.
enum Version {
    static let number = "0.1.0"

    /// For people: `mon 0.1.0 (Swift 6.3, release)`.
    static var text: String {
        #if DEBUG
            let kind = "debug"
        #else
            let kind = "release"
        #endif
        #if compiler(>=6.3)
            let compiler = "Swift 6.3"
        #else
            let compiler = "Swift 6.2"
        #endif
        return "mon \(number) (\(compiler), \(kind))"
    }
}
