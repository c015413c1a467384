import Glibc

/// What systemd is told of a service of `Type=notify` (sd_notify(3)): that it is ready, reloads or stops, what it does,
/// and that it is alive (`WatchdogSec=`). Where nobody asked to be told, nothing is.
struct ServiceManager: Sendable {
    private let socketPath: String?
    /// Nanoseconds after which the manager takes it for dead; nil for never.
    private let watchdogNanoseconds: UInt64?

    /// - Parameters:
    ///   - environment: `NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`.
    ///   - pid: of this process: the watchdog may be another's.
    init(environment: (String) -> String?, pid: Int32 = getpid()) {
        socketPath = environment("NOTIFY_SOCKET").flatMap { $0.isEmpty ? nil : $0 }
        let isMine = environment("WATCHDOG_PID").map { $0 == "\(pid)" } ?? true
        let microseconds = environment("WATCHDOG_USEC").flatMap { UInt64($0) }.flatMap { $0 > 0 ? $0 : nil }
        watchdogNanoseconds =
            isMine && socketPath != nil
            ? microseconds.map { $0.multipliedReportingOverflow(by: 1000).partialValue } : nil
    }

    /// When to say again that all is well, on CLOCK_MONOTONIC: after half the time; never without a watchdog.
    func nextPing(after monotonicNanoseconds: UInt64) -> UInt64 {
        watchdogNanoseconds.map { monotonicNanoseconds + $0 / 2 } ?? .max
    }

    func ready(_ status: String) { tell("READY=1\nSTATUS=\(status)\n") }

    func status(_ text: String) { tell("STATUS=\(text)\n") }

    func alive() { if watchdogNanoseconds != nil { tell("WATCHDOG=1\n") } }

    /// Ended by ``ready(_:)``.
    func reloading(at monotonicNanoseconds: UInt64) {
        tell("RELOADING=1\nMONOTONIC_USEC=\(monotonicNanoseconds / 1000)\n")
    }

    func stopping() { tell("STOPPING=1\n") }

    private func tell(_ text: String) {
        guard let socketPath else { return }
        _ = DatagramSocket.send(Array(text.utf8), to: socketPath)
    }
}
