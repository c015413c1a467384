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
}
