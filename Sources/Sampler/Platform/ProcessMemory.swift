import CLinux

/// The memory of this process itself.
package enum ProcessMemory {
    /// Gives what was freed back to the kernel. The allocator keeps it for later, and a seal frees megabytes that are
    /// not wanted again for two hours.
    package static func giveBack() {
        mon_trim_heap()
    }
}
