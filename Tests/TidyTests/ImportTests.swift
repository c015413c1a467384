import TestSupport
import Testing

/// The table of docs/architecture.md: each room, and what it may import.
let doors: [String: Set<String>] = [
    "LMDB": ["CLMDB", "Glibc", "Synchronization"],
    "Model": ["Glibc", "CRE2"],
    "TSDB": ["Model", "LMDB", "Glibc", "Synchronization", "CCRC32C"],
    "Sampler": ["Model", "Glibc", "CLinux", "Synchronization"],
    "Query": ["Model", "TSDB", "Glibc", "Synchronization", "CLanes"],
    "Formats": ["Model", "Query", "CYAML", "Glibc"],
    "Server": [
        "Model", "TSDB", "Query", "Formats", "CDeflate", "NIOCore", "NIOPosix", "NIOHTTP1", "Glibc", "Synchronization",
        "FoundationEssentials",
    ],
    "mon": [
        "Model", "TSDB", "Query", "Formats", "Sampler", "Server", "ArgumentParser", "Glibc", "Synchronization",
        "FoundationEssentials",
    ],
]

@Suite struct ImportTests {
    /// The modules that a file imports.
    static func imports(_ lines: [Substring]) -> [String] {
        lines.compactMap { line in
            var words = line.split(separator: " ")
            while let first = words.first, first.hasPrefix("@") || first == "package" || first == "internal" {
                words.removeFirst()
            }
            guard words.first == "import", words.count >= 2 else { return nil }
            // `import struct Module.Name` names the module behind the kind.
            let kinds: Set<Substring> = ["struct", "class", "enum", "func", "protocol", "var", "let", "typealias"]
            let module = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
            return String(module.prefix { $0 != "." })
        }
    }

    @Test func everyImportIsADoorOfItsRoom() {
        var count = 0
        for (room, allowed) in doors {
            for file in SourceTree.files(in: "Sources/\(room)", suffix: ".swift") {
                count += 1
                for module in ImportTests.imports(SourceTree.lines(of: file)) {
                    #expect(allowed.contains(module), "\(file) imports \(module)")
                }
            }
        }
        #expect(count > 50, "the sources were not found from \(SourceTree.root)")
    }

    @Test func everyRoomIsInTheTableOfTheDocumentation() {
        let table = SourceTree.text(of: "docs/architecture.md")
        for (room, allowed) in doors {
            let row = table.split(separator: "\n").first { $0.hasPrefix("| `\(room)` |") }
            guard let row else {
                Issue.record("docs/architecture.md has no row for \(room)")
                continue
            }
            for module in allowed where module != "FoundationEssentials" {
                #expect(row.contains("`\(module)`"), "the row of \(room) does not name \(module)")
            }
        }
    }

    @Test func theReaderOfImportsFindsThem() {
        let lines: [Substring] = [
            "import A", "package import B", "@testable import C", "import struct D.E", "// import F", "let import1 = 2",
        ]
        #expect(ImportTests.imports(lines) == ["A", "B", "C", "D"])
    }
}
