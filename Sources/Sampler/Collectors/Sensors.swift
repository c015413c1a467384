import Glibc
import Model

/// Sensors of the machine (Documentation/hwmon/sysfs-interface.rst) and thermal zones with what cools them
/// (Documentation/driver-api/thermal/sysfs-api.rst).
///
/// A virtual machine has none of them. Which sensors there are is looked up each minute; values are read each time.
struct SensorsCollector: Collector {
    /// What a kind of sensor tells: files `kind<number>_<property>`.
    private struct Property {
        let kind: String
        let property: String
        let family: MetricFamily
        let scale: Double
    }

    private static let properties: [Property] =
        of(
            "temp", unit: "celsius", scale: 0.001, "Temperature",
            ["input", "min", "max", "max_hyst", "crit", "crit_hyst"])
        + of(
            "temp", unit: "celsius", scale: 0.001, "Temperature",
            ["lcrit", "emergency", "alarm", "crit_alarm", "max_alarm"])
        + of("fan", unit: "rpm", scale: 1, "Speed of the fan", ["input", "min", "max", "target"])
        + of("in", unit: "volts", scale: 0.001, "Voltage", ["input", "min", "max", "lcrit", "crit"])
        + of("curr", unit: "amps", scale: 0.001, "Current", ["input", "min", "max", "crit"])
        + of("power", unit: "watt", scale: 1e-6, "Power", ["input", "average", "cap", "max"])
        + of("humidity", unit: "", scale: 1e-3, "Humidity in percent", ["input"])
        + of("pwm", unit: "", scale: 1, "Setting of the fan, of 255", [""])
        + [
            Property(
                kind: "energy", property: "input",
                family: .counter("hwmon_energy_joules_total", unit: "joules", "Energy used."), scale: 1e-6)
        ]

    private static func of(
        _ kind: String, unit: String, scale: Double, _ what: String, _ properties: [String]
    ) -> [Property] {
        properties.map { property in
            let middle = property == "input" || property.isEmpty ? "" : "_\(property)"
            let name = "hwmon_\(kind)\(middle)" + (unit.isEmpty ? "" : "_\(unit)")
            let limit = middle.isEmpty ? "" : ": \(property)"
            return Property(
                kind: kind, property: property, family: .gauge(name, unit: unit, "\(what)\(limit)."), scale: scale)
        }
    }

    static let families: [MetricFamily] =
        properties.map(\.family) + [
            .gauge("hwmon_chip_info", "The chip's name; always 1."),
            .gauge("hwmon_sensor_info", "The sensor's label; always 1."),
            .gauge("thermal_zone_celsius", unit: "celsius", "Temperature of the zone."),
            .gauge("cooling_device_state", "How hard the device cools."),
            .gauge("cooling_device_state_max", "How hard the device can cool."),
        ]

    /// A value of a sensor.
    private struct Reading {
        let folder: Attributes
        let file: String
        var series: NamedSeries
        let scale: Double
    }

    private let sysfs: String
    private var readings: [Reading] = []
    /// What is known from the folders alone.
    private var facts: [NamedSeries] = []
    private var lookedUpAt: UInt64?
    private static let lookUpNanoseconds: UInt64 = 60_000_000_000

    init(_ surroundings: Surroundings) { sysfs = surroundings.host.sysfs }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) {
        let now = scrape.monotonicNanoseconds
        let isDue = lookedUpAt.map { now &- $0 >= SensorsCollector.lookUpNanoseconds } ?? true
        if isDue {
            readings.removeAll()
            facts.removeAll()
            lookUpChips()
            lookUpZones()
            lookedUpAt = now
        }
        for index in facts.indices { scrape.emit(&facts[index], 1.0) }
        for index in readings.indices {
            guard let number = readings[index].folder.number(readings[index].file) else { continue }
            scrape.emit(&readings[index].series, number * readings[index].scale)
        }
    }

    private mutating func lookUpChips() {
        let root = "\(sysfs)/class/hwmon"
        for name in DirectoryListing.names(in: root) {
            let folder = Attributes("\(root)/\(name)")
            let chip = SensorsCollector.chipName(folder, name)
            if let chipName = folder.text("name") {
                facts.append(
                    NamedSeries("hwmon_chip_info", ["chip": chip, "chip_name": Self.clean(chipName)]))
            }
            // Old drivers have their files in the device's folder.
            for place in [folder, Attributes("\(root)/\(name)/device")] { lookUpSensors(place, chip: chip) }
        }
    }

    private mutating func lookUpSensors(_ folder: Attributes, chip: String) {
        for file in DirectoryListing.names(in: folder.folder) {
            let kind = file.prefix { $0.isLetter }
            let rest = file.dropFirst(kind.count)
            let number = rest.prefix { $0.isNumber }
            let behind = rest.dropFirst(number.count)
            guard !number.isEmpty, behind.isEmpty || behind.first == "_" else { continue }
            let property = String(behind.dropFirst())
            let sensor = String(kind) + number
            if property == "label", let label = folder.text(file) {
                facts.append(
                    NamedSeries("hwmon_sensor_info", ["chip": chip, "sensor": sensor, "label": label]))
                continue
            }
            guard let known = Self.properties.first(where: { $0.kind == kind && $0.property == property }) else {
                continue
            }
            readings.append(
                Reading(
                    folder: folder, file: file,
                    series: NamedSeries(known.family.name, ["chip": chip, "sensor": sensor]), scale: known.scale))
        }
    }

    private mutating func lookUpZones() {
        let root = "\(sysfs)/class/thermal"
        for name in DirectoryListing.names(in: root) {
            let folder = Attributes("\(root)/\(name)")
            let type = folder.text("type") ?? ""
            if name.hasPrefix("thermal_zone") {
                let labels: KeyValuePairs = ["zone": String(name.dropFirst(12)), "type": type]
                add("thermal_zone_celsius", labels, folder, "temp", scale: 0.001)
            } else if name.hasPrefix("cooling_device") {
                let labels: KeyValuePairs = ["name": String(name.dropFirst(14)), "type": type]
                add("cooling_device_state", labels, folder, "cur_state", scale: 1)
                add("cooling_device_state_max", labels, folder, "max_state", scale: 1)
            }
        }
    }

    private mutating func add(
        _ name: String, _ labels: KeyValuePairs<String, String>, _ folder: Attributes, _ file: String, scale: Double
    ) {
        readings.append(Reading(folder: folder, file: file, series: NamedSeries(name, labels), scale: scale))
    }

    /// The last two parts of the path of the device behind the chip, else the chip's name, else its folder's: a name
    /// that stays over boots, which `hwmon3` does not.
    private static func chipName(_ folder: Attributes, _ name: String) -> String {
        if let path = SymbolicLink.target(of: "\(folder.folder)/device") {
            let parts = path.split(separator: "/")
            let device = clean(parts.last.map(String.init) ?? "")
            let type = clean(parts.dropLast().last.map(String.init) ?? "")
            if !device.isEmpty && !type.isEmpty { return "\(type)_\(device)" }
            if !device.isEmpty { return device }
        }
        return folder.text("name").map(clean) ?? name
    }

    /// Lower case, with `_` for what a metric's name cannot hold.
    private static func clean(_ text: String) -> String {
        let bytes = text.lowercased().utf8.map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ":"): byte
            default: UInt8(ascii: "_")
            }
        }
        let mark = UInt8(ascii: "_")
        let start = bytes.firstIndex { $0 != mark } ?? bytes.endIndex
        let end = bytes.lastIndex { $0 != mark }.map { $0 + 1 } ?? start
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }
}
