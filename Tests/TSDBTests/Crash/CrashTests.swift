import Glibc
import Model
import TestSupport
import Testing

@testable import TSDB

/// Invariants 1, 2 and 4 under SIGKILL: a child records, seals and ages a store until it is killed at a random moment;
/// the next one goes on with what it left. `MON_CRASH_RUNS` sets the number of deaths of each of the four stores.
@Suite struct CrashTests {
    private static let runs = getenv("MON_CRASH_RUNS").flatMap { Int(String(cString: $0)) } ?? 6

    @Test(arguments: 1...4 as ClosedRange<UInt64>) func whatWasAcknowledgedSurvivesAKill(seed: UInt64) async throws {
        let folder = TemporaryFolder()
        let path = folder.path
        var random = SeededGenerator(seed: seed)
        var reached = 0
        var deaths: Int64 = 0
        for run in 0..<CrashTests.runs {
            // Long enough for a few hundred commits, short enough to hit the opening now and then.
            let microseconds = UInt32.random(in: 1000...150_000, using: &random)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = path as String, microseconds = microseconds as UInt32] in
                try CrashWorld.dieRecording(path, after: microseconds)
            }
            let acknowledged = CrashWorld.acknowledged(in: path + "/acknowledged")
            #expect(acknowledged.count >= reached)
            deaths = acknowledged.count > reached ? 1 : deaths + 1
            reached = acknowledged.count
            // The lock is free, and nothing has to be repaired before the next start.
            let clock = ContinuousClock()
            let began = clock.now
            let recorder = try Recorder(path: path, host: testHost)
            let opening = clock.now - began
            #expect(opening < .milliseconds(500), "opening took \(opening)")
            let problems = try CrashWorld.problems(
                recorder.store, acknowledged: acknowledged, deaths: deaths, deathsEver: Int64(run + 1))
            #expect(problems.isEmpty, "seed \(seed), run \(run): \(problems.prefix(5))")
            if !problems.isEmpty { return }
        }
        #expect(reached > 0)
    }

    /// Canary: the check notices a sample that is not there, one too many and one that was changed.
    @Test func theCheckNoticesALoss() throws {
        let folder = TemporaryFolder()
        var recorder = try Recorder(path: folder.path, host: testHost)
        func append(_ tick: Int64, _ change: Double = 0) throws {
            let samples = CrashWorld.samples(tick, isLate: false)
            let row = Scrape.Row(
                group: CrashWorld.group,
                samples: samples.map {
                    (recorder.reference(for: $0.labels), change == 0 ? $0.value : $0.value + change)
                })
            try recorder.append(Scrape(time: Timestamp(milliseconds: CrashWorld.time(tick)), rows: [row]))
        }
        try append(0)
        try append(1)
        #expect(try CrashWorld.problems(recorder.store, acknowledged: [0, 1]).isEmpty)
        #expect(try CrashWorld.problems(recorder.store, acknowledged: [0]).isEmpty)
        #expect(try !CrashWorld.problems(recorder.store, acknowledged: [0, 1, 2]).isEmpty)
        try append(5)
        #expect(try !CrashWorld.problems(recorder.store, acknowledged: [0, 1]).isEmpty)
        try append(6, 1e-9)
        let problems = try CrashWorld.problems(recorder.store, acknowledged: [0, 1, 5, 6])
        #expect(problems.contains { $0.hasPrefix("changed") })
    }
}
