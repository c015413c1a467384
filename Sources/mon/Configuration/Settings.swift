import Query
import Sampler
import TSDB

/// THE list of what can be set. The example file has each of them, which a test compares.
enum Settings {
    static let list: [Setting] = profile + store + sampler + server + limits + log + collectors + filters

    private static let profile = [
        Setting(
            "profile", .choice(Profile.allCases.map(\.rawValue)), default: Profile.standard.rawValue,
            "What counts unless told otherwise: tiny is 30s, 64MiB and a commit a minute, fine is 1s.")
    ]

    private static let store = [
        Setting(
            "store.path", .text, variables: ["MON_DATA"],
            "The store's folder; else /var/lib/mon where it is and may be used, else ~/.local/state/mon."),
        Setting(
            "store.commit_every", .whole(1...720), default: "1", "Scrapes that share a commit: more write less to disk."
        ),
        Setting(
            "store.max_size", .size(min: SizeArgument.storeBytesMin),
            "Bound of the store, beyond it the oldest data goes; else 1GiB, or a tenth of the disk where that is less."
        ),
        Setting(
            "store.max_series", .whole(1000...StoreLimits.daySeriesMax), default: "\(StoreLimits.daySeriesMax)",
            "Series that a day may name; those beyond are refused, counted, and told once."),
        Setting(
            "store.retention.raw", .age, "How long to keep samples; else as the store was told last, at first 30d."),
        Setting("store.retention.1m", .age, "How long to keep windows of a minute; at first 1y."),
        Setting("store.retention.1h", .age, "How long to keep windows of an hour; at first 5y."),
    ]

    private static let sampler = [
        Setting(
            "sampler.interval", .interval(1000...300_000), default: "5s", "Whole seconds between two scrapes."),
        Setting(
            "sampler.top_processes", .whole(1...100), default: "20",
            "Processes recorded as the largest by CPU, memory and I/O."),
        Setting(
            "sampler.process_command_line", .flag, default: "false",
            "Record the command lines of these processes, with *** for what looks like a secret."),
        Setting(
            "sampler.process_details", .flag, default: "false",
            "Record their open files and swapped memory, too: some 10 µs a process."),
        Setting(
            "sampler.textfile_folder", .text,
            "Where others put metrics of their own as *.prom files; else /etc/mon/textfile where it is."),
        Setting(
            "sampler.mount_timeout", .duration(10...60_000), default: "500ms",
            "How long a file system may take to answer before it is left alone."),
    ]

    private static let server = [
        Setting("server.listen", .address, "Where to serve, as 127.0.0.1:9100; else nowhere, unless a port is given."),
        Setting(
            "server.port", .whole(1...65535), variables: ["PROMETHEUS_PORT"],
            "Serve on this port of 127.0.0.1; short for server.listen. Of both the stronger counts."),
        Setting("server.allow_remote", .flag, default: "false", "Listen on addresses that other machines can reach."),
        Setting("server.names", .choice(NameForm.allCases.map(\.rawValue)), default: "native", "Names on /metrics."),
        Setting("query.timeout", .duration(1...86_400_000), default: "2m", "Queries end after this time."),
        Setting("query.cache", .size(min: 0), default: "8MiB", "Memory for answers of range queries; 0 for none."),
        Setting("query.log_slower_than", .durationOrNone, default: "1s", "Log queries that take longer; 0 for none."),
        Setting("query.experimental", .flag, default: "false", "Accept what Prometheus keeps behind feature flags."),
    ]

    private static let limits = [
        Setting(
            "limits.cpu_percent", .number(0.01...100_000), default: "2",
            "Percent of one core that the agent may use over the time between two checks."),
        Setting(
            "limits.memory", .size(min: 1 << 20), default: "50MiB",
            "Memory of its own that the agent may use; pages of the store's file do not count."),
        Setting(
            "limits.action", .choice(LimitMeasure.allCases.map(\.rawValue)), default: LimitMeasure.throttle.rawValue,
            "What to do where it uses more: log, throttle, disable_collectors or stop."),
        Setting(
            "limits.check_interval", .duration(1000...3_600_000), default: "1m", "How often that is checked."),
    ]

    private static let log = [
        Setting(
            "log.level", .level, default: "info", variables: ["LOG_LEVEL"],
            "What is logged: this and what is graver."),
        Setting(
            "log.format", .choice(["auto", "text", "json", "journald"]), default: "auto",
            "Lines of fields or of JSON, or entries of the journal; auto is what suits the reader."),
    ]

    /// Each collector, and each section, which stands for all of its collectors that are not set themselves.
    private static let collectors = collectorNames.flatMap { name in
        let variable = "COLLECTOR_" + name.uppercased()
        return [
            Setting(
                "collectors.\(name).enabled", .flag, variables: [variable + "_ENABLED"],
                "Whether it runs; else it does."),
            Setting(
                "collectors.\(name).interval", .interval(1000...3_600_000), variables: [variable + "_INTERVAL"],
                "Its own interval; else as many of sampler.interval as by default."),
        ]
    }

    /// What some collectors leave out. A name has to match as a whole.
    private static let filters = [
        Setting(
            "collectors.filesystem.exclude_mountpoints", .expression, "Mount points that are left out, as /mnt/.*"),
        Setting("collectors.filesystem.exclude_fstypes", .expression, "File system types that are left out, as nfs4?"),
        Setting("collectors.network.exclude_devices", .expression, "Network devices that are left out, as docker.*"),
        Setting(
            "collectors.network.include_devices", .expression,
            "The only network devices that are shown; else all but veth and Docker's bridges."),
        Setting("collectors.disk_io.exclude_devices", .expression, "Disks that are left out, as dm-[0-9]+"),
        Setting(
            "collectors.disk_io.include_devices", .expression,
            "The only disks that are shown; else all but ram, loop, nbd and floppy devices without I/O."),
        Setting(
            "collectors.services.exclude", .expression,
            "Services, containers and sessions that are left out, as user@[0-9]+[.]service"),
    ]

    /// Names of collectors, then those of sections that are none of a collector.
    static let collectorNames: [String] = {
        var names = CollectorRegistry.entries.map(\.name)
        for entry in CollectorRegistry.entries where !names.contains(entry.section) { names.append(entry.section) }
        return names
    }()

    static func named(_ name: String) -> Setting? { list.first { $0.name == name } }
}
