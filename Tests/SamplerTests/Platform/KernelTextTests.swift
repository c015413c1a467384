import Glibc
import Model
import TestSupport
import Testing

@testable import Sampler

/// Files of the kernel that are read no oftener, and no further, than there can be news.
@Suite struct KernelTextTests {
    // MARK: - Keys and numbers

    private static let keys = ["a", "ab", "MemFree:", "HugePages_Total:", "HugePages_Free:", "sevench", "eightchr"]
    private static let words = keys + ["b", "abc", "MemFre:", "HugePages_Rsvd:", "sevenchx", "eightchrs", "x", ""]

    private static func content(_ random: inout SeededGenerator) -> [(word: String, number: UInt64)] {
        words.shuffled(using: &random).prefix(Int.random(in: 0...words.count, using: &random)).map {
            ($0, UInt64.random(in: 0...20_000, using: &random))
        }
    }

    /// Lines come, go, change places and begin alike; each content tells what it has.
    @Test(arguments: 1...20 as ClosedRange<UInt64>) func keyedNumbersAreThoseOfTheLines(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var numbers = KeyedNumbers(keys: KernelTextTests.keys)
        var lines = KernelTextTests.content(&random)
        for step in 0..<200 {
            // Mostly the same lines with other numbers, as a kernel prints them.
            if Int.random(in: 0..<4, using: &random) == 0 {
                lines = KernelTextTests.content(&random)
            } else {
                for index in lines.indices { lines[index].number += UInt64.random(in: 0...900, using: &random) }
            }
            let bytes = Array(lines.map { "\($0.word) \($0.number)\n" }.joined().utf8)
            numbers.read(ByteScanner(bytes.span))
            for (index, key) in KernelTextTests.keys.enumerated() {
                let expected = lines.first { $0.word == key }?.number
                #expect(numbers[index] == expected, "seed \(seed), step \(step), \(key) in \(lines)")
            }
        }
    }

    /// What is read of a file ends behind the last line of interest, however long its numbers become.
    @Test func theBeginningThatIsReadGrowsWithTheNumbers() throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/vmstat"
        let family = MetricFamily.counter("wanted_total", "x")
        let file = KernelFile(path, keepsOpen: true, bytes: 64)
        var numbers = NumberFile(file, [NumberFigure("wanted", family)], readsBeginning: true)
        let rest = String(repeating: "behind 1\n", count: 500)
        var scrape = Scrape(HostRoot(procfs: folder.path))
        func told(_ text: String) throws -> [Double] {
            FileBytes.write(Array(text.utf8), to: path)
            scrape.group.samples.removeAll()
            try numbers.emit(into: &scrape)
            return scrape.group.samples.map(\.value)
        }
        for digits in 1...15 {
            let number = String(repeating: "7", count: digits)
            let others = (0..<40).map { "other\($0) \(number)\n" }.joined()
            for _ in 0..<2 { same(try told(others + "wanted \(number)\n" + rest), [try #require(Double(number))]) }
        }
        same(try told("wanted 5\n" + rest), [5])
        same(try told(rest), [])
        same(try told(rest + "wanted 6\n"), [6])
    }

    // MARK: - Files that are missing

    @Test func aMissingFileIsLookedForAfterAMinute() throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/file"
        let second: UInt64 = 1_000_000_000
        var kept = KernelFile(path, keepsOpen: true)
        var recorded = KernelFile(path, keepsOpen: false)
        same(try kept.refreshIfPresent(at: 100 * second), false)
        same(try recorded.refreshIfPresent(at: 100 * second), false)
        FileBytes.write([49], to: path)
        same(try recorded.refreshIfPresent(at: 105 * second), true)
        same(try kept.refreshIfPresent(at: 105 * second), false)
        same(try kept.refreshIfPresent(at: 160 * second), true)
        same(try kept.refreshIfPresent(at: 161 * second), true)
    }

    @Test func aSharedFileIsReadOncePerPass() throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/file"
        for isLive in [true, false] {
            var file = SharedFile(path, isLive: isLive, bytes: 64)
            func number() -> UInt64? {
                var text = file.scanner
                return text.number()
            }
            FileBytes.write([49], to: path)
            try file.refresh()
            same(number(), 1)
            FileBytes.write([50], to: path)
            same(try file.refreshIfPresent(at: 0), true)
            same(number(), isLive ? 1 : 2)
            file.expire()
            try file.refresh()
            same(number(), 2)
        }
    }

    // MARK: - Lines

    /// Lines of all lengths through a small buffer, from a file that ends anywhere.
    @Test(arguments: 1...10 as ClosedRange<UInt64>) func linesAreThoseOfTheFile(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let folder = TemporaryFolder()
        for lineBytesMax in [nil, 512] {
            var file = LineFile(folder.path + "/file", keepsOpen: false, lineBytesMax: lineBytesMax)
            for _ in 0..<20 {
                let lines = (0..<Int.random(in: 0...120, using: &random)).map { number in
                    "\(number) " + String(repeating: "x", count: Int.random(in: 0...300, using: &random))
                }
                FileBytes.write(Array(lines.map { $0 + "\n" }.joined().utf8), to: folder.path + "/file")
                var read: [String] = []
                try file.forEachLine { line in read.append(line.text(in: line.all)) }
                #expect(read == lines, "seed \(seed)")
            }
        }
    }

    // MARK: - UDP

    /// The queues of UDP sockets, while sockets come and go and data lies in them.
    @Test func queuesAreThoseOfTheTable() throws {
        var loop = SamplingLoop(host: .live, options: Fixtures.only("sockets"))
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        var compared = 0
        for step in 0..<60 {
            if step % 20 < 15 {
                sockets.append(KernelTextTests.socketWithData(bytes: 100 * (step % 4)))
            } else {
                for socket in sockets { close(socket) }
                sockets = []
            }
            let before = try KernelTextTests.received()
            let batch = loop.sample(
                at: Timestamp(milliseconds: Int64(step) * 5000), monotonicNanoseconds: UInt64(step) * 5_000_000_000)
            let catalog = loop.catalog
            let told = batch.groups.flatMap(\.samples).first { sample in
                let labels = catalog.labels[sample.series.index]
                return labels.metricName == "network_udp_queue_bytes" && labels["ip"] == "v4" && labels["queue"] == "rx"
            }
            // Others on the host may send meanwhile.
            guard try KernelTextTests.received() == before else { continue }
            compared += 1
            same(told?.value, Double(before), "step \(step)")
        }
        #expect(compared > 5)
    }

    /// What lies in the receive queues, by the table.
    private static func received() throws -> UInt64 {
        var sum: UInt64 = 0
        try LineReader.forEachLine(ofFileAt: "/proc/net/udp") { line in
            guard line.skipWords(4), line.hexadecimal() != nil, line.skip(UInt8(ascii: ":")),
                let bytes = line.hexadecimal()
            else { return }
            sum += bytes
        }
        return sum
    }

    /// A socket on loopback that has sent itself so much and not read it.
    private static func socketWithData(bytes: Int) -> Int32 {
        let socket = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let data = [UInt8](repeating: 1, count: bytes)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                _ = bind(socket, generic, length)
                _ = getsockname(socket, generic, &length)
                if bytes > 0 { _ = sendto(socket, data, data.count, 0, generic, length) }
            }
        }
        return socket
    }
}
