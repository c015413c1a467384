import ArgumentParser
import Formats
import Model

/// The formats of commands that list names.
enum ListFormat: String, CaseIterable, ExpressibleByArgument {
    case table, json, jsonl, csv
}

/// Rows of text under column names: what listing commands print.
struct Listing {
    var columns: [String]
    var rows: [[String]]

    /// - Parameter json: writes the whole list as Prometheus' API does.
    func write(
        as format: ListFormat, header: Bool, on console: Console, json: (inout TextWriter) -> Void
    ) {
        var writer = TextWriter()
        switch format {
        case .table:
            var table = TextTable()
            for column in columns { table.addColumn(column) }
            for row in rows { table.addRow(row) }
            // A single column needs no name above it.
            table.write(header: header && columns.count > 1, isStyled: console.isStyled, into: &writer)
        case .json:
            json(&writer)
            writer.write("\n")
        case .jsonl:
            for row in rows {
                writer.write("{")
                for (index, column) in columns.enumerated() {
                    if index > 0 { writer.write(",") }
                    JSONText.write(string: column, into: &writer)
                    writer.write(":")
                    JSONText.write(string: row[index], into: &writer)
                }
                writer.write("}\n")
            }
        case .csv:
            if header { CSV.record(columns, into: &writer) }
            for row in rows { CSV.record(row, into: &writer) }
        }
        console.write(writer.bytes)
    }
}
