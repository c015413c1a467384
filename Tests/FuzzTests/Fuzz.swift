import CFuzzer
import Glibc
import TSDB
import TestSupport

/// `fuzz [libFuzzer's options] CORPUS…` runs the target that `MON_FUZZ_TARGET` names; from the environment, because
/// libFuzzer starts the program again with arguments of its own. `fuzz list` names the targets, `fuzz seeds FOLDER`
/// writes the seeds and the corpora of all, `fuzz keep FOLDER` makes the target's corpus of the smallest files there.
/// Built only where `MON_FUZZ` names libFuzzer's library; see scripts/fuzz.sh.
@main enum Fuzz {
    /// What the callback, a C function without a context, runs.
    nonisolated(unsafe) private static var target = FuzzTarget.all[0]

    static func main() throws {
        let arguments = CommandLine.arguments
        if arguments.dropFirst().first == "list" { return FuzzTarget.all.forEach { print($0.name) } }
        if arguments.count == 3, arguments[1] == "seeds" { return try writeSeeds(to: arguments[2]) }
        let name = getenv("MON_FUZZ_TARGET").map { String(cString: $0) }
        guard let chosen = FuzzTarget.all.first(where: { $0.name == name }) else {
            fatalError("MON_FUZZ_TARGET is none of \(FuzzTarget.all.map(\.name))")
        }
        target = chosen
        if arguments.count == 3, arguments[1] == "keep" { return keep(filesIn: arguments[2]) }
        var count = CommandLine.argc
        var values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        exit(
            LLVMFuzzerRunDriver(&count, &values) { bytes, count in
                if let problem = Fuzz.target.run(Array(UnsafeBufferPointer(start: bytes, count: count))) {
                    fatalError(problem)
                }
                return 0
            })
    }

    private static func writeSeeds(to folder: String) throws {
        for target in FuzzTarget.all {
            mkdir("\(folder)/\(target.name)", 0o770)
            for (place, seed) in try (target.seeds() + target.corpus()).enumerated() {
                write(seed, to: "\(folder)/\(target.name)/seed-\(place)")
            }
        }
        // The evaluator's own corpus is the best there is for the parser.
        for file in SourceTree.files(in: "Tests/QueryTests/Corpus", suffix: ".test") {
            for (place, line) in SourceTree.lines(of: file).enumerated() where line.hasPrefix("eval ") {
                // eval instant at 50m QUERY, eval range from 0 to 50m step 5m QUERY
                let words = line.split(separator: " ", omittingEmptySubsequences: false)
                let skipped = words.count > 1 && words[1] == "range" ? 8 : 4
                let name = file.split(separator: "/").last ?? ""
                write(
                    Array(words.dropFirst(skipped).joined(separator: " ").utf8), to: "\(folder)/query/\(name)-\(place)")
            }
        }
    }

    /// Bytes of one target's corpus, so that all stay below 300 KB.
    private static let corpusBytesMax = 20 << 10

    private static func keep(filesIn folder: String) {
        guard let entries = FolderEntry.all(in: folder) else { fatalError("cannot read \(folder)") }
        var inputs = entries.filter { !$0.name.hasPrefix(".") }.map { SourceTree.bytes(of: "\(folder)/\($0.name)") }
        inputs.sort { $0.count == $1.count ? $0.lexicographicallyPrecedes($1) : $0.count < $1.count }
        var kept = ByteWriter()
        for input in inputs where kept.count + input.count + 3 <= corpusBytesMax { kept.field(input) }
        write(kept.bytes, to: "\(SourceTree.root)/\(target.corpusPath)")
        print("\(target.name): \(inputs.count) inputs reach all that was reached, \(kept.count) bytes are kept")
    }

    private static func write(_ bytes: [UInt8], to path: String) {
        guard let file = fopen(path, "w") else { fatalError("cannot write \(path)") }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }
}
