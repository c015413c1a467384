import ArgumentParser
import Glibc
import Model
import Sampler
import TSDB

/// `mon sample`: one scrape into the store, for machines where no daemon may run and cron does.
struct SampleCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "sample", _superCommandName: Mon.name, abstract: "Records this host once and ends.",
        discussion: "* * * * *  mon sample --data /var/lib/mon")

    @OptionGroup var store: StoreOptions

    @Option(help: "How often this is called; lookups and gaps go by it.")
    var interval = "1m"

    func perform(on console: Console) throws -> CommandStatus {
        let interval = try DurationArgument.parse(interval, option: "--interval")
        let path = try store.folder(for: .write, on: console).path
        StoreGuard.install(for: path)
        var recorder = try Recorder(path: path, host: SampleCommand.host())
        var loop = SamplingLoop(host: .live)
        let reading = ClockReading.now()
        _ = try recorder.markGap(before: reading.wall)
        let batch = loop.sample(at: reading.wall, monotonicNanoseconds: reading.monotonicNanoseconds)
        for family in loop.catalog.families { recorder.describe(family) }
        // One row: with one call an interval there is no difference between what is due often and what seldom.
        let group = GroupDefinition(intervalMilliseconds: interval)
        var row = Scrape.Row(group: group, samples: [])
        for part in batch.groups {
            for (series, value) in part.samples {
                row.samples.append((recorder.reference(for: loop.catalog.labels[series.index]), value))
            }
        }
        let count = row.samples.count
        try recorder.append(Scrape(time: batch.time, rows: [row], frame: batch.frame, events: batch.events))
        try recorder.close()
        if console.errorIsTerminal { console.say("\(count) samples recorded in \(path)") }
        return .success
    }

    /// Whose samples they are.
    static func host() -> TSDB.HostIdentity {
        TSDB.HostIdentity(
            name: Sampler.HostIdentity(of: .live).hostName, machineID: TextFile.firstLine(of: "/etc/machine-id"))
    }
}

/// Small files of the system.
enum TextFile {
    /// The first line, at most 4 KiB of it; empty where the file cannot be read.
    static func firstLine(of path: String) -> String {
        String(decoding: text(of: path).utf8.prefix { $0 != 10 }, as: UTF8.self)
    }

    /// The first 4 KiB; empty where the file cannot be read.
    static func text(of path: String) -> String {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        // The kernel writes at most the array's count.
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
