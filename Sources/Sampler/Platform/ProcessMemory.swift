import CLinux

/// The memory of this process itself.
package enum ProcessMemory {
    /// Gives what was freed back to the kernel. The allocator keeps it for later, and a seal frees megabytes that are
    /// not wanted again for two hours.
    /// So are the pages of code that only the start and a seal run: 5 of 14 MiB of an agent that has just started.
    package static func giveBack() {
        mon_trim_heap()
        mon_release_text()
    }

    /// Before threads begin: they share one heap. A page of /metrics every 15 s takes a mebibyte less so (*measured*).
    package static func useOneHeap() { mon_one_heap() }

    /// For a server of queries, before its threads begin: an answer of some megabytes is made of memory that is there,
    /// and not of a thousand pages that the kernel clears for it, nor once for each thread that ever made one
    /// (*measured*: a tenth of the time of an answer of 150,000 values, 17 of 53 MiB).
    package static func share() { mon_share_heap() }
}
