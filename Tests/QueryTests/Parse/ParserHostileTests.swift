import Query
import Testing

/// Whatever the bytes: an answer or an error, never a trap.
@Suite struct ParserHostileTests {
    static let queries = [
        "sum by (instance, \"a.b\") (rate(node_cpu_total{mode!~\"idle|iowait\", cpu=\"0\"}[5m] offset -1h30m)) / 4",
        "topk(3, foo[5m:1m] @ start()) + on(a) group_left(b) bar unless ignoring(c) baz",
        "max_over_time(x[min_of(5m, 2 * step()):range() % 7s] offset -(1m + step())) >= bool 0x1F",
        "label_replace({__name__=~\"a.+\"}, 'd\\x41\\u00e9\\101', `$1`, \"s\", \"(.*)\") # end\n",
        "-1.5e-3 ^ 2 atan2 1_000 % Inf == bool NaN or \"\\U0001F600\"",
        "histogram_quantile(0.9, sum without () (b_bucket)) </ 5 >/ 6 @ 1609746000.123",
    ]

    private func tries(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        for experimental in [false, true] {
            do {
                let tree = try parse(text, experimental: experimental)
                _ = Printer.print(tree, source: text)
            } catch {
                #expect(error.offset >= 0 && error.offset <= text.utf8.count)
                #expect(error.line >= 1 && error.column >= 1)
            }
        }
        _ = try? Parser.parseSelector(text)
    }

    @Test(arguments: queries) func truncated(_ query: String) {
        let bytes = Array(query.utf8)
        for count in 0...bytes.count { tries(Array(bytes[..<count])) }
        for count in 0...bytes.count { tries(Array(bytes[count...])) }
    }

    @Test(arguments: queries) func flipped(_ query: String) {
        let bytes = Array(query.utf8)
        for place in bytes.indices {
            // Each bit at each fourth place: a debug build takes its time.
            for bit in 0..<8 where (place + bit) % 4 == 0 {
                var broken = bytes
                broken[place] ^= 1 << bit
                tries(broken)
            }
        }
    }

    @Test(arguments: queries) func replaced(_ query: String) {
        let bytes = Array(query.utf8)
        let wild: [UInt8] = [0, 0xFF, 0xC3] + Array("\"'`\\()[]{}:,@#-9.e_=!~<>/ \n".utf8)
        for place in bytes.indices {
            for (index, byte) in wild.enumerated() where (place + index) % 4 == 0 {
                var broken = bytes
                broken[place] = byte
                tries(broken)
            }
        }
    }

    @Test func everyByteAlone() {
        for first in UInt8.min...UInt8.max {
            tries([first])
            for second in Array("\"'`\\()[]{}:,@#-9.e_=!~<>/ \nm".utf8) { tries([first, second]) }
        }
    }
}
