import TestSupport
import Testing

@testable import Sampler

@Suite struct ByteScannerTests {
    private func scan<Result>(_ text: String, _ body: (inout ByteScanner) -> Result) -> Result {
        let bytes = Array(text.utf8)
        var scanner = ByteScanner(bytes.span)
        return body(&scanner)
    }

    @Test func numbers() {
        func check(_ text: String, _ expected: UInt64?) {
            same(scan(text) { $0.number() }, expected, "\(text)")
        }
        check("0", 0)
        check("  42 ", 42)
        check("\t7\n8", 7)
        check("18446744073709551615", .max)
        check("18446744073709551616", nil)
        check("99999999999999999999999999", nil)
        check("12abc", 12)
        check("", nil)
        check("   ", nil)
        check("-1", nil)
        check("\n5", nil)
        check("x", nil)
    }

    @Test func decimals() {
        func check(_ text: String, _ expected: Double?) {
            same(scan(text) { $0.decimal() }, expected, "\(text)")
        }
        check("0.09", 0.09)
        check("12.3456789012", nil)
        check("12.34567890", 12.34567890)
        check("3", 3)
        check("3.", 3)
        check(".5", nil)
        check("18446744073709551615.5", nil)
        check("", nil)
    }

    @Test func everyLoadWithTwoDecimalsIsTheNearestFloat() {
        for hundredths in 0..<20_000 {
            let fraction = hundredths % 100
            let text = "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
            same(scan(text) { $0.decimal() }, Double(text))
        }
    }

    @Test func hexadecimals() {
        func check(_ text: String, _ expected: UInt64?) {
            same(scan(text) { $0.hexadecimal() }, expected, "\(text)")
        }
        check("0A", 10)
        check(" fFg", 255)
        check("ffffffffffffffff", .max)
        check("10000000000000000", nil)
        check("", nil)
        check("g", nil)
    }

    @Test func wordsStopAtTheEndOfTheLine() {
        scan("ab  c\td\n e") { text in
            same(text.word(), 0..<2)
            same(text.word(), 4..<5)
            same(text.word(), 6..<7)
            same(text.word(), nil)
            same(text.skipWords(1), false)
            text.skipLine()
            same(text.word(), 9..<10)
            same(text.isAtEnd, true)
            text.skipLine()
            same(text.isAtEnd && text.next == nil, true)
        }
    }

    @Test func lines() {
        scan("a\n\nbc") { text in
            same(text.line(), 0..<1)
            same(text.line(), 2..<2)
            same(text.line(), 3..<5)
            same(text.line(), 5..<5)
        }
    }

    @Test func prefixes() {
        scan("cpu0 x") { text in
            same(text.skip("cpu "), false)
            same(text.offset, 0)
            same(text.skip("cpu"), true)
            same(text.skip("0 xyz"), false)
            same(text.skip(UInt8(ascii: "0")), true)
            same(text.isEqual(0..<3, Array("cpu".utf8)), true)
            same(text.isEqual(0..<3, Array("cpus".utf8)), false)
            same(text.isEqual(4..<9, Array(" x   ".utf8)), false)
            same(text.begins(0..<4, with: Array("cpu".utf8)), true)
            same(text.begins(0..<2, with: Array("cpu".utf8)), false)
            same(text.lastPlace(of: UInt8(ascii: "x"), in: 0..<100), 5)
            same(text.lastPlace(of: UInt8(ascii: "y"), in: 0..<100), nil)
            text.move(to: -5)
            same(text.offset, 0)
            text.move(to: 500)
            same(text.isAtEnd, true)
            same(text.bytes(in: 3..<100), Array("0 x".utf8))
        }
    }

    @Test func eightBytesAreANumber() {
        scan("12345678\u{1}\nabcdefg") { text in
            same(text.nextEight, 0x3837_3635_3433_3231)
            same(text.skip("1234567"), true)
            same(text.nextEight, 0x6564_6362_610a_0138)
            same(text.isBehindLine, false)
            text.skipLine()
            same(text.isBehindLine, true)
            same(text.nextEight, 0, "only seven are left")
        }
    }

    @Test func noBytesTrap() {
        let seed: UInt64 = 20_261_125
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("0123456789 \t\n:()-.ax\u{0}".utf8) + [0xff]
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator)!
            }
            var text = ByteScanner(bytes.span)
            for _ in 0..<12 {
                switch UInt8.random(in: 0...7, using: &generator) {
                case 0: _ = text.number()
                case 1: _ = text.decimal()
                case 2: _ = text.hexadecimal()
                case 3: _ = text.word().map { text.text(in: $0) }
                case 4: text.skipLine()
                case 5: _ = text.line()
                case 6: _ = text.skip("0:")
                default: _ = text.skipWords(2)
                }
                same(text.offset <= bytes.count, true, "seed \(seed)")
            }
        }
    }
}
