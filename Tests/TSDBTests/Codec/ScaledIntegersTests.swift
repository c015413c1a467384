import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct ScaledIntegersTests {
    private func scale(_ values: [Double]) -> UInt8? { ScaledIntegers.candidates(for: values.span).first?.code }

    @Test func findsTheScaleOfHostValues() {
        func check(_ values: [Double], _ code: UInt8) { #expect(scale(values) == code, "\(values)") }
        check([1, 2, 3], 0)
        check([0.5, 12, 99.5], 1)
        check([0.25, 0.01, 7], 2)
        check([1e-9, 5], 9)
        check([1 / 2048, 3 / 2048, 0], 32 + 11)
        check([-12.345, 0.001], 3)
        check([0x1p53 - 1, 0x1p52 + 1], 0)
        check([.staleMarker, 0.5, .nan, 12.25, 3, 4, -0.0, 5, 6.5, 0.01, 8, 9], 1)
    }

    @Test func roundsToTheNearestInteger() {
        func check(_ value: Double, _ decimals: Int, _ integer: Int64?) {
            #expect(Scale(decimals: decimals).nearest(value) == integer)
        }
        check(2.5, 0, 3)
        check(-2.5, 0, -3)
        check(0.29, 2, 29)
        check(0x1p52 + 1, 0, 1 << 52 + 1)
        check(-0x1p53 + 1, 0, -(1 << 53) + 1)
        check(0x1p53, 0, nil)
        check(.nan, 0, nil)
        check(-.infinity, 3, nil)
    }

    @Test func everyScaleHasItsCode() throws {
        for code in UInt8.min...UInt8.max {
            switch code {
            case 0...22: #expect(try Scale(code: code, at: 0) == Scale(decimals: Int(code)))
            case 33...94: #expect(try Scale(code: code, at: 0) == Scale(binaryDigits: Int(code) - 32))
            default: #expect(throws: CodecError.self) { try Scale(code: code, at: 0) }
            }
        }
        #expect(Scale(decimals: 22).divisor == 1e22)
        #expect(Scale(binaryDigits: 11).divisor == 2048)
    }

    @Test func correctionsAreFewWhereFewValuesAreIrregular() {
        var values = (0..<100).map { Double($0) / 10 }
        values[50] = .staleMarker
        values[60] = 0.30000000000000004
        var integers: [Int64] = []
        var corrections: [Int64] = []
        #expect(UlpCorrection.split(values.span, by: Scale(decimals: 1), into: &integers, &corrections))
        #expect(corrections.count { $0 != 0 } == 2)
        #expect(integers[50] == 49)
        #expect(integers[60] == 3)
        #expect(corrections[60] == 1)
    }

    @Test func divisorsAndOrdersComeBack() {
        var random = SeededGenerator(seed: 8)
        for divisor in [1, 2, 512, 4096, 1_000_003] as [Int64] {
            for order in 0...2 {
                let integers = (0..<40).map { _ in Int64.random(in: -99_999...99_999, using: &random) * divisor + 7 }
                var residuals: [Int64] = []
                let differences = Differences(order: order, of: integers, into: &residuals)
                #expect(residuals.count == 40 - order)
                #expect(differences.divisor % UInt64(divisor) == 0)
                let shifted = [Int64](repeating: 0, count: order) + residuals
                var restored: [Int64] = []
                differences.restore(shifted.span, count: 40) { _, integer in restored.append(integer) }
                #expect(restored == integers)
            }
        }
    }
}
