import Model

/// The lines of proc_meminfo(5) that ``MemoryCollector`` does not tell. They are for a second look, and each minute is
/// enough: some fifty series that nearly all move with every read.
struct MemoryDetailCollector: Collector {
    private static func bytes(_ key: String, _ name: String, _ help: String) -> NumberFigure {
        NumberFigure(key, .gauge(name, unit: "bytes", help))
    }

    private static let figures = [
        bytes("SwapCached:", "swap_cached_bytes", "Swapped memory that is in memory as well."),
        bytes("Active:", "memory_active_bytes", "Memory used of late."),
        bytes("Inactive:", "memory_inactive_bytes", "Memory not used of late."),
        bytes("Active(anon):", "memory_active_anon_bytes", "Memory without a file used of late."),
        bytes("Inactive(anon):", "memory_inactive_anon_bytes", "Memory without a file not used of late."),
        bytes("Active(file):", "memory_active_file_bytes", "Page cache used of late."),
        bytes("Inactive(file):", "memory_inactive_file_bytes", "Page cache not used of late."),
        bytes("Unevictable:", "memory_unevictable_bytes", "Memory that cannot be given up."),
        bytes("Mlocked:", "memory_locked_bytes", "Memory that programs locked."),
        bytes("Zswap:", "memory_zswap_bytes", "Memory that compressed swap takes."),
        bytes("Zswapped:", "memory_zswapped_bytes", "Memory that lies in compressed swap, before compression."),
        bytes("AnonPages:", "memory_anon_bytes", "Memory without a file that is mapped."),
        bytes("Mapped:", "memory_mapped_bytes", "Files that are mapped."),
        bytes("KReclaimable:", "memory_kernel_reclaimable_bytes", "Kernel memory that can be given up."),
        bytes("SUnreclaim:", "memory_slab_unreclaimable_bytes", "Memory of kernel structures that cannot be given up."),
        bytes("KernelStack:", "memory_kernel_stack_bytes", "Stacks that the kernel has for the tasks."),
        bytes("PageTables:", "memory_page_tables_bytes", "Page tables."),
        bytes("SecPageTables:", "memory_secondary_page_tables_bytes", "Page tables of virtual machines and devices."),
        bytes("NFS_Unstable:", "memory_nfs_unstable_bytes", "Data sent to NFS servers and not yet on their disks."),
        bytes("Bounce:", "memory_bounce_bytes", "Buffers for devices that do not reach all memory."),
        bytes("WritebackTmp:", "memory_fuse_writeback_bytes", "Data that FUSE file systems are writing."),
        bytes("CommitLimit:", "memory_commit_limit_bytes", "What may be promised to programs under strict accounting."),
        bytes("Committed_AS:", "memory_committed_bytes", "What was promised to programs."),
        bytes("VmallocTotal:", "memory_vmalloc_total_bytes", "Size of the kernel's mapped area."),
        bytes("VmallocUsed:", "memory_vmalloc_used_bytes", "Used part of the kernel's mapped area."),
        bytes("VmallocChunk:", "memory_vmalloc_chunk_bytes", "Largest free piece of the kernel's mapped area."),
        bytes("Percpu:", "memory_percpu_bytes", "Memory of structures that each processor has for itself."),
        bytes("HardwareCorrupted:", "memory_hardware_corrupted_bytes", "Memory taken out of use as defective."),
        bytes("AnonHugePages:", "memory_anon_hugepages_bytes", "Transparent huge pages without a file."),
        bytes("ShmemHugePages:", "memory_shmem_hugepages_bytes", "Transparent huge pages of shared memory."),
        bytes("ShmemPmdMapped:", "memory_shmem_pmd_mapped_bytes", "Shared memory mapped as huge pages."),
        bytes("FileHugePages:", "memory_file_hugepages_bytes", "Huge pages of the page cache."),
        bytes("FilePmdMapped:", "memory_file_pmd_mapped_bytes", "Page cache mapped as huge pages."),
        bytes("CmaTotal:", "memory_cma_total_bytes", "Area for contiguous allocations."),
        bytes("CmaFree:", "memory_cma_free_bytes", "Free part of the area for contiguous allocations."),
        bytes("Unaccepted:", "memory_unaccepted_bytes", "Memory that the guest has not accepted from its host."),
        bytes("Balloon:", "memory_balloon_bytes", "Memory that was given back to the host of the virtual machine."),
        bytes("Hugetlb:", "memory_hugetlb_bytes", "Memory set aside as huge pages of all sizes."),
        bytes("DirectMap4k:", "memory_direct_map_4k_bytes", "Memory that the kernel maps in pages of 4 KiB."),
        bytes("DirectMap2M:", "memory_direct_map_2m_bytes", "Memory that the kernel maps in pages of 2 MiB."),
        bytes("DirectMap4M:", "memory_direct_map_4m_bytes", "Memory that the kernel maps in pages of 4 MiB."),
        bytes("DirectMap1G:", "memory_direct_map_1g_bytes", "Memory that the kernel maps in pages of 1 GiB."),
        bytes("Hugepagesize:", "memory_hugepage_size_bytes", "Default size of a huge page."),
        NumberFigure(
            "HugePages_Total:", .gauge("memory_hugepages", "Huge pages of the default size that are set aside.")),
        NumberFigure(
            "HugePages_Free:", .gauge("memory_hugepages_free", "Huge pages of the default size that are free.")),
        NumberFigure(
            "HugePages_Rsvd:", .gauge("memory_hugepages_reserved", "Huge pages promised to programs and not yet taken.")
        ),
        NumberFigure("HugePages_Surp:", .gauge("memory_hugepages_surplus", "Huge pages beyond those set aside.")),
    ]

    static let families = figures.map(\.family)

    private var file: NumberFile

    init(_ surroundings: Surroundings) {
        // Read too seldom for an open descriptor to pay.
        file = NumberFile(
            KernelFile("\(surroundings.host.procfs)/meminfo", keepsOpen: false, endsAtShortRead: true),
            MemoryDetailCollector.figures)
    }

    mutating func collect(into scrape: inout Scrape) throws(CollectorError) { try file.emit(into: &scrape) }
}
