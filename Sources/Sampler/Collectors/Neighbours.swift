import Model

/// How many neighbours each network device knows (/proc/net/arp; arp(7)).
struct NeighboursCollector: Collector {
    static let families: [MetricFamily] = [
        .gauge("network_arp_entries", "Neighbours of the device in the ARP table.")
    ]

    private var file: KernelFile
    private var devices = RowTable<SeriesHandle>()

    init(_ surroundings: Surroundings) {
        file = KernelFile("\(surroundings.host.procfs)/net/arp", keepsOpen: false)
    }

    mutating func renew(_ renewal: inout CatalogRenewal) { devices = RowTable() }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        guard try file.refreshIfPresent() else { return }
        var text = file.scanner
        var counts: [(place: Int, count: Double)] = []
        devices.begin()
        text.skipLine()
        while !text.isAtEnd {
            // Address, type, flags, hardware address, mask, device.
            if text.skipWords(5), let name = text.word() {
                let place =
                    devices.find(name, in: text)
                    ?? NeighboursCollector.insert(text.bytes(in: name), &devices, &scrape.catalog)
                if let index = counts.firstIndex(where: { $0.place == place }) {
                    counts[index].count += 1
                } else {
                    counts.append((place, 1))
                }
            }
            text.skipLine()
        }
        for (place, count) in counts { scrape.emit(devices[place], count) }
        devices.end()
    }

    private static func insert(
        _ name: [UInt8], _ devices: inout RowTable<SeriesHandle>, _ catalog: inout SeriesCatalog
    ) -> Int {
        let labels = Labels(name: "network_arp_entries", ["device": String(decoding: name, as: UTF8.self)])
        return devices.insert(name, catalog.handle(for: labels))
    }
}
