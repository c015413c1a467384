/// Where a host has its control groups, and which of them are services.
///
/// ```
/// version 2 (Documentation/admin-guide/cgroup-v2.rst)      version 1 (…/cgroup-v1), a tree a controller
/// /sys/fs/cgroup/cgroup.controllers                        /sys/fs/cgroup/memory/system.slice/ssh.service/…
/// /sys/fs/cgroup/system.slice/ssh.service/cpu.stat         /sys/fs/cgroup/cpu,cpuacct/system.slice/…
/// ```
/// A hybrid host has an empty version 2 tree at `unified` and its controllers in version 1.
struct ControlGroups: Hashable {
    enum Version: Hashable {
        case one, two
    }

    let root: String
    let version: Version

    /// Nil where the host has none.
    init?(sysfs: String) {
        root = "\(sysfs)/fs/cgroup"
        if Attributes(root).text("cgroup.controllers") != nil {
            version = .two
        } else if !DirectoryListing.names(in: "\(root)/memory").isEmpty
            || !DirectoryListing.names(in: "\(root)/cpuacct").isEmpty
        {
            version = .one
        } else {
            return nil
        }
    }

    /// The folder of a group under a controller. In version 1 `cpu` and `cpuacct` are links to one tree.
    func folder(_ group: String, controller: String) -> String {
        let path = group.isEmpty ? "" : "/\(group)"
        switch version {
        case .one: return "\(root)/\(controller)\(path)"
        case .two: return "\(root)\(path)"
        }
    }

    /// A service: the name that it is shown under, and its group.
    struct Service: Hashable {
        var name: String
        var group: String
    }

    /// More are not looked at: a guess, far above what a host runs, so that no tree can fill the store.
    static let serviceCountMax = 1000

    /// Services and scopes of the system and of machines, the slices of users, and containers that Docker made without
    /// systemd. Ascending by group. A service within a service belongs to that one.
    func services() -> [Service] {
        let tree = folder("", controller: version == .one ? "memory" : "")
        var found: [Service] = []
        for slice in DirectoryListing.names(in: tree) {
            if slice == "docker" {
                for id in DirectoryListing.names(in: "\(tree)/\(slice)") where id.utf8.count == 64 {
                    found.append(Service(name: "docker-\(id.prefix(12))", group: "docker/\(id)"))
                }
            } else if slice.hasSuffix(".slice") {
                addUnits(of: slice, tree, depth: 0, to: &found)
            } else if slice.hasSuffix(".service") || slice.hasSuffix(".scope") {
                // Within a container, and beside systemd's own `init.scope`.
                found.append(Service(name: ControlGroups.shownName(slice), group: slice))
            }
        }
        return Array(found.prefix(ControlGroups.serviceCountMax))
    }

    private func addUnits(of slice: String, _ tree: String, depth: Int, to found: inout [Service]) {
        for unit in DirectoryListing.names(in: "\(tree)/\(slice)") {
            let group = "\(slice)/\(unit)"
            if unit.hasSuffix(".service") || unit.hasSuffix(".scope")
                || (slice == "user.slice" && unit.hasSuffix(".slice"))
            {
                found.append(Service(name: ControlGroups.shownName(unit), group: group))
            } else if unit.hasSuffix(".slice"), depth < 4 {
                addUnits(of: group, tree, depth: depth + 1, to: &found)
            }
        }
    }

    /// Containers' scopes have 64 digits of identity; twelve are what people and Docker use.
    static func shownName(_ unit: String) -> String {
        guard unit.hasSuffix(".scope"), let dash = unit.lastIndex(of: "-") else { return unit }
        let id = unit[unit.index(after: dash)...].dropLast(6)
        guard id.utf8.count == 64, id.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            return unit
        }
        return "\(unit[..<dash])-\(id.prefix(12))"
    }
}
