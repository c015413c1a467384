import Glibc
import Model
import Testing

@testable import Sampler

/// What is logged of failures, how loudly, and how often.
@Suite struct ErrorReportTests {
    /// The reports of ticks 10 s apart, and the last batch's count of errors of a reason.
    private func reports(
        _ answers: [MountAnswer], reason: CollectorError.Reason
    ) -> (reports: [[CollectorReport.Severity]], errors: Double?) {
        var calls = Fixtures.calls
        let next = Answers(answers)
        calls.mountStatistics = { path in
            String(decoding: path, as: UTF8.self).hasSuffix("my disk") ? next.take() : .statistics(Fixtures.disk)
        }
        let surroundings = Surroundings(
            host: Fixtures.host("two-ticks/2"), options: Fixtures.only("filesystem"), calls: calls)
        var loop = SamplingLoop(CollectorRegistry.entries, surroundings)
        var told: [[CollectorReport.Severity]] = []
        var errors: Double?
        for tick in answers.indices {
            let batch = loop.sample(
                at: Timestamp(milliseconds: Int64(tick) * 10_000),
                monotonicNanoseconds: UInt64(tick) * 10_000_000_000)
            told.append(loop.reports.map(\.severity))
            errors = batch.value(
                #"agent_collector_errors_total{collector="filesystem", reason="\#(reason.rawValue)"}"#, loop.catalog)
        }
        return (told, errors)
    }

    /// Hands out answers one by one; the loop asks from one thread at a time.
    private final class Answers: @unchecked Sendable {
        private var rest: ArraySlice<MountAnswer>
        init(_ answers: [MountAnswer]) { rest = answers[...] }
        func take() -> MountAnswer { rest.popFirst() ?? .failed(EIO) }
    }

    @Test func aMissingRightIsADebugLineOnce() {
        let (told, errors) = reports([.failed(EACCES), .failed(EACCES), .failed(EPERM)], reason: .permission)
        #expect(told == [[.debug], [], []])
        #expect(errors == 3)
    }

    @Test func whatWentAwayIsSilent() {
        let (told, errors) = reports([.failed(ENOENT), .failed(ENOENT)], reason: .missing)
        #expect(told == [[], []])
        #expect(errors == 0)
    }

    @Test func anyOtherFailureIsAnErrorOnceAndAgainAfterAWhile() {
        let good = MountAnswer.statistics(Fixtures.disk)
        // Ten minutes are sixty ticks: what comes and goes is told once in them.
        let flapping = (0..<62).map { $0 % 2 == 0 ? MountAnswer.failed(EIO) : good }
        let (told, errors) = reports(flapping, reason: .system)
        #expect(told.indices.filter { !told[$0].isEmpty } == [0, 60])
        #expect(told[0] == [.error] && told[60] == [.error])
        #expect(errors == 31)
    }

    /// A process that ends between the listing and the reading of its files.
    @Test func aVanishedProcessIsSilent() {
        let host = WrittenHost()
        host.write("proc/meminfo", "MemTotal: 1000 kB\n")
        host.write("proc/77/status", "Name:\tgone\n")
        host.write("proc/78/stat", "78 (here) S 1 1 1 0 -1 0 0 0 0 0 5 0 0 0 20 0 2 0 9 1000 10 7\n")
        host.write("proc/78/status", "Name:\there\nUid:\t0\t0\t0\t0\n")
        var loop = SamplingLoop(host: host.host, options: Fixtures.only("process"), calls: Fixtures.calls)
        for tick in 0..<3 as Range<Int64> {
            let batch = loop.sample(
                at: Timestamp(milliseconds: tick * 10_000), monotonicNanoseconds: UInt64(tick) * 10_000_000_000)
            #expect(loop.reports == [])
            #expect(batch.frame?.processes.map(\.pid) == [78])
            for reason in CollectorError.Reason.allCases {
                let series = #"agent_collector_errors_total{collector="process", reason="\#(reason.rawValue)"}"#
                #expect(batch.value(series, loop.catalog) == 0)
            }
        }
    }

    /// The I/O of other users' processes, for an agent without the right to trace them.
    @Test func deniedIOIsADebugLineOnce() {
        let host = WrittenHost()
        host.write("proc/meminfo", "MemTotal: 1000 kB\n")
        for pid in [77, 78] {
            host.write("proc/\(pid)/stat", "\(pid) (there) S 1 1 1 0 -1 0 0 0 0 0 5 0 0 0 20 0 2 0 9 1000 10 7\n")
            host.write("proc/\(pid)/status", "Name:\tthere\nUid:\t0\t0\t0\t0\n")
            host.write("proc/\(pid)/io", "read_bytes: 1\nwrite_bytes: 2\n")
            chmod("\(host.host.procfs)/\(pid)/io", 0)
        }
        chmod(String(host.host.procfs.dropLast("/proc".count)), 0o755)
        // Root may read whatever it likes; of this thread alone, its files are another user's.
        let setUser = unsafe unsafeBitCast(dlsym(nil, "setfsuid"), to: (@convention(c) (UInt32) -> Int32).self)
        _ = setUser(65534)
        defer { _ = setUser(geteuid()) }
        var loop = SamplingLoop(host: host.host, options: Fixtures.only("process"), calls: Fixtures.calls)
        var told: [CollectorReport] = []
        var errors: Double?
        for tick in 0..<7 as Range<Int64> {
            let batch = loop.sample(
                at: Timestamp(milliseconds: tick * 10_000), monotonicNanoseconds: UInt64(tick) * 10_000_000_000)
            told += loop.reports
            #expect(batch.frame?.processes.map(\.readBytes) == [nil, nil])
            errors = batch.value(
                #"agent_collector_errors_total{collector="process", reason="permission"}"#, loop.catalog)
        }
        #expect(
            told.map(\.severity) == [.debug] && told.first?.text.contains("other users' processes") == true, "\(told)")
        // At the first look, and whenever one of the idle is looked at again.
        #expect((2...7).contains(errors ?? 0), "\(errors ?? -1)")
    }

    @Test func theRemedyIsThatOfWhoWroteIt() {
        #expect(
            CollectorError.malformed("/proc/stat", "x").description
                == "cannot read /proc/stat: x; please report the file's content")
        #expect(CollectorError.malformed("/etc/mon/a.prom", "x").description == "cannot read /etc/mon/a.prom: x")
    }
}
