import Model

// Memory and disks in detail, as node_exporter names them.

extension NodeNames {
    // MARK: - Every line of /proc/meminfo

    static let memoryDetail: [Alias] = [
        node("memory_MemFree_bytes", .stored("memory_free_bytes")),
        node("memory_Cached_bytes", .stored("memory_page_cache_bytes")),
        node("memory_SReclaimable_bytes", .stored("memory_slab_reclaimable_bytes")),
        node("memory_SwapCached_bytes", .stored("swap_cached_bytes")),
        node("memory_Active_bytes", .stored("memory_active_bytes")),
        node("memory_Inactive_bytes", .stored("memory_inactive_bytes")),
        node("memory_Active_anon_bytes", .stored("memory_active_anon_bytes")),
        node("memory_Inactive_anon_bytes", .stored("memory_inactive_anon_bytes")),
        node("memory_Active_file_bytes", .stored("memory_active_file_bytes")),
        node("memory_Inactive_file_bytes", .stored("memory_inactive_file_bytes")),
        node("memory_Unevictable_bytes", .stored("memory_unevictable_bytes")),
        node("memory_Mlocked_bytes", .stored("memory_locked_bytes")),
        node("memory_Zswap_bytes", .stored("memory_zswap_bytes")),
        node("memory_Zswapped_bytes", .stored("memory_zswapped_bytes")),
        node("memory_AnonPages_bytes", .stored("memory_anon_bytes")),
        node("memory_Mapped_bytes", .stored("memory_mapped_bytes")),
        node("memory_KReclaimable_bytes", .stored("memory_kernel_reclaimable_bytes")),
        node("memory_SUnreclaim_bytes", .stored("memory_slab_unreclaimable_bytes")),
        node("memory_KernelStack_bytes", .stored("memory_kernel_stack_bytes")),
        node("memory_PageTables_bytes", .stored("memory_page_tables_bytes")),
        node("memory_SecPageTables_bytes", .stored("memory_secondary_page_tables_bytes")),
        node("memory_NFS_Unstable_bytes", .stored("memory_nfs_unstable_bytes")),
        node("memory_Bounce_bytes", .stored("memory_bounce_bytes")),
        node("memory_WritebackTmp_bytes", .stored("memory_fuse_writeback_bytes")),
        node("memory_CommitLimit_bytes", .stored("memory_commit_limit_bytes")),
        node("memory_Committed_AS_bytes", .stored("memory_committed_bytes")),
        node("memory_VmallocTotal_bytes", .stored("memory_vmalloc_total_bytes")),
        node("memory_VmallocUsed_bytes", .stored("memory_vmalloc_used_bytes")),
        node("memory_VmallocChunk_bytes", .stored("memory_vmalloc_chunk_bytes")),
        node("memory_Percpu_bytes", .stored("memory_percpu_bytes")),
        node("memory_HardwareCorrupted_bytes", .stored("memory_hardware_corrupted_bytes")),
        node("memory_AnonHugePages_bytes", .stored("memory_anon_hugepages_bytes")),
        node("memory_ShmemHugePages_bytes", .stored("memory_shmem_hugepages_bytes")),
        node("memory_ShmemPmdMapped_bytes", .stored("memory_shmem_pmd_mapped_bytes")),
        node("memory_FileHugePages_bytes", .stored("memory_file_hugepages_bytes")),
        node("memory_FilePmdMapped_bytes", .stored("memory_file_pmd_mapped_bytes")),
        node("memory_CmaTotal_bytes", .stored("memory_cma_total_bytes")),
        node("memory_CmaFree_bytes", .stored("memory_cma_free_bytes")),
        node("memory_Unaccepted_bytes", .stored("memory_unaccepted_bytes")),
        node("memory_Balloon_bytes", .stored("memory_balloon_bytes")),
        node("memory_Hugetlb_bytes", .stored("memory_hugetlb_bytes")),
        node("memory_DirectMap4k_bytes", .stored("memory_direct_map_4k_bytes")),
        node("memory_DirectMap2M_bytes", .stored("memory_direct_map_2m_bytes")),
        node("memory_DirectMap4M_bytes", .stored("memory_direct_map_4m_bytes")),
        node("memory_DirectMap1G_bytes", .stored("memory_direct_map_1g_bytes")),
        node("memory_Hugepagesize_bytes", .stored("memory_hugepage_size_bytes")),
        node("memory_HugePages_Total", .stored("memory_hugepages")),
        node("memory_HugePages_Free", .stored("memory_hugepages_free")),
        node("memory_HugePages_Rsvd", .stored("memory_hugepages_reserved")),
        node("memory_HugePages_Surp", .stored("memory_hugepages_surplus")),
    ]

    // MARK: - /proc/vmstat, whose numbers node_exporter shows as the kernel counts them

    static let paging: [Alias] = [
        node("vmstat_pgfault", .stored("memory_page_faults_total"), kind: .unknown),
        node("vmstat_oom_kill", .stored("memory_oom_kills_total"), kind: .unknown),
        node("vmstat_pgpgin", .quotient(.stored("memory_page_in_bytes_total"), 1024), kind: .unknown, unit: ""),
        node("vmstat_pgpgout", .quotient(.stored("memory_page_out_bytes_total"), 1024), kind: .unknown, unit: ""),
        // In pages; those of every kernel that Debian builds for amd64 and arm64 have 4 KiB.
        node("vmstat_pswpin", .quotient(.stored("swap_in_bytes_total"), 4096), kind: .unknown, unit: ""),
        node("vmstat_pswpout", .quotient(.stored("swap_out_bytes_total"), 4096), kind: .unknown, unit: ""),
    ]

    // MARK: - Disks

    static let diskDetail: [Alias] = [
        node("disk_reads_merged_total", .stored("disk_io_read_merged_total", without: wholeDisks)),
        node("disk_writes_merged_total", .stored("disk_io_write_merged_total", without: wholeDisks)),
        node("disk_io_now", .stored("disk_io_in_progress", without: wholeDisks)),
        node("disk_discards_completed_total", .stored("disk_io_discard_count_total", without: wholeDisks)),
        node("disk_discards_merged_total", .stored("disk_io_discard_merged_total", without: wholeDisks)),
        node(
            "disk_discarded_sectors_total", .quotient(.stored("disk_io_discard_bytes_total", without: wholeDisks), 512),
            unit: ""),
        node("disk_discard_time_seconds_total", .stored("disk_io_discard_time_seconds_total", without: wholeDisks)),
        node("disk_flush_requests_total", .stored("disk_io_flush_count_total", without: wholeDisks)),
        node(
            "disk_flush_requests_time_seconds_total", .stored("disk_io_flush_time_seconds_total", without: wholeDisks)),
    ]
}
