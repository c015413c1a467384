import Glibc

/// What a benchmark reads off the process it runs in, and off the machine.
package enum Measure {
    /// CPU time of all threads of this process so far, in nanoseconds.
    package static func cpuNanoseconds() -> Int64 { nanoseconds(CLOCK_PROCESS_CPUTIME_ID) }

    /// Nanoseconds since 1970.
    package static func wallNanoseconds() -> Int64 { nanoseconds(CLOCK_REALTIME) }

    /// Bytes that this process has handed to `write()` and its kin (proc_pid_io(5), wchar). What LMDB writes is all of
    /// it here; `write_bytes` would count whole folios of the page cache instead.
    package static func writtenBytes() -> Int64 {
        let text = String(decoding: File.read("/proc/self/io") ?? [], as: UTF8.self)
        for line in text.split(separator: "\n") where line.hasPrefix("wchar: ") {
            return Int64(line.dropFirst(7)) ?? 0
        }
        return 0
    }

    /// `AMD EPYC, 2 cores, 2026-03-29`
    package static func machine() -> String {
        let text = String(decoding: File.read("/proc/cpuinfo") ?? [], as: UTF8.self)
        let model = text.split(separator: "\n").first { $0.hasPrefix("model name") }?.split(separator: ":").last
        let name = model.map { String($0.drop { $0 == " " }) } ?? "unknown processor"
        return "\(name), \(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores, \(today())"
    }

    private static func today() -> String {
        var now = time_t(wallNanoseconds() / 1_000_000_000)
        var parts = unsafe tm()
        // Both outlive the call.
        _ = unsafe gmtime_r(&now, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return unsafe "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
    }

    private static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        // The struct outlives the call.
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// Figures as lines of one aligned table: what, figure, unit, target, whether it is missed.
package struct FigureTable {
    private var rows: [[String]] = []

    package init() {}

    /// A figure with `digits` decimals; `atMost` is the target where there is one.
    package mutating func add(_ what: String, _ figure: Double, _ unit: String, digits: Int = 2, atMost: Double? = nil)
    {
        var row = [what, FigureTable.text(figure, digits: digits), unit, "", ""]
        if let atMost {
            row[3] = "<= " + FigureTable.text(atMost, digits: digits)
            row[4] = figure <= atMost ? "" : "MISSED"
        }
        rows.append(row)
    }

    /// Prints the table.
    package func show(title: String) {
        print(title)
        let widths = (0..<5).map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            var line = " "
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                line += " " + (column == 1 ? padding + cell : cell + padding)
            }
            while line.last == " " { line.removeLast() }
            print(line)
        }
        print("  \(Measure.machine())")
    }

    /// `value` with a fixed number of decimals.
    package static func text(_ value: Double, digits: Int) -> String {
        guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
        let power = pow(10, Double(digits))
        let whole = Int((value.magnitude * power).rounded())
        let sign = value < 0 && whole > 0 ? "-" : ""
        if digits == 0 { return "\(sign)\(whole)" }
        let fraction = String(whole % Int(power))
        return "\(sign)\(whole / Int(power))." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
