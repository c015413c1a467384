import Model

/// What the host is: kernel, distribution, firmware, security module. Every value is a fact in labels.
struct HostInfoCollector: Collector {
    static let families: [MetricFamily] = [
        .gauge("host_info", "Kernel and names of the host (uname(2)); always 1."),
        .gauge("os_info", "The distribution (os-release(5)); always 1."),
        .gauge("os_version", "The distribution's version as a number, major and minor."),
        .gauge("dmi_info", "Maker, model and firmware of the machine (DMI); always 1."),
        .gauge("selinux_enabled", "Whether SELinux is on: 1 or 0."),
        .gauge("uptime_seconds", unit: "seconds", "Time since the kernel started, sleep included."),
    ]

    /// Files of /sys/class/dmi/id that are labels of that name.
    private static let firmwareFiles = [
        "bios_date", "bios_release", "bios_vendor", "bios_version", "board_asset_tag", "board_name", "board_serial",
        "board_vendor", "board_version", "chassis_asset_tag", "chassis_serial", "chassis_vendor", "chassis_version",
        "product_family", "product_name", "product_serial", "product_sku", "product_uuid", "product_version",
    ]
    private static let releaseKeys = [
        "BUILD_ID", "ID", "ID_LIKE", "IMAGE_ID", "IMAGE_VERSION", "NAME", "PRETTY_NAME", "VARIANT", "VARIANT_ID",
        "VERSION", "VERSION_CODENAME", "VERSION_ID",
    ]

    private let host: HostRoot
    private let machine: String
    /// What the firmware tells, read once: it stays until the machine starts anew.
    private var firmware: Labels?

    init(_ surroundings: Surroundings) {
        host = surroundings.host
        machine = surroundings.calls.machine
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        emitKernel(into: &scrape)
        emitRelease(into: &scrape)
        emitFirmware(into: &scrape)
        scrape.emit("selinux_enabled", isPresent("\(host.sysfs)/fs/selinux/enforce") ? 1 : 0)
        var uptime = KernelFile("\(host.procfs)/uptime", keepsOpen: false, endsAtShortRead: true, bytes: 128)
        if try uptime.refreshIfPresent() {
            var text = uptime.scanner
            scrape.emit("uptime_seconds", text.decimal())
        }
    }

    private func isPresent(_ path: String) -> Bool {
        var file = KernelFile(path, keepsOpen: false, bytes: 64)
        return (try? file.refresh()) != nil
    }

    private func emitKernel(into scrape: inout Scrape) {
        let kernel = Attributes("\(host.procfs)/sys/kernel").opened()
        guard let release = kernel.text("osrelease") else { return }
        scrape.emit(
            "host_info",
            [
                "sysname": kernel.text("ostype") ?? "Linux", "release": release,
                "version": kernel.text("version") ?? "", "machine": kernel.text("arch") ?? machine,
                "nodename": kernel.text("hostname") ?? "", "domainname": kernel.text("domainname") ?? "",
            ], 1)
    }

    private func emitRelease(into scrape: inout Scrape) {
        guard let values = OSRelease.read(below: host.rootfs) else { return }
        var labels: [Label] = []
        for key in HostInfoCollector.releaseKeys {
            if let value = values[key], !value.isEmpty { labels.append(Label(key.lowercased(), value)) }
        }
        scrape.emit(Labels([Label("__name__", "os_info")] + labels), 1)
        guard let number = OSRelease.number(values["VERSION_ID"] ?? "") else { return }
        scrape.emit(
            "os_version",
            ["id": values["ID"] ?? "", "id_like": values["ID_LIKE"] ?? "", "name": values["NAME"] ?? ""], number)
    }

    private mutating func emitFirmware(into scrape: inout Scrape) {
        if firmware == nil || !host.isLive { firmware = readFirmware() }
        if let firmware, firmware != .empty { scrape.emit(firmware, 1) }
    }

    private func readFirmware() -> Labels {
        let firmware = Attributes("\(host.sysfs)/class/dmi/id").opened()
        var labels: [Label] = []
        for name in HostInfoCollector.firmwareFiles {
            if let value = firmware.text(name) { labels.append(Label(name, value)) }
        }
        if let vendor = firmware.text("sys_vendor") { labels.append(Label("system_vendor", vendor)) }
        return labels.isEmpty ? .empty : Labels([Label("__name__", "dmi_info")] + labels)
    }
}

/// os-release(5): lines of `KEY=value` or `KEY="value"`.
enum OSRelease {
    /// The values by key; nil where there is no such file.
    static func read(below root: String) -> [String: String]? {
        for path in ["\(root)/etc/os-release", "\(root)/usr/lib/os-release"] {
            var values: [String: String] = [:]
            do throws(CollectorError) {
                try LineReader.forEachLine(ofFileAt: path) { line in
                    let text = line.text(in: line.line())
                    guard let mark = text.firstIndex(of: "="), !text.hasPrefix("#") else { return }
                    values[String(text[..<mark])] = unquoted(text[text.index(after: mark)...])
                }
            } catch {
                continue
            }
            return values
        }
        return nil
    }

    /// The value as a shell reads it: quotes around it are taken off, and within double quotes a backslash makes the
    /// next character plain.
    private static func unquoted(_ text: Substring) -> String {
        guard let quote = text.first, quote == "\"" || quote == "'", text.count >= 2, text.last == quote else {
            return String(text)
        }
        let inner = text.dropFirst().dropLast()
        if quote == "'" { return String(inner) }
        var value = ""
        var isEscaped = false
        for character in inner {
            if character == "\\" && !isEscaped {
                isEscaped = true
            } else {
                value.append(character)
                isEscaped = false
            }
        }
        return value
    }

    /// `12` and `22.04` of `22.04.3`; nil where the version does not begin with a number.
    static func number(_ version: String) -> Double? {
        let parts = version.split(separator: ".", omittingEmptySubsequences: false).prefix(2)
        guard parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }) else { return nil }
        return Double(parts.joined(separator: "."))
    }
}
