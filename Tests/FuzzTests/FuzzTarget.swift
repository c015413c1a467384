import TSDB
import TestSupport

/// Something that takes bytes from outside, as a fuzzer and the replay of its corpus see it.
struct FuzzTarget: Sendable {
    /// Names the target on the command line, and its file in Corpora.
    let name: String
    /// Bytes as the program itself writes them, from which a fuzzer begins.
    let seeds: @Sendable () throws -> [[UInt8]]
    /// Takes the bytes; traps where the code under test does. Returns a promise that was broken, in words, such as a
    /// value that does not come back; nil where all is well, a refusal of the bytes included.
    let run: @Sendable ([UInt8]) -> String?

    /// THE list.
    static let all: [FuzzTarget] = [
        .chunk, .column, .block, .headRows, .frameRows, .frameBlock, .registry, .lateBatch, .records, .labels, .query,
        .texts, .samples, .wire,
    ]
}

extension FuzzTarget {
    /// The file of the inputs that are kept, each with its length before it.
    var corpusPath: String { "Tests/FuzzTests/Corpora/\(name)" }

    /// The inputs that are kept, the smallest first.
    func corpus() throws -> [[UInt8]] {
        var inputs: [[UInt8]] = []
        var reader = ByteReader(SourceTree.bytes(of: corpusPath))
        while !reader.isAtEnd { inputs.append(Array(try reader.field())) }
        return inputs
    }
}

/// Runs `body`, whose refusals are all right.
func refusing(_ body: () throws -> String?) -> String? {
    do {
        return try body()
    } catch {
        return nil
    }
}
