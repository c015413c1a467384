import Glibc
package import Model

/// The answers of the kernel that do not come out of files, as parameters: tests on recorded trees give their own.
package struct SystemCalls: Sendable {
    /// CLOCK_MONOTONIC, for durations.
    package var monotonicNanoseconds: @Sendable () -> UInt64
    /// CPU time that this process has used.
    package var ownCPUNanoseconds: @Sendable () -> UInt64
    /// statvfs(3) on a path given as bytes without an end mark. May block for ever.
    package var mountStatistics: @Sendable (_ path: [UInt8]) -> MountAnswer
    /// Clock ticks a second in /proc (USER_HZ).
    package var ticksPerSecond: UInt32
    package var pageBytes: UInt64
    /// adjtimex(2); nil where the system refuses it.
    package var clockState: @Sendable () -> ClockState?
    /// The local zone at a moment.
    package var timeZone: @Sendable (Timestamp) -> TimeZoneState
    /// What uname(2) calls the machine, as `x86_64`.
    package var machine: String
    /// The proportional set size of this process; nil where the kernel does not tell it.
    package var ownProportionalBytes: @Sendable () -> UInt64? = { nil }
    /// Reads a text file in Prometheus' format; the moment is what its samples are dated.
    package var readTextFile: @Sendable ([UInt8], Timestamp) -> TextFileContent = { _, _ in TextFileContent() }
    /// Reads a page of metrics, up to so many series.
    package var readPage: @Sendable ([UInt8], PageFormat, Timestamp, Int) -> TextFileContent = { _, _, _, _ in
        TextFileContent()
    }
    /// The bytes that were packed by gzip; nil where they are damaged, or more than may be.
    package var unpackGzip: @Sendable (_ bytes: [UInt8], _ bytesMax: Int) -> [UInt8]? = { _, _ in nil }

    package init(
        monotonicNanoseconds: @escaping @Sendable () -> UInt64, ownCPUNanoseconds: @escaping @Sendable () -> UInt64,
        mountStatistics: @escaping @Sendable (_ path: [UInt8]) -> MountAnswer, ticksPerSecond: UInt32,
        pageBytes: UInt64,
        clockState: @escaping @Sendable () -> ClockState?, timeZone: @escaping @Sendable (Timestamp) -> TimeZoneState,
        machine: String
    ) {
        self.monotonicNanoseconds = monotonicNanoseconds
        self.ownCPUNanoseconds = ownCPUNanoseconds
        self.mountStatistics = mountStatistics
        self.ticksPerSecond = ticksPerSecond
        self.pageBytes = pageBytes
        self.clockState = clockState
        self.timeZone = timeZone
        self.machine = machine
    }

    /// This machine.
    package static let live: SystemCalls = {
        var calls = fixed
        calls.ownProportionalBytes = ProcessMemory.proportionalBytes
        return calls
    }()

    private static let fixed = SystemCalls(
        monotonicNanoseconds: { ClockReading.nanoseconds(of: CLOCK_MONOTONIC) },
        ownCPUNanoseconds: { ClockReading.nanoseconds(of: CLOCK_PROCESS_CPUTIME_ID) },
        mountStatistics: { MountAnswer(statvfsOf: $0) },
        // sysconf cannot fail for these two; the numbers are what Linux has on all but odd machines.
        ticksPerSecond: UInt32(exactly: sysconf(Int32(_SC_CLK_TCK))) ?? 100,
        pageBytes: UInt64(exactly: sysconf(Int32(_SC_PAGESIZE))) ?? 4096,
        clockState: { ClockState.read() }, timeZone: { TimeZoneState.local(at: $0) }, machine: ownMachine)

    private static var ownMachine: String {
        var names = utsname()
        // uname fills the structure, and every field ends in NUL.
        guard unsafe uname(&names) == 0 else { return "" }
        return unsafe withUnsafePointer(to: &names.machine) { field in
            unsafe field.withMemoryRebound(to: CChar.self, capacity: 65) { unsafe String(cString: $0) }
        }
    }
}
