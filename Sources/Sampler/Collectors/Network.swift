import Model

/// Traffic of network devices (/proc/net/dev).
///
/// Left out are the host's ends of container links, `veth*`, and Docker's own bridges, `br-` and twelve hexadecimal
/// digits: they come and go with containers and count traffic that other devices count, too.
struct NetworkCollector: Collector {
    /// The metrics, and the place of each one's number in a line behind the device's name.
    private static let columns: [(family: MetricFamily, number: Int)] = [
        (.counter("network_receive_bytes_total", unit: "bytes", "Data received by the device."), 0),
        (.counter("network_transmit_bytes_total", unit: "bytes", "Data sent by the device."), 8),
        (.counter("network_receive_packets_total", "Packets received by the device."), 1),
        (.counter("network_transmit_packets_total", "Packets sent by the device."), 9),
        (.counter("network_receive_errors_total", "Packets received in bad condition."), 2),
        (.counter("network_transmit_errors_total", "Packets that the device failed to send."), 10),
        (.counter("network_receive_drops_total", "Received packets that were dropped, for want of room mostly."), 3),
        (.counter("network_transmit_drops_total", "Packets to be sent that were dropped."), 11),
        (.counter("network_receive_fifo_total", "Times that the device's receive queue ran over."), 4),
        (.counter("network_receive_frame_total", "Packets received with a broken frame."), 5),
        (.counter("network_receive_compressed_total", "Compressed packets received."), 6),
        (.counter("network_receive_multicast_total", "Packets received that were sent to many."), 7),
        (.counter("network_transmit_fifo_total", "Times that the device's send queue ran over."), 12),
        (.counter("network_transmit_collisions_total", "Collisions while sending."), 13),
        (.counter("network_transmit_carrier_total", "Times that the carrier was lost while sending."), 14),
        (.counter("network_transmit_compressed_total", "Compressed packets sent."), 15),
    ]
    private static let numberCount = 16

    private static let unwanted = MetricFamily.counter(
        "network_receive_nohandler_total", "Packets received that nobody wanted.")

    static let families = columns.map(\.family) + [unwanted]

    private struct Device {
        let handles: [SeriesHandle]
        /// The one number that the table lacks.
        var unwanted: KernelFile
        let unwantedHandle: SeriesHandle
    }

    private let host: HostRoot
    private var file: KernelFile
    private var devices = RowTable<Device>()
    private let filter: CompiledNameFilter

    static func copyOptions(of all: SamplerOptions, to own: inout SamplerOptions) {
        own.networkDevices = all.networkDevices
    }

    init(_ surroundings: Surroundings) {
        host = surroundings.host
        file = KernelFile("\(host.procfs)/net/dev", keepsOpen: host.isLive, lineBytesMax: 512)
        filter = CompiledNameFilter(surroundings.options.networkDevices)
    }

    mutating func renew(_ renewal: inout CatalogRenewal) { devices = RowTable() }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        guard try file.refreshIfPresent() else { return }
        var text = file.scanner
        var numbers = InlineArray<16, UInt64>(repeating: 0)
        devices.begin()
        // Two lines of headings.
        text.skipLine()
        text.skipLine()
        while !text.isAtEnd {
            let begin = text.offset
            let line = text.line()
            let behind = text.offset
            // Old kernels put no blank between the colon and a long number. Names hold no blank; the last colon is the
            // one behind the name even where an alias holds another.
            guard let colon = text.lastPlace(of: UInt8(ascii: ":"), in: line) else {
                throw .malformed(file.path, "no device name at byte \(begin)")
            }
            text.move(to: begin)
            text.skipBlanks()
            let name = min(text.offset, colon)..<colon
            text.move(to: colon + 1)
            for index in 0..<NetworkCollector.numberCount {
                guard let number = text.number() else {
                    throw .malformed(file.path, "fewer than 16 numbers at byte \(text.offset)")
                }
                numbers[index] = number
            }
            text.move(to: behind)
            let isIgnored = NetworkCollector.isIgnored(name, in: text)
            if filter.isTrivial ? isIgnored : !filter.shows(text.text(in: name), unless: isIgnored) { continue }
            let place =
                devices.find(name, in: text)
                ?? devices.insert(
                    text.bytes(in: name), NetworkCollector.device(text.text(in: name), host, &scrape.catalog))
            let handles = devices[place].handles
            for index in NetworkCollector.columns.indices {
                scrape.emit(handles[index], Double(numbers[NetworkCollector.columns[index].number]))
            }
            if try devices[place].unwanted.refreshIfPresent() {
                var value = devices[place].unwanted.scanner
                if let number = value.number() { scrape.emit(devices[place].unwantedHandle, Double(number)) }
            }
        }
        devices.end()
    }

    private static let containerLink = Array("veth".utf8)
    private static let dockerBridge = Array("br-".utf8)

    static func isIgnored(_ name: Range<Int>, in text: borrowing ByteScanner) -> Bool {
        if text.begins(name, with: containerLink) { return true }
        guard name.count == 15, text.begins(name, with: dockerBridge) else { return false }
        return text.bytes(in: name).dropFirst(3).allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    static func isIgnored(_ device: String) -> Bool {
        let name = Array(device.utf8)
        return isIgnored(0..<name.count, in: ByteScanner(name.span))
    }

    private static func device(_ name: String, _ host: HostRoot, _ catalog: inout SeriesCatalog) -> Device {
        func handle(_ family: MetricFamily) -> SeriesHandle {
            catalog.handle(for: Labels(name: family.name, ["device": name]))
        }
        // The kernel allows no slash in the name of a device.
        let path = "\(host.sysfs)/class/net/\(name)/statistics/rx_nohandler"
        return Device(
            handles: columns.map { handle($0.family) },
            unwanted: KernelFile(path, keepsOpen: host.isLive, endsAtShortRead: true, bytes: 64),
            unwantedHandle: handle(unwanted))
    }
}
