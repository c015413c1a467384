/// Whether memory is so short that process frames are wanted twice as often: who is growing shows in seconds then.
///
/// By the kernel's pressure figures where it has them (Documentation/accounting/psi.rst): on from the moment at which
/// some task waited for memory in a tenth of the last ten seconds; off once that has been below a twentieth for a
/// minute. Else by the available share of the memory: on below 5 %, off above 8 % for a minute. The figures are
/// guesses: hosts that are well are at 0 and above 10 %, and at four times the pressure the agent itself waits.
struct MemoryAlarm {
    private(set) var isOn = false
    private var file: KernelFile
    private var hasPressure = true
    private var calmSince: UInt64?

    private static let onPressure = 10.0
    private static let offPressure = 5.0
    private static let onShare = 0.05
    private static let offShare = 0.08
    private static let calmNanoseconds: UInt64 = 60_000_000_000

    init(_ host: HostRoot) {
        let path = "\(host.procfs)/pressure/memory"
        file = KernelFile(path, keepsOpen: host.isLive, endsAtShortRead: true, bytes: 256)
    }

    /// Whether it goes by /proc/meminfo.
    var needsFigures: Bool { !hasPressure }

    /// - Parameter figures: As they were read last, needed where there is no pressure file.
    /// - Returns: a sentence for people where it went on or off.
    mutating func update(_ figures: MemoryFigures, monotonicNanoseconds now: UInt64) -> String? {
        let pressure = pressure()
        hasPressure = pressure != nil
        let (isShort, isCalm, what): (Bool, Bool, String)
        if let pressure {
            isShort = pressure >= MemoryAlarm.onPressure
            isCalm = pressure < MemoryAlarm.offPressure
            what = "some task waited for memory in \(MemoryAlarm.text(pressure)) % of the last 10 s"
        } else {
            guard let total = figures[.total], total > 0, let available = figures[.available] else { return nil }
            let share = Double(available) / Double(total)
            isShort = share < MemoryAlarm.onShare
            isCalm = share > MemoryAlarm.offShare
            what = "\(MemoryAlarm.text(share * 100)) % of the memory is available"
        }
        if !isOn {
            guard isShort else { return nil }
            isOn = true
            calmSince = nil
            return "memory is short (\(what)): process frames are taken at every tick"
        }
        guard isCalm else {
            calmSince = nil
            return nil
        }
        let since = calmSince ?? now
        calmSince = since
        guard now >= since, now - since >= MemoryAlarm.calmNanoseconds else { return nil }
        isOn = false
        return "memory is no longer short (\(what)): process frames are taken at their own interval"
    }

    /// avg10 of the line `some`; nil where the kernel has no such file.
    private mutating func pressure() -> Double? {
        guard (try? file.refreshIfPresent()) == true else { return nil }
        var text = file.scanner
        guard text.skip("some avg10=") else { return nil }
        return text.decimal()
    }

    private static func text(_ percent: Double) -> String {
        let tenths = Int((min(max(percent, 0), 1e6) * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}
