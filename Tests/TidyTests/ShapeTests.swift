import TestSupport
import Testing

@Suite struct ShapeTests {
    static let sources = ["Sources", "benchmarks"].flatMap { SourceTree.files(in: $0, suffix: ".swift") }
    static let all = sources + SourceTree.files(in: "Tests", suffix: ".swift")

    @Test func filesHoldOneIdea() {
        for file in Self.all {
            let count = SourceTree.lines(of: file).count
            #expect(count <= 600, "\(file) has \(count) lines")
        }
    }

    @Test func linesFitOnAScreen() {
        for file in Self.all {
            for (number, line) in SourceTree.lines(of: file).enumerated() where line.count > 120 {
                Issue.record("\(file):\(number + 1) has \(line.count) columns")
            }
        }
    }

    /// A function begins at a line with `func` or `init` that opens a brace, and ends where that brace closes at the
    /// indentation it began with: the formatter sees to that.
    static func longFunctions(_ lines: [Substring], limit: Int) -> [(line: Int, count: Int)] {
        var open: [(indentation: Int, line: Int)] = []
        var found: [(line: Int, count: Int)] = []
        for (number, line) in lines.enumerated() {
            let text = line.drop { $0 == " " }
            let indentation = line.count - text.count
            if text.hasPrefix("}"), let last = open.last, last.indentation == indentation {
                open.removeLast()
                if number - last.line + 1 > limit { found.append((last.line + 1, number - last.line + 1)) }
            }
            let words = text.prefix { $0 != "(" && $0 != "{" }.split(separator: " ")
            let isFunction = words.contains("func") || words.last == "init" || words.last == "init?"
            // A body on one line opens nothing; a signature over several lines opens at its last.
            if isFunction && !text.hasSuffix("}") && !text.hasPrefix("//") { open.append((indentation, number)) }
        }
        return found
    }

    @Test func functionsFitOnAScreen() {
        for file in Self.sources {
            for (line, count) in Self.longFunctions(SourceTree.lines(of: file), limit: 60) {
                Issue.record("\(file):\(line) is a function of \(count) lines")
            }
        }
    }

    @Test func longFunctionsAreFound() {
        let body = Array(repeating: "        let a = 1", count: 5)
        let lines = (["struct A {", "    func f() {"] + body + ["    }", "}"]).map { $0[...] }
        #expect(Self.longFunctions(lines, limit: 6).map(\.count) == [7])
        #expect(Self.longFunctions(lines, limit: 7).isEmpty)
    }

    @Test func nothingIsLeftForLater() {
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:"]
        for file in Self.all {
            for (number, line) in SourceTree.lines(of: file).enumerated() {
                for mark in marks where line.contains(mark) { Issue.record("\(file):\(number + 1) says \(mark)") }
            }
        }
    }

    @Test func whatARoomOffersIsDocumented() {
        for file in Self.sources {
            let lines = SourceTree.lines(of: file)
            for (number, line) in lines.enumerated() {
                let text = line.drop { $0 == " " }
                let kinds = [
                    "struct ", "final class ", "enum ", "protocol ", "static func ", "mutating func ", "func ",
                ]
                guard
                    kinds.contains(where: { text.hasPrefix("package " + $0) || text.hasPrefix("@safe package " + $0) })
                else { continue }
                // What a protocol asks for is documented there: operators and conformances.
                if text.contains(" func ==") || text.contains(" func <") || text.contains("func hash(into")
                    || text.contains("func makeIterator") || text.contains("func next()")
                {
                    continue
                }
                var above = number - 1
                while above >= 0, lines[above].drop(while: { $0 == " " }).hasPrefix("@") { above -= 1 }
                let isDocumented = above >= 0 && lines[above].drop { $0 == " " }.hasPrefix("///")
                #expect(isDocumented, "\(file):\(number + 1) has no documentation")
            }
        }
    }

    @Test func namesNoPlaceOfWork() {
        // Split, so that this file does not find itself.
        let places = ["/wor" + "k/", "/tmp/mon-" + "build", ".lib" + "rary"]
        let texts = SourceTree.files(in: "docs", suffix: ".md") + Self.all + ["README.md", "CHANGELOG.md", "Makefile"]
        for file in texts {
            let text = SourceTree.text(of: file)
            for place in places { #expect(!text.contains(place), "\(file) names \(place)") }
        }
    }
}
