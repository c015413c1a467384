import Model

/// What the host's disks, power supplies and memory controllers are and how they fare, read each minute: facts of block
/// devices (udev's database), NVMe controllers, power supplies, memory errors (EDAC) and software RAID (/proc/mdstat).
struct HardwareCollector: Collector {
    static let families: [MetricFamily] = [
        .gauge("disk_info", "Model and serial number of the block device; always 1."),
        .gauge("nvme_info", "Model and firmware of the NVMe controller; always 1."),
        .gauge("power_supply_online", "Whether the supply gives power: 1 or 0."),
        .gauge("power_supply_capacity_percent", unit: "percent", "Charge of the battery."),
        .counter("edac_correctable_errors_total", "Memory errors that were corrected."),
        .counter("edac_uncorrectable_errors_total", "Memory errors that could not be corrected."),
        .gauge("raid_disks_required", "Disks that the array is made of."),
        .gauge("raid_disks", "Disks of the array by state: active, failed, spare."),
        .gauge("raid_blocks", "Blocks of 1 KiB that the array has."),
        .gauge("raid_blocks_synced", "Blocks of 1 KiB that are in sync."),
        .gauge("raid_state", "The array's state: 1 for the one that it is in."),
    ]

    private let host: HostRoot

    init(_ surroundings: Surroundings) { host = surroundings.host }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        emitDisks(into: &scrape)
        emitControllers(into: &scrape)
        emitSupplies(into: &scrape)
        emitMemoryErrors(into: &scrape)
        try emitArrays(into: &scrape)
    }

    /// The devices that ``DiskIOCollector`` shows, partitions left out.
    private func emitDisks(into scrape: inout Scrape) {
        for device in DirectoryListing.names(in: "\(host.sysfs)/block") where !DiskIOCollector.isStock(device) {
            guard let number = Attributes("\(host.sysfs)/block/\(device)").text("dev") else { continue }
            let parts = number.split(separator: ":").map(String.init)
            guard parts.count == 2 else { continue }
            let known = DeviceFacts.read("\(host.rootfs)/run/udev/data/b\(number)")
            scrape.emit(
                "disk_info",
                [
                    "device": device, "major": parts[0], "minor": parts[1], "model": known["ID_MODEL"] ?? "",
                    "path": known["ID_PATH"] ?? "", "revision": known["ID_REVISION"] ?? "",
                    "serial": known["SCSI_IDENT_SERIAL"] ?? known["ID_SERIAL_SHORT"] ?? "",
                    "wwn": known["ID_WWN"] ?? "",
                ], 1)
        }
    }

    private func emitControllers(into scrape: inout Scrape) {
        let root = "\(host.sysfs)/class/nvme"
        for device in DirectoryListing.names(in: root) {
            let folder = Attributes("\(root)/\(device)").opened()
            scrape.emit(
                "nvme_info",
                [
                    "device": device, "model": folder.text("model") ?? "", "serial": folder.text("serial") ?? "",
                    "firmware_revision": folder.text("firmware_rev") ?? "", "state": folder.text("state") ?? "",
                ], 1)
        }
    }

    private func emitSupplies(into scrape: inout Scrape) {
        let root = "\(host.sysfs)/class/power_supply"
        for supply in DirectoryListing.names(in: root) {
            let folder = Attributes("\(root)/\(supply)").opened()
            scrape.emit("power_supply_online", ["power_supply": supply], folder.number("online"))
            scrape.emit("power_supply_capacity_percent", ["power_supply": supply], folder.number("capacity"))
        }
    }

    private func emitMemoryErrors(into scrape: inout Scrape) {
        let root = "\(host.sysfs)/devices/system/edac/mc"
        for name in DirectoryListing.names(in: root) where name.hasPrefix("mc") {
            let folder = Attributes("\(root)/\(name)").opened()
            let labels: KeyValuePairs = ["controller": String(name.dropFirst(2))]
            scrape.emit("edac_correctable_errors_total", labels, folder.number("ce_count"))
            scrape.emit("edac_uncorrectable_errors_total", labels, folder.number("ue_count"))
        }
    }

    private func emitArrays(into scrape: inout Scrape) throws(CollectorError) {
        var file = KernelFile("\(host.procfs)/mdstat", keepsOpen: false)
        guard try file.refreshIfPresent() else { return }
        for array in RAIDArray.parse(file.scanner) {
            let labels: KeyValuePairs = ["device": array.name]
            scrape.emit("raid_disks_required", labels, Double(array.required))
            scrape.emit("raid_disks", ["device": array.name, "state": "active"], Double(array.active))
            scrape.emit("raid_disks", ["device": array.name, "state": "failed"], Double(array.failed))
            scrape.emit("raid_disks", ["device": array.name, "state": "spare"], Double(array.spare))
            scrape.emit("raid_blocks", labels, Double(array.blocks))
            scrape.emit("raid_blocks_synced", labels, Double(array.blocksSynced))
            for state in RAIDArray.State.allCases {
                scrape.emit(
                    "raid_state", ["device": array.name, "state": state.rawValue], state == array.state ? 1 : 0)
            }
        }
    }
}

/// What udev knows of a device: lines `E:KEY=value` of a file in /run/udev/data.
enum DeviceFacts {
    static func read(_ path: String) -> [String: String] {
        var facts: [String: String] = [:]
        try? LineReader.forEachLine(ofFileAt: path) { line in
            guard line.skip("E:") else { return }
            let text = line.text(in: line.line())
            if let mark = text.firstIndex(of: "=") {
                facts[String(text[..<mark])] = String(text[text.index(after: mark)...])
            }
        }
        return facts
    }
}
