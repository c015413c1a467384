/// One line of /proc/pid/mountinfo (proc_pid_mountinfo(5)):
/// ```
/// 36 35 98:0 /root /mount/point rw,noatime master:1 - ext4 /dev/sda1 rw,errors=continue
/// id parent device root  point   options  optional… -  type source   super options
/// ```
struct Mount: Hashable {
    /// Major and minor number, `98:0`; the same for all mounts of one file system.
    var deviceNumber: String
    /// What of the file system is mounted; `/` but for bind mounts and subvolumes.
    var root: [UInt8]
    var mountPoint: [UInt8]
    var type: String
    var source: String
}

/// The mounts whose fill level says something of the host.
enum MountTable {
    /// File system types without storage of their own, after psutil's choice (types that the kernel marks `nodev` and
    /// that are no network or user-space file system) but for tmpfs, which can be full as a disk can. Overlays are the
    /// container layers of a file system that is listed anyway; a container's own `/` is kept.
    private static let pseudoTypes: Set<String> = [
        "autofs", "bdev", "binder", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "cpuset", "debugfs",
        "devfs", "devpts", "devtmpfs", "efivarfs", "fuse.gvfsd-fuse", "fuse.lxcfs", "fuse.portal", "fusectl",
        "hugetlbfs", "ipathfs", "mqueue", "nsfs", "pipefs", "proc", "pstore", "ramfs", "resctrl", "rootfs",
        "rpc_pipefs", "securityfs", "selinuxfs", "sockfs", "spufs", "sysfs", "tracefs", "usbfs", "xenfs",
    ]
    /// Images that are full by nature, snaps and discs: an alert on 100 % would never end.
    private static let imageTypes: Set<String> = ["cramfs", "erofs", "iso9660", "romfs", "squashfs", "udf"]

    /// Memory file systems below these are the system's own and small, or a container's.
    private static let systemFolders = [
        "/dev", "/proc", "/sys", "/run/credentials", "/var/lib/docker", "/var/lib/containers/storage",
    ].map { Array($0.utf8) }

    /// Every mount of a mountinfo file, in its order. Lines that are cut short are left out.
    static func parse(_ text: consuming ByteScanner) -> [Mount] {
        var mounts: [Mount] = []
        while !text.isAtEnd {
            if let mount = parseLine(&text) { mounts.append(mount) }
            text.skipLine()
        }
        return mounts
    }

    private static func parseLine(_ text: inout ByteScanner) -> Mount? {
        guard text.skipWords(2), let number = text.word(), let root = text.word(), let point = text.word(),
            text.skipWords(1)
        else { return nil }
        // Any number of optional fields, then a hyphen.
        while let field = text.word() {
            guard text.isEqual(field, [UInt8(ascii: "-")]) else { continue }
            guard let type = text.word(), let source = text.word() else { return nil }
            return Mount(
                deviceNumber: text.text(in: number), root: unescaped(text.bytes(in: root)),
                mountPoint: unescaped(text.bytes(in: point)), type: text.text(in: type),
                source: String(decoding: unescaped(text.bytes(in: source)), as: UTF8.self))
        }
        return nil
    }

    /// The kernel writes blank, tab, newline and backslash as a backslash and three octal digits.
    static func unescaped(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(UInt8(ascii: "\\")) else { return bytes }
        var plain: [UInt8] = []
        var at = 0
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "\\"), at + 3 < bytes.count,
                bytes[at + 1...at + 3].allSatisfy({ (48...55).contains($0) })
            {
                let value = bytes[at + 1...at + 3].reduce(0) { $0 << 3 | Int($1 - 48) }
                plain.append(UInt8(truncatingIfNeeded: value))
                at += 4
            } else {
                plain.append(bytes[at])
                at += 1
            }
        }
        return plain
    }

    /// The mounts to show: with storage, visible (of several on one mount point only the last), and each file system
    /// once, at its own root rather than at a bind mount, else at the shorter mount point, else at the first.
    /// - Parameter isWanted: Who is unwanted leaves its file system to another mount of it, such as a bind mount.
    static func chosen(from mounts: [Mount], where isWanted: (Mount) -> Bool = { _ in true }) -> [Mount] {
        var visible: [[UInt8]: Int] = [:]
        for (index, mount) in mounts.enumerated() { visible[mount.mountPoint] = index }
        var byDevice: [String: Mount] = [:]
        var order: [String] = []
        for (index, mount) in mounts.enumerated() where visible[mount.mountPoint] == index && isShown(mount) {
            guard isWanted(mount) else { continue }
            if let other = byDevice[mount.deviceNumber] {
                if isBetter(mount, than: other) { byDevice[mount.deviceNumber] = mount }
            } else {
                byDevice[mount.deviceNumber] = mount
                order.append(mount.deviceNumber)
            }
        }
        return order.compactMap { byDevice[$0] }
    }

    /// File systems whose statfs the kernel answers from memory, whatever their disk does.
    private static let localTypes: Set<String> = ["exfat", "ext2", "ext3", "ext4", "f2fs", "tmpfs", "vfat", "xfs"]
    /// Pseudo types that a program or another machine stands behind.
    private static let remotePseudoTypes: Set<String> = ["autofs", "fuse.gvfsd-fuse", "fuse.lxcfs", "fuse.portal"]

    /// Whether statvfs on the mount point may wait for a program or another machine: because of its own type, or of a
    /// mount that the path leads through.
    static func mayBlock(_ mount: Mount, among mounts: [Mount]) -> Bool {
        if !localTypes.contains(mount.type) { return true }
        return mounts.contains { other in
            let isLocal =
                localTypes.contains(other.type) || imageTypes.contains(other.type)
                || (pseudoTypes.contains(other.type) && !remotePseudoTypes.contains(other.type))
            return !isLocal && mount.mountPoint.starts(with: other.mountPoint)
        }
    }

    private static func isShown(_ mount: Mount) -> Bool {
        if pseudoTypes.contains(mount.type) || imageTypes.contains(mount.type) { return false }
        if mount.type == "tmpfs" {
            return !systemFolders.contains { folder in
                let point = mount.mountPoint
                return point.starts(with: folder) && (point.count == folder.count || point[folder.count] == 47)
            }
        }
        return mount.type != "overlay" || mount.mountPoint == [UInt8(ascii: "/")]
    }

    private static func isBetter(_ mount: Mount, than other: Mount) -> Bool {
        let slash = [UInt8(ascii: "/")]
        if (mount.root == slash) != (other.root == slash) { return mount.root == slash }
        return mount.mountPoint.count < other.mountPoint.count
    }
}
