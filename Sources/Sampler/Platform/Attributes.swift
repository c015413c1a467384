/// The small files of a sysfs folder: one value a file.
///
/// They are read each minute at most, so each is opened, read and closed.
struct Attributes {
    let folder: String

    init(_ folder: String) { self.folder = folder }

    /// The first line of a file without the blanks around it; nil where it is missing, unreadable or empty. sysfs
    /// answers EINVAL for what a device has not got, so every refusal but a lack of right is "has not got".
    func text(_ name: String) -> String? {
        var file = KernelFile("\(folder)/\(name)", keepsOpen: false, endsAtShortRead: true, bytes: 512)
        guard (try? file.refresh()) != nil else { return nil }
        var text = file.scanner
        text.skipBlanks()
        let line = text.text(in: text.line())
        var end = line.endIndex
        while end > line.startIndex {
            let before = line.index(before: end)
            guard line[before] == " " || line[before] == "\t" else { break }
            end = before
        }
        return end == line.startIndex ? nil : String(line[..<end])
    }

    /// A whole number, decimal or after `0x` hexadecimal; nil where the file has none.
    func number(_ name: String) -> Double? {
        var file = KernelFile("\(folder)/\(name)", keepsOpen: false, endsAtShortRead: true, bytes: 512)
        guard (try? file.refresh()) != nil else { return nil }
        var text = file.scanner
        let isNegative = text.skipSign()
        let value = text.skip("0x") ? text.hexadecimal() : text.number()
        return value.map { isNegative ? -Double($0) : Double($0) }
    }

    /// The number behind `prefix` in the line that begins so; nil where there is none.
    func number(_ name: String, after prefix: StaticString) -> Double? {
        var file = KernelFile("\(folder)/\(name)", keepsOpen: false, endsAtShortRead: true, bytes: 512)
        guard (try? file.refresh()) != nil else { return nil }
        var text = file.scanner
        while !text.isAtEnd {
            if text.skip(prefix) { return text.number().map { Double($0) } }
            text.skipLine()
        }
        return nil
    }
}
