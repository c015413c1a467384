import Model

/// State and settings of network devices (Documentation/ABI/testing/sysfs-class-net), read each minute.
struct NetworkDevicesCollector: Collector {
    /// A metric that is one file of a device's folder.
    private struct Column {
        let file: String
        let family: MetricFamily
        let scale: Double

        init(_ file: String, _ name: String, unit: String = "", scale: Double = 1, _ help: String) {
            self.file = file
            self.scale = scale
            family = .column(name, unit: unit, help)
        }
    }

    private static let columns = [
        Column("carrier", "network_carrier", "Whether the device has a carrier: 1 or 0; absent while it is down."),
        Column("carrier_changes", "network_carrier_changes_total", "Times that the carrier came or went."),
        Column("carrier_up_count", "network_carrier_up_changes_total", "Times that the carrier came."),
        Column("carrier_down_count", "network_carrier_down_changes_total", "Times that the carrier went."),
        Column("mtu", "network_mtu_bytes", unit: "bytes", "Largest packet that the device takes."),
        // Told in Mbit/s; -1 where the driver does not know.
        Column(
            "speed", "network_speed_bytes", unit: "bytes", scale: 125_000,
            "Data a second that the device can carry; negative where it does not know."),
        Column("tx_queue_len", "network_transmit_queue_length", "Packets that the send queue can hold."),
        Column("flags", "network_flags", "The device's flags (netdevice(7))."),
        Column("dormant", "network_dormant", "Whether the device waits for something outside, as a login: 1 or 0."),
        Column(
            "addr_assign_type", "network_address_assign_type", "Where the address comes from: 0 the device, 1 random."),
        Column(
            "name_assign_type", "network_name_assign_type", "Who named the device: 1 kernel, 3 user space, 4 renamed."),
        Column("dev_id", "network_device_id", "Tells devices apart that share an address."),
        Column("ifindex", "network_iface_id", "The kernel's number of the device."),
        Column("iflink", "network_iface_link", "Number of the device that this one rests on; its own where none."),
        Column("link_mode", "network_iface_link_mode", "How the link begins: 0 at once, 1 dormant."),
        Column("netdev_group", "network_net_dev_group", "The group that the device is in."),
        Column("type", "network_protocol_type", "Kind of hardware (if_arp.h): 1 Ethernet, 772 loopback."),
    ]

    static let families =
        columns.map(\.family) + [
            .gauge("network_up", "Whether the device is up and carries: 1 or 0."),
            .gauge("network_info", "Addresses and state of the device; always 1."),
            .gauge("network_bonding_slaves", "Devices that the bond joins."),
            .gauge("network_bonding_active", "Devices of the bond whose link is up."),
        ]

    private let folder: String
    private let filter: CompiledNameFilter

    static func copyOptions(of all: SamplerOptions, to own: inout SamplerOptions) {
        own.networkDevices = all.networkDevices
    }

    init(_ surroundings: Surroundings) {
        folder = "\(surroundings.host.sysfs)/class/net"
        filter = CompiledNameFilter(surroundings.options.networkDevices)
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        for device in DirectoryListing.names(in: folder) {
            // bonding_masters is a file among the devices.
            if device == "bonding_masters" {
                emitBonds(into: &scrape)
                continue
            }
            guard filter.shows(device, unless: NetworkCollector.isIgnored(device)) else { continue }
            emit(device, into: &scrape)
        }
    }

    private func emit(_ device: String, into scrape: inout Scrape) {
        let attributes = Attributes("\(folder)/\(device)").opened()
        for column in NetworkDevicesCollector.columns {
            guard let number = attributes.number(column.file) else { continue }
            scrape.emit(column.family.name, ["device": device], number * column.scale)
        }
        let state = attributes.text("operstate") ?? ""
        scrape.emit("network_up", ["device": device], state == "up" ? 1 : 0)
        scrape.emit(
            "network_info",
            [
                "device": device, "address": attributes.text("address") ?? "",
                "broadcast": attributes.text("broadcast") ?? "", "duplex": attributes.text("duplex") ?? "",
                "ifalias": attributes.text("ifalias") ?? "", "operstate": state,
            ], 1)
    }

    /// Documentation/networking/bonding.rst: the masters in one file, the slaves of each in another.
    private func emitBonds(into scrape: inout Scrape) {
        for master in words(Attributes(folder).text("bonding_masters")) {
            let attributes = Attributes("\(folder)/\(master)")
            let slaves = words(attributes.text("bonding/slaves"))
            let active = slaves.filter { attributes.text("lower_\($0)/bonding_slave/mii_status") == "up" }
            scrape.emit("network_bonding_slaves", ["master": master], Double(slaves.count))
            scrape.emit("network_bonding_active", ["master": master], Double(active.count))
        }
    }

    private func words(_ text: String?) -> [String] { (text ?? "").split(separator: " ").map(String.init) }
}
