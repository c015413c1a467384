import Model
import Testing

@testable import Sampler

/// Process frames between the collector's own ticks, while memory is short.
@Suite struct MemoryAlarmTests {
    private let host = WrittenHost()

    private func pressure(_ avg10: String) {
        host.write(
            "proc/pressure/memory", "some avg10=\(avg10) avg60=0.00 avg300=0.00 total=5\nfull avg10=9.00 total=5\n")
    }

    private func available(_ kilobytes: Int) {
        host.write("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: \(kilobytes) kB\n")
    }

    private func loop() -> SamplingLoop {
        host.write("proc/7/stat", "7 (p) S 1 1 1 0 -1 0 0 0 0 0 5 0 0 0 20 0 2 0 100 1000 10 7")
        host.write("proc/7/status", "Uid:\t0\t0\t0\t0\n")
        host.write("proc/loadavg", "0.1 0.2 0.3 1/2 3\n")
        return SamplingLoop(host: host.host, options: Fixtures.only("process", "load"), calls: Fixtures.calls)
    }

    private func tick(_ loop: inout SamplingLoop, _ seconds: Int64) -> SampleBatch {
        loop.sample(
            at: Timestamp(milliseconds: seconds * 1000), monotonicNanoseconds: UInt64(seconds) * 1_000_000_000)
    }

    @Test func framesComeTwiceAsOftenUnderPressure() throws {
        available(500)
        pressure("0.00")
        var loop = loop()
        var framed: [Int64] = []
        var told: [Int64: [String]] = [:]
        for seconds in stride(from: Int64(10), through: 200, by: 5) {
            switch seconds {
            case 20: pressure("9.99")
            case 35: pressure("10.00")
            case 50: pressure("4.99")
            case 55: pressure("5.00")
            case 60: pressure("0.00")
            default: break
            }
            let batch = tick(&loop, seconds)
            if let frame = batch.frame {
                framed.append(seconds)
                #expect(
                    frame.elapsedMilliseconds == (framed.count == 1 ? 0 : (seconds - framed[framed.count - 2]) * 1000))
            }
            if !loop.reports.isEmpty { told[seconds] = loop.reports.map(\.text) }
            #expect(loop.reports.allSatisfy { $0.severity == .info })
            // Between its ticks the collector brings no samples and ends none.
            let groups = batch.groups.map(\.intervalMilliseconds)
            #expect(groups == (seconds % 10 == 0 ? [5000, 10_000] : [5000]))
            #expect(batch.groups.flatMap(\.samples).allSatisfy { !$0.value.isStaleMarker })
        }
        // On at 35; calm from 60 on, and off a minute later.
        let between = framed.filter { $0 % 10 != 0 }
        #expect(between == stride(from: Int64(35), through: 115, by: 10).map { $0 })
        #expect(framed.filter { $0 % 10 == 0 } == stride(from: Int64(10), through: 200, by: 10).map { $0 })
        #expect(
            told == [
                35: [
                    "memory is short (some task waited for memory in 10 % of the last 10 s): process frames are taken"
                        + " at every tick"
                ],
                120: [
                    "memory is no longer short (some task waited for memory in 0 % of the last 10 s): process frames"
                        + " are taken at their own interval"
                ],
            ])
    }

    @Test func withoutPressureFilesTheAvailableMemoryCounts() {
        available(51)
        var loop = loop()
        func frames(_ range: ClosedRange<Int64>) -> [Int64] {
            stride(from: range.lowerBound, through: range.upperBound, by: 5).filter { tick(&loop, $0).frame != nil }
        }
        #expect(frames(10...30) == [10, 20, 30])
        available(49)
        #expect(frames(35...45) == [35, 40, 45])
        // Above the one bound, below the other.
        available(79)
        #expect(frames(50...120).count == 15)
        available(81)
        #expect(frames(125...180).count == 12)
        #expect(frames(185...205) == [190, 200])
    }

    @Test func aFileOfAnotherFormIsNone() {
        available(500)
        host.write("proc/pressure/memory", "some avg10=x\n")
        var loop = loop()
        #expect(tick(&loop, 10).frame != nil && tick(&loop, 15).frame == nil)
        available(10)
        #expect(tick(&loop, 25).frame != nil)
    }
}
