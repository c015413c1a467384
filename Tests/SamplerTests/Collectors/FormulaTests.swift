import Model
import Testing

@testable import Sampler

/// The numbers that are derived, against psutil 7's formulas worked by hand.
@Suite struct FormulaTests {
    private func times(_ line: String) -> CPUTimes? {
        let bytes = Array(line.utf8)
        var text = ByteScanner(bytes.span)
        return CPUTimes(&text)
    }

    @Test func cpuUsage() throws {
        func check(_ before: String, _ now: String, _ expected: Double) throws {
            let before = try #require(times(before))
            let now = try #require(times(now))
            #expect(CPUTimes.usagePercent(from: before, to: now) == expected, "\(before) \(now)")
        }
        //         user nice system idle iowait irq softirq steal guest guest_nice
        try check("0 0 0 0 0 0 0 0 0 0", "0 0 0 0 0 0 0 0 0 0", 0)
        try check("0 0 0 0 0 0 0 0 0 0", "25 0 0 75 0 0 0 0 0 0", 25)
        // iowait is no use, steal is.
        try check("0 0 0 0 0 0 0 0 0 0", "10 0 0 60 20 0 0 10 0 0", 20)
        // A guest's 40 ticks are in user already.
        try check("0 0 0 0 0 0 0 0 0 0", "50 0 0 50 0 0 0 0 40 0", 50)
        try check("0 0 0 0 0 0 0 0 0 0", "0 50 0 50 0 0 0 0 0 40", 50)
        // idle went backwards, as it does when a processor is unplugged: it counts as 0.
        try check("0 0 0 90 0 0 0 0 0 0", "10 0 0 80 0 0 0 0 0 0", 100)
        // An old kernel's line.
        try check("0 0 0 0", "1 0 0 3", 25)
        #expect(times("1 2 3") == nil)
    }

    private func figures(_ text: String) -> MemoryFigures {
        var figures = MemoryFigures()
        let bytes = Array(text.utf8)
        figures.read(ByteScanner(bytes.span))
        return figures
    }

    @Test func availableMemory() {
        func check(_ text: String, watermarkKilobytes: UInt64?, _ kilobytes: UInt64?) {
            let available = figures(text).available { watermarkKilobytes.map { $0 * 1024 } }
            #expect(available == kilobytes.map { $0 * 1024 }, "\(text)")
        }
        check("MemTotal: 100 kB\nMemFree: 10 kB\nMemAvailable: 60 kB\n", watermarkKilobytes: nil, 60)
        // More than the total, as in some containers.
        check("MemTotal: 100 kB\nMemFree: 10 kB\nMemAvailable: 600 kB\n", watermarkKilobytes: nil, 10)
        // No MemAvailable and nothing to estimate it from: free + cached.
        check("MemTotal: 100 kB\nMemFree: 10 kB\nCached: 20 kB\n", watermarkKilobytes: 5, 30)
        let old =
            "MemTotal: 1000 kB\nMemFree: 100 kB\nCached: 20 kB\nActive(file): 30 kB\nInactive(file): 50 kB\n"
            + "SReclaimable: 40 kB\n"
        // 100 − 10 + (80 − 10) + (40 − 10)
        check(old, watermarkKilobytes: 10, 190)
        // 100 − 50 + (80 − 40) + (40 − 20): halves where the watermark is large.
        check(old, watermarkKilobytes: 50, 110)
        check(old, watermarkKilobytes: nil, 120)
        check(old, watermarkKilobytes: 9999, 0)
        check(old + "MemAvailable: 0 kB\n", watermarkKilobytes: 10, 190)
        check("MemTotal: 100 kB\n", watermarkKilobytes: nil, nil)
        check("", watermarkKilobytes: nil, nil)
    }

    @Test func memoryLines() {
        let read = figures(
            "MemTotal: 1 kB\nHugePages_Total: 3\nHugepagesize: 2048 kB\nSwapTotal: 99999999999999999999 kB\n"
                + "SwapFree: 18446744073709551615 kB\nCached: 5 kB\nSReclaimable: 2 kB")
        #expect(read[.total] == 1024)
        let threePages: UInt64 = 3 * 2048 * 1024
        // Not by the macro, which compares an optional and a number as AnyHashable: the compiler's code for that reads
        // a byte too many, as the address sanitizer says.
        same(read.hugePages(.hugePagesTotal), threePages)
        #expect(read.hugePages(.hugePagesFree) == nil)
        #expect(read[.swapTotal] == nil && read[.swapFree] == nil)
        same(read.cached, 7 * 1024)
    }

    @Test func percentOfNothingIsZero() {
        #expect(MemoryFigures.percent(0, of: 0) == 0)
        #expect(MemoryFigures.percent(1, of: 4) == 25)
    }

    @Test func ignoredNetworkDevices() {
        func check(_ name: String, _ expected: Bool) {
            let bytes = Array(name.utf8)
            let text = ByteScanner(bytes.span)
            same(NetworkCollector.isIgnored(text.all, in: text), expected, name)
        }
        check("eth0", false)
        check("veth", true)
        check("vethab12", true)
        check("br-lan", false)
        check("br-0123456789ab", true)
        check("br-0123456789ag", false)
        check("", false)
    }
}
