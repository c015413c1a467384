import Model

/// Input and output of block devices (Documentation/admin-guide/iostats.rst): whole devices and partitions, each as the
/// kernel counts it, like psutil's `disk_io_counters(perdisk=True)`.
///
/// Left out while they have never done any I/O: ram, loop, nbd and floppy devices, which most kernels have in store
/// whether used or not.
struct DiskIOCollector: Collector {
    /// A column: the metric and how it follows from the line's numbers.
    private struct Column {
        let family: MetricFamily
        /// Place among the numbers behind the device's name.
        let number: Int
        let scale: Scale

        enum Scale {
            case count
            /// The kernel's sectors are 512 bytes whatever the device's are.
            case sectors
            case milliseconds
        }

        init(_ name: String, unit: String = "", _ number: Int, _ scale: Scale, _ help: String) {
            family = .column(name, unit: unit, help)
            self.number = number
            self.scale = scale
        }
    }

    private static let columns = [
        Column("disk_io_read_bytes_total", unit: "bytes", 2, .sectors, "Data read from the device."),
        Column("disk_io_write_bytes_total", unit: "bytes", 6, .sectors, "Data written to the device."),
        Column("disk_io_read_count_total", 0, .count, "Reads that the device completed."),
        Column("disk_io_write_count_total", 4, .count, "Writes that the device completed."),
        Column(
            "disk_io_read_time_seconds_total", unit: "seconds", 3, .milliseconds,
            "Time that completed reads took, summed over the reads."),
        Column(
            "disk_io_write_time_seconds_total", unit: "seconds", 7, .milliseconds,
            "Time that completed writes took, summed over the writes."),
        Column(
            "disk_io_busy_seconds_total", unit: "seconds", 9, .milliseconds,
            "Time in which the device had something to do."),
        Column(
            "disk_io_queue_seconds_total", unit: "seconds", 10, .milliseconds,
            "Time that requests spent under way, summed over the requests; its rate is the mean queue length."),
        Column(
            "disk_io_read_merged_total", 1, .count, "Reads that were joined with others before the device had them."),
        Column(
            "disk_io_write_merged_total", 5, .count, "Writes that were joined with others before the device had them."),
        Column("disk_io_in_progress", 8, .count, "Requests that are under way."),
        // Since Linux 4.18.
        Column("disk_io_discard_count_total", 11, .count, "Discards that the device completed."),
        Column("disk_io_discard_merged_total", 12, .count, "Discards that were joined with others."),
        Column("disk_io_discard_bytes_total", unit: "bytes", 13, .sectors, "Data that was discarded."),
        Column(
            "disk_io_discard_time_seconds_total", unit: "seconds", 14, .milliseconds,
            "Time that completed discards took, summed over the discards."),
        // Since Linux 5.5.
        Column("disk_io_flush_count_total", 15, .count, "Flushes that the device completed."),
        Column(
            "disk_io_flush_time_seconds_total", unit: "seconds", 16, .milliseconds,
            "Time that completed flushes took, summed over the flushes."),
    ]
    /// The numbers of a line that every kernel since 2.6.25 prints, and those of the newest.
    private static let numberCountMin = 11
    private static let numberCountMax = 17

    static let families = columns.map(\.family)

    private var file: KernelFile
    private var devices = RowTable<[SeriesHandle]>()
    private let filter: CompiledNameFilter

    static func copyOptions(of all: SamplerOptions, to own: inout SamplerOptions) {
        own.diskDevices = all.diskDevices
    }

    init(_ surroundings: Surroundings) {
        let host = surroundings.host
        file = KernelFile("\(host.procfs)/diskstats", keepsOpen: host.isLive, lineBytesMax: 512)
        filter = CompiledNameFilter(surroundings.options.diskDevices)
    }

    mutating func renew(_ renewal: inout CatalogRenewal) { devices = RowTable() }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        guard try file.refreshIfPresent() else { return }
        var text = file.scanner
        var numbers = InlineArray<17, UInt64>(repeating: 0)
        devices.begin()
        while !text.isAtEnd {
            guard text.skipWords(2), let name = text.word() else {
                throw .malformed(file.path, "no device name at byte \(text.offset)")
            }
            var hasIO = false
            var count = 0
            while count < DiskIOCollector.numberCountMax, let number = text.number() {
                numbers[count] = number
                hasIO = hasIO || number != 0
                count += 1
            }
            if count < DiskIOCollector.numberCountMin {
                throw .malformed(file.path, "fewer than 11 numbers at byte \(text.offset)")
            }
            text.skipLine()
            var place = devices.find(name, in: text)
            let isLeftOut = !hasIO && DiskIOCollector.isStock(name, in: text)
            // Those that are known were asked for when they came.
            if place == nil, filter.isTrivial ? !isLeftOut : filter.shows(text.text(in: name), unless: isLeftOut) {
                place = DiskIOCollector.insert(text.bytes(in: name), &devices, &scrape.catalog)
            }
            if let place { DiskIOCollector.emit(numbers, count, devices[place], into: &scrape) }
        }
        devices.end()
    }

    private static func emit(
        _ numbers: InlineArray<17, UInt64>, _ count: Int, _ handles: [SeriesHandle], into scrape: inout Scrape
    ) {
        for index in columns.indices where columns[index].number < count {
            let number = Double(numbers[columns[index].number])
            switch columns[index].scale {
            case .count: scrape.emit(handles[index], number)
            case .sectors: scrape.emit(handles[index], number * 512)
            case .milliseconds: scrape.emit(handles[index], number / 1000)
            }
        }
    }

    private static let stockNames = ["ram", "loop", "nbd", "fd"].map { Array($0.utf8) }

    private static func isStock(_ name: Range<Int>, in text: borrowing ByteScanner) -> Bool {
        stockNames.contains { text.begins(name, with: $0) }
    }

    static func isStock(_ device: String) -> Bool { stockNames.contains { device.utf8.starts(with: $0) } }

    private static func insert(
        _ name: [UInt8], _ devices: inout RowTable<[SeriesHandle]>, _ catalog: inout SeriesCatalog
    ) -> Int {
        // A device whose name holds a slash is printed with "!" for it; psutil and udev show it so, too.
        let device = String(decoding: name, as: UTF8.self)
        return devices.insert(
            name,
            columns.map { column in
                catalog.handle(for: Labels(name: column.family.name, ["device": device]))
            })
    }
}
