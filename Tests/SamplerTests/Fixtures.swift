import Glibc
import Model
import TestSupport
import Testing

@testable import Sampler

/// The recorded trees beside the tests, and answers for what is not recorded in files.
enum Fixtures {
    static let folder: String = {
        let parts = #filePath.split(separator: "/").dropLast()
        return "/" + parts.joined(separator: "/") + "/Fixtures"
    }()

    static func host(_ tree: String) -> HostRoot {
        HostRoot(
            procfs: "\(folder)/\(tree)/proc", sysfs: "\(folder)/\(tree)/sys", rootfs: "\(folder)/\(tree)/root")
    }

    /// A machine of 100 ticks a second and 4 KiB pages whose clocks stand still, with the mounts of the recorded
    /// tables.
    static let calls = SystemCalls(
        monotonicNanoseconds: { 0 }, ownCPUNanoseconds: { 1_500_000_000 },
        mountStatistics: { path in
            let path = String(decoding: path, as: UTF8.self)
            if path.hasSuffix("/root/") { return .statistics(disk) }
            if path.hasSuffix("my disk") || path.contains("/mnt/tab") { return .statistics(readOnlyDisk) }
            if path.hasSuffix("nas") { return .failed(EIO) }
            return .failed(ENOENT)
        },
        ticksPerSecond: 100, pageBytes: 4096,
        clockState: {
            // status 0x2001: nanoseconds, PLL.
            ClockState(
                isSynchronised: true,
                numbers: [0x2001, 1_500_000, -65536 * 12, 250_000, 900, 7, 10_000, 65536, 3000, 2, 0, 1, 2, 3, 4, 37])
        },
        timeZone: { _ in TimeZoneState(name: "CET", offsetSeconds: 3600) }, machine: "x86_64")

    static let disk = MountStatistics(
        blockBytes: 4096, blocks: 1000, blocksFree: 400, blocksAvailable: 350, inodes: 500, inodesFree: 100,
        isReadOnly: false)
    static let readOnlyDisk = MountStatistics(
        blockBytes: 1024, blocks: 100, blocksFree: 0, blocksAvailable: 0, inodes: 0, inodesFree: 0, isReadOnly: true)

    static func surroundings(_ host: HostRoot, _ options: SamplerOptions = SamplerOptions()) -> Surroundings {
        Surroundings(host: host, options: options, calls: calls)
    }

    /// Options that leave only the named collectors.
    static func only(_ names: String...) -> SamplerOptions {
        var options = SamplerOptions()
        options.disabledCollectors = Set(CollectorRegistry.entries.map(\.name)).subtracting(names)
        return options
    }
}

/// A procfs of a test's own making, whose files can be written anew between ticks.
final class WrittenHost {
    private let folder = TemporaryFolder()

    var host: HostRoot {
        HostRoot(procfs: folder.path + "/proc", sysfs: folder.path + "/sys", rootfs: folder.path + "/root")
    }

    init() { mkdir(folder.path + "/proc", 0o755) }

    func write(_ path: String, _ text: String) { write(path, bytes: Array(text.utf8)) }

    func write(_ path: String, bytes: [UInt8]) {
        var parent = folder.path
        for part in path.split(separator: "/").dropLast() {
            parent += "/\(part)"
            mkdir(parent, 0o755)
        }
        let file = fopen("\(folder.path)/\(path)", "w")!
        _ = bytes.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
        fclose(file)
    }

    func remove(_ path: String) { unlink("\(folder.path)/\(path)") }

    /// Makes `proc` lead to a recorded tree.
    func link(procfsTo tree: String) {
        rmdir("\(folder.path)/proc")
        unlink("\(folder.path)/proc")
        symlink("\(Fixtures.folder)/\(tree)/proc", "\(folder.path)/proc")
    }
}

/// Reads a whole file; nil where there is none.
func contents(of path: String) -> [UInt8]? {
    var file = KernelFile(path, keepsOpen: false)
    guard (try? file.refresh()) != nil else { return nil }
    let text = file.scanner
    return text.bytes(in: text.all)
}

extension SampleBatch {
    /// The value of a series by its text, nil where the batch lacks it.
    func value(_ series: String, _ catalog: SeriesCatalog) -> Double? {
        for group in groups {
            for sample in group.samples where catalog.labels[sample.series.index].description == series {
                return sample.value
            }
        }
        return nil
    }

    /// `name{labels} value`, a line a sample, in order of work; stale markers as `stale`; then the frame and events.
    func page(_ catalog: SeriesCatalog) -> String {
        var lines: [String] = []
        for group in groups {
            lines.append("# every \(DurationText.format(group.intervalMilliseconds))")
            for sample in group.samples {
                let value = sample.value.isStaleMarker ? "stale" : FloatText.short(sample.value)
                lines.append("\(catalog.labels[sample.series.index]) \(value)")
            }
        }
        if let frame {
            lines.append(
                "# frame of \(frame.elapsedMilliseconds) ms, \(frame.memoryTotalBytes) B of memory, boot"
                    + " \(frame.bootSeconds)")
            for process in frame.processes {
                let io = [process.readBytes, process.writeBytes].map { $0.map(String.init) ?? "-" }
                lines.append(
                    "\(process.pid)/\(process.startTicks) \(process.name) \(process.username) cpu \(process.cpuTicks)"
                        + " +\(process.cpuTicksSinceLast) rss \(process.residentBytes) io \(io[0]) \(io[1])"
                        + " threads \(process.threads) \(process.state.map { "\(Unicode.Scalar($0))" } ?? "-")"
                        + " in \(process.cgroup ?? "-")")
            }
        }
        for event in events { lines.append("# event \(event.kind) at \(event.time.milliseconds): \(event.text)") }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// `#expect(found == expected)` for values that come from types which the macro cannot capture, such as scanners.
func same<Value: Equatable>(
    _ found: Value, _ expected: Value, _ comment: String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(found == expected, Comment(rawValue: comment), sourceLocation: sourceLocation)
}
