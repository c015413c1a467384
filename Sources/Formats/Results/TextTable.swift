/// Columns of text, aligned for a terminal with one character cell a column of a monospaced font.
package struct TextTable {
    /// On which side of its column a cell stands.
    package enum Alignment: Sendable {
        case left, right
    }

    private var columns: [(title: String, alignment: Alignment)] = []
    private var rows: [[String]] = []

    package init() {}

    /// Adds a column behind those that are there.
    package mutating func addColumn(_ title: String, _ alignment: Alignment = .left) {
        columns.append((TextTable.visible(title), alignment))
    }

    /// One cell a column.
    package mutating func addRow(_ cells: [String]) {
        precondition(cells.count == columns.count, "a row has one cell a column")
        rows.append(cells.map(TextTable.visible))
    }

    /// Character cells of the widest line.
    package var width: Int { widths(header: true).reduce(0, +) + 2 * max(0, columns.count - 1) }

    /// Writes the header, bold where `isStyled`, and the rows. No line has trailing spaces.
    package func write(header: Bool, isStyled: Bool, into writer: inout TextWriter) {
        let widths = widths(header: header)
        if header {
            if isStyled { writer.write("\u{1b}[1m") }
            line(columns.map(\.title), widths, into: &writer)
            if isStyled { writer.write("\u{1b}[0m") }
            writer.write("\n")
        }
        for row in rows {
            line(row, widths, into: &writer)
            writer.write("\n")
        }
    }

    private func line(_ cells: [String], _ widths: [Int], into writer: inout TextWriter) {
        // Blanks are held back until something follows them.
        var blanks = 0
        for (index, cell) in cells.enumerated() {
            let padding = widths[index] - TextTable.width(of: cell)
            if columns[index].alignment == .right { blanks += padding }
            if !cell.isEmpty {
                writer.write(String(repeating: " ", count: blanks))
                writer.write(cell)
                blanks = 0
            }
            if columns[index].alignment == .left { blanks += padding }
            blanks += 2
        }
        // A cell may bring blanks of its own, to line up with its neighbours.
        while writer.bytes.last == UInt8(ascii: " ") { writer.removeTrailing(UInt8(ascii: " ")) }
    }

    private func widths(header: Bool) -> [Int] {
        columns.indices.map { column in
            let title = header ? TextTable.width(of: columns[column].title) : 0
            return rows.reduce(title) { max($0, TextTable.width(of: $1[column])) }
        }
    }

    /// Text without what a terminal would obey: control characters become escapes, so that a label's value can neither
    /// break a row nor steer the terminal.
    static func visible(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var shown = ""
        for scalar in text.unicodeScalars {
            if !isControl(scalar) {
                shown.unicodeScalars.append(scalar)
            } else {
                switch scalar {
                case "\n": shown += "\\n"
                case "\t": shown += "\\t"
                case "\r": shown += "\\r"
                default:
                    let hex = String(scalar.value, radix: 16)
                    shown += scalar.value < 256 ? "\\x" + (hex.count == 1 ? "0" : "") + hex : "\\u{\(hex)}"
                }
            }
        }
        return shown
    }

    /// C0, DEL, C1, and the marks that turn the direction of writing around.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<32, 127..<160, 0x200e...0x200f, 0x202a...0x202e, 0x2066...0x2069: true
        default: false
        }
    }

    /// Character cells that `text` takes: none for combining marks, two for wide East Asian characters and emoji
    /// (the blocks of UAX #11's W and F; an estimate, as terminals differ).
    package static func width(of text: String) -> Int {
        var width = 0
        for scalar in text.unicodeScalars {
            let value = scalar.value
            if value < 0x300 {
                width += 1
                continue
            }
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .enclosingMark, .format: continue
            default: break
            }
            switch value {
            case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff,
                0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f900...0x1f9ff,
                0x20000...0x3fffd:
                width += 2
            default: width += 1
            }
        }
        return width
    }
}
