import Model
import Testing

@testable import Sampler

@Suite struct TickScheduleTests {
    private func reading(_ wall: Int64, monotonic: UInt64 = 0) -> ClockReading {
        ClockReading(
            wall: Timestamp(milliseconds: wall), monotonicNanoseconds: monotonic * 1_000_000,
            bootNanoseconds: monotonic * 1_000_000)
    }

    @Test func waitsForTheNextMultiple() {
        func check(_ intervals: [Int64], at wall: Int64, last: Int64? = nil, _ time: Int64, after wait: UInt64) {
            let schedule = TickSchedule(intervals: intervals)
            let last = last.map { Timestamp(milliseconds: $0) }
            let tick = schedule.next(after: reading(wall, monotonic: 77), last: last)
            #expect(tick.time.milliseconds == time)
            #expect(tick.monotonicNanoseconds == (77 + wait) * 1_000_000)
        }
        check([5000, 10_000], at: 12_345, 15_000, after: 2655)
        check([5000, 10_000], at: 15_000, 20_000, after: 5000)
        check([5000, 10_000], at: 14_999, last: 10_000, 15_000, after: 1)
        check([5000, 7000], at: 12_000, 14_000, after: 2000)
        check([], at: 1, 5000, after: 4999)
        check([5000], at: -1, 0, after: 1)
        // The clock went back by less than an interval: the tick of 15 s was taken and does not come again.
        check([5000], at: 14_200, last: 15_000, 20_000, after: 5800)
        // It went back by more: its time is followed.
        check([5000], at: 4200, last: 15_000, 5000, after: 800)
    }

    @Test func datesAPunctualTickByTheGridAndALateOneByTheClock() {
        func check(_ wall: Int64, aligned: Int64, sample: Int64) {
            let place = TickSchedule(intervals: [5000, 10_000]).place(of: Timestamp(milliseconds: wall))
            #expect(place.aligned.milliseconds == aligned)
            #expect(place.sampleTime.milliseconds == sample)
        }
        check(15_000, aligned: 15_000, sample: 15_000)
        check(15_250, aligned: 15_000, sample: 15_000)
        check(15_251, aligned: 15_000, sample: 15_251)
        check(19_000, aligned: 15_000, sample: 19_000)
        // Woken a little early.
        check(19_990, aligned: 20_000, sample: 20_000)
    }

    @Test func countsTicksBetween() {
        func check(_ last: Int64, _ now: Int64, _ expected: UInt64) {
            let schedule = TickSchedule(intervals: [5000])
            let missed = schedule.ticksMissed(
                from: Timestamp(milliseconds: last), to: Timestamp(milliseconds: now))
            #expect(missed == expected)
        }
        check(10_000, 15_000, 0)
        check(10_000, 20_000, 1)
        check(10_000, 30_000, 3)
        check(10_000, 10_000, 0)
        check(20_000, 10_000, 0)
    }

    @Test func tellsASuspendFromAClockStep() {
        func check(wall: Int64, monotonic: UInt64, boot: UInt64, suspended: Int64, stepped: Int64) {
            let before = reading(1000, monotonic: 1000)
            let now = ClockReading(
                wall: Timestamp(milliseconds: 1000 + wall), monotonicNanoseconds: (1000 + monotonic) * 1_000_000,
                bootNanoseconds: (1000 + boot) * 1_000_000)
            let change = ClockChange(from: before, to: now)
            #expect(change.suspendedMilliseconds == suspended)
            #expect(change.steppedMilliseconds == stepped)
        }
        check(wall: 5000, monotonic: 5000, boot: 5000, suspended: 0, stepped: 0)
        check(wall: 5100, monotonic: 5000, boot: 5000, suspended: 0, stepped: 0)
        check(wall: 65_000, monotonic: 5000, boot: 65_000, suspended: 60_000, stepped: 0)
        check(wall: 65_000, monotonic: 5000, boot: 5000, suspended: 0, stepped: 60_000)
        check(wall: -25_000, monotonic: 5000, boot: 5000, suspended: 0, stepped: -30_000)
        check(wall: 3_665_000, monotonic: 5000, boot: 65_000, suspended: 60_000, stepped: 3_600_000)
    }
}
