/// /proc/meminfo (proc_meminfo(5)) as numbers, and what psutil 7 derives from it.
struct MemoryFigures {
    /// The lines that are read, in the order in which the kernel prints them.
    enum Field: Int, CaseIterable {
        case total, free, available, buffers, cached, activeFile, inactiveFile, swapTotal, swapFree, dirty, writeback
        case shmem, slab, reclaimableSlab, hugePagesTotal, hugePagesFree, hugePageSize

        var key: String {
            switch self {
            case .total: "MemTotal:"
            case .free: "MemFree:"
            case .available: "MemAvailable:"
            case .buffers: "Buffers:"
            case .cached: "Cached:"
            case .activeFile: "Active(file):"
            case .inactiveFile: "Inactive(file):"
            case .swapTotal: "SwapTotal:"
            case .swapFree: "SwapFree:"
            case .dirty: "Dirty:"
            case .writeback: "Writeback:"
            case .shmem: "Shmem:"
            case .slab: "Slab:"
            case .reclaimableSlab: "SReclaimable:"
            case .hugePagesTotal: "HugePages_Total:"
            case .hugePagesFree: "HugePages_Free:"
            case .hugePageSize: "Hugepagesize:"
            }
        }
    }

    private var numbers = KeyedNumbers(keys: Field.allCases.map(\.key))

    /// Bytes, or a count where the line has no unit; nil where this kernel has no such line.
    subscript(field: Field) -> UInt64? { numbers[field.rawValue] }

    /// Replaces the values by those of a file. A line that has no number, or one beyond UInt64 bytes, counts as
    /// missing.
    mutating func read(_ text: consuming ByteScanner) { numbers.read(text) }
}

extension MemoryFigures {
    /// Memory that programs can get without swapping. As psutil: MemAvailable; on kernels before 3.14 and where it is 0
    /// (a bug of some), the kernel's own estimate remade; never more than the total, which containers with a wrong
    /// meminfo would show. Nil without MemTotal and MemFree.
    /// - Parameter lowWatermarkBytes: Sum over the zones of /proc/zoneinfo; nil where that cannot be read. Asked only
    ///   when needed.
    func available(lowWatermarkBytes: () -> UInt64?) -> UInt64? {
        guard let total = self[.total], let free = self[.free] else { return nil }
        var available = self[.available] ?? 0
        if available == 0 { available = estimate(free: free, lowWatermarkBytes: lowWatermarkBytes()) }
        return available > total ? free : available
    }

    private func estimate(free: UInt64, lowWatermarkBytes: UInt64?) -> UInt64 {
        guard let active = self[.activeFile], let inactive = self[.inactiveFile],
            let slab = self[.reclaimableSlab], let low = lowWatermarkBytes
        else { return free &+ (self[.cached] ?? 0) }
        // psutil's calculate_avail_vmem, after the kernel's commit 34e431b0ae39: the low watermark cannot be used, and
        // neither can half of the page cache or of the slab where those are small. In float64, which holds any real
        // machine's bytes exactly and cannot trap.
        var pageCache = Double(active) + Double(inactive)
        pageCache -= min(pageCache / 2, Double(low))
        let freed = Double(slab) - min(Double(slab) / 2, Double(low))
        let estimate = Double(free) - Double(low) + pageCache + freed
        return estimate <= 0 ? 0 : UInt64(exactly: estimate.rounded(.towardZero)) ?? free
    }

    /// Cached and reclaimable slab, as psutil and `free` count it.
    var cached: UInt64? { self[.cached].map { $0 &+ (self[.reclaimableSlab] ?? 0) } }

    /// A part of a whole in percent; 0 of 0 is 0.
    static func percent(_ part: UInt64, of whole: UInt64) -> Double {
        whole == 0 ? 0 : Double(part) / Double(whole) * 100
    }

    func hugePages(_ count: Field) -> UInt64? {
        guard let pages = self[count], let size = self[.hugePageSize] else { return nil }
        let (bytes, overflow) = pages.multipliedReportingOverflow(by: size)
        return overflow ? nil : bytes
    }
}
