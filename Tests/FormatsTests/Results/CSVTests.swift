import Formats
import Model
import Query
import TestSupport
import Testing

@Suite struct CSVTests {
    @Test func aRowASampleWithAllLabelNames() throws {
        let value = QueryValue.matrix([
            series(Labels(name: "a", ["x": "1"]), (0, 0.1), (1500, .nan)),
            series(Labels(name: "a", ["y": "2"]), (0, -.infinity)),
        ])
        #expect(
            try formatted("csv", value)
                == "__name__,x,y,time,value\r\n" + "a,1,,1970-01-01T00:00:00Z,0.1\r\n"
                + "a,1,,1970-01-01T00:00:01.500Z,NaN\r\n" + "a,,2,1970-01-01T00:00:00Z,-Inf\r\n")
    }

    @Test func options() throws {
        let value = QueryValue.vector([series(.empty, (1_700_001_302_500, 3))])
        #expect(try formatted("csv", value, [], { $0.timeStyle = .unix }) == "time,value\r\n1700001302.5,3\r\n")
        #expect(
            try formatted(
                "csv", value, [],
                {
                    $0.showsHeader = false; $0.zone = .fixed(offsetSeconds: -12_600)
                })
                == "2023-11-14T19:05:02.500-03:30,3\r\n")
        #expect(
            try formatted("csv", .string(time: Timestamp(milliseconds: 0), value: "a,b"))
                == "time,value\r\n1970-01-01T00:00:00Z,\"a,b\"\r\n")
        #expect(try formatted("csv", .vector([])) == "time,value\r\n")
    }

    @Test func quoting() {
        func check(_ fields: [String], _ expected: String) {
            var writer = TextWriter()
            CSV.record(fields, into: &writer)
            #expect(writer.text == expected + "\r\n")
        }
        check(["a", "b c", "ü"], "a,b c,ü")
        check(["a,b", "say \"hi\"", "x\ny", "x\ry"], "\"a,b\",\"say \"\"hi\"\"\",\"x\ny\",\"x\ry\"")
        check([""], "\"\"")
        check(["", ""], ",")
    }

    /// What is written is what a reader of RFC 4180 gets back, whatever the fields are.
    @Test(arguments: [UInt64(1), 2, 3])
    func anyFieldsComeBack(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("ab,\"\r\n é")
        for _ in 0..<300 {
            let records = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                (0..<3).map { _ in
                    String(
                        (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                            alphabet.randomElement(using: &generator)!
                        })
                }
            }
            var writer = TextWriter()
            for record in records { CSV.record(record, into: &writer) }
            #expect(read(Array(writer.text.unicodeScalars)) == records, "seed \(seed)")
        }
    }

    private func read(_ text: [Unicode.Scalar]) -> [[String]] {
        var records: [[String]] = []
        var record: [String] = []
        var field = ""
        var isQuoted = false
        var at = 0
        while at < text.count {
            let scalar = text[at]
            at += 1
            if isQuoted {
                if scalar != "\"" {
                    field.unicodeScalars.append(scalar)
                } else if at < text.count, text[at] == "\"" {
                    field += "\""
                    at += 1
                } else {
                    isQuoted = false
                }
            } else if scalar == "\"" {
                isQuoted = true
            } else if scalar == "," {
                record.append(field)
                field = ""
            } else if scalar == "\r" {
                at += 1
                records.append(record + [field])
                (record, field) = ([], "")
            } else {
                field.unicodeScalars.append(scalar)
            }
        }
        return records
    }
}
