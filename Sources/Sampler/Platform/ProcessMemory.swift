import CLinux
import Glibc

/// The memory of this process itself.
package enum ProcessMemory {
    /// Gives what was freed back to the kernel. The allocator keeps it for later, and a seal frees megabytes that are
    /// not wanted again for two hours.
    /// So are the pages of code that only the start and a seal run: 5 of 14 MiB of an agent that has just started.
    package static func giveBack() {
        mon_trim_heap()
        mon_release_text()
    }

    /// Bytes of the process's own, RssAnon of proc_pid_status(5); nil where the kernel does not tell.
    package static func anonymousBytes() -> Int? {
        var file = KernelFile("/proc/self/statm", keepsOpen: false, endsAtShortRead: true, bytes: 256)
        guard (try? file.refreshIfPresent()) == true else { return nil }
        var text = file.scanner
        guard text.skipWords(1), let resident = text.number(), let shared = text.number() else { return nil }
        return Int(clamping: resident - min(shared, resident)) * sysconf(Int32(_SC_PAGESIZE))
    }

    /// The proportional set size (proc_pid_smaps_rollup(5)); nil where the kernel does not tell.
    package static func proportionalBytes() -> UInt64? {
        var file = KernelFile("/proc/self/smaps_rollup", keepsOpen: false, endsAtShortRead: true, bytes: 2048)
        guard (try? file.refreshIfPresent()) == true else { return nil }
        var numbers = KeyedNumbers(keys: ["Pss:"])
        numbers.read(file.scanner)
        return numbers[0]
    }

    /// Before threads begin: they share one heap. A page of /metrics every 15 s takes a mebibyte less so (*measured*).
    package static func useOneHeap() { mon_one_heap() }

    /// For a server of queries, before its threads begin: an answer of some megabytes is made of memory that is there,
    /// and not of a thousand pages that the kernel clears for it, nor once for each thread that ever made one
    /// (*measured*: a tenth of the time of an answer of 150,000 values, 17 of 53 MiB).
    package static func share() { mon_share_heap() }
}
