import Model

// The kernel, the clock, the host and its hardware, as node_exporter names them.

extension NodeNames {
    // MARK: - What /proc/stat tells beside the processors

    static let activity: [Alias] = [
        node("intr_total", .stored("interrupts_total")),
        node("context_switches_total", .stored("context_switches_total")),
        node("forks_total", .stored("forks_total")),
        node("boot_time_seconds", .stored("boot_time_seconds")),
        node("procs_running", .stored("processes_running")),
        node("procs_blocked", .stored("processes_blocked")),
    ]

    // MARK: - Pressure

    static let pressure: [Alias] = [
        node("pressure_cpu_waiting_seconds_total", .stored("pressure_cpu_waiting_seconds_total")),
        node("pressure_io_waiting_seconds_total", .stored("pressure_io_waiting_seconds_total")),
        node("pressure_io_stalled_seconds_total", .stored("pressure_io_stalled_seconds_total")),
        node("pressure_memory_waiting_seconds_total", .stored("pressure_memory_waiting_seconds_total")),
        node("pressure_memory_stalled_seconds_total", .stored("pressure_memory_stalled_seconds_total")),
        node("pressure_irq_stalled_seconds_total", .stored("pressure_irq_stalled_seconds_total")),
    ]

    // MARK: - Scheduler, limits, entropy

    static let limits: [Alias] = [
        node("schedstat_running_seconds_total", .stored("cpu_schedule_running_seconds_total")),
        node("schedstat_waiting_seconds_total", .stored("cpu_schedule_waiting_seconds_total")),
        node("schedstat_timeslices_total", .stored("cpu_schedule_timeslices_total")),
        node("filefd_allocated", .stored("file_descriptors_allocated")),
        node("filefd_maximum", .stored("file_descriptors_limit")),
        node("entropy_available_bits", .stored("entropy_available")),
        node("entropy_pool_size_bits", .stored("entropy_pool_size")),
    ]

    // MARK: - Clock

    static let clock: [Alias] = [
        node("time_seconds", .stored("clock_time_seconds")),
        node("timex_sync_status", .stored("clock_sync_status")),
        node("timex_offset_seconds", .stored("clock_offset_seconds")),
        node("timex_estimated_error_seconds", .stored("clock_estimated_error_seconds")),
        node("timex_maxerror_seconds", .stored("clock_maximum_error_seconds")),
        node("timex_frequency_adjustment_ratio", .stored("clock_frequency_adjustment_ratio")),
        node("timex_loop_time_constant", .stored("clock_loop_time_constant")),
        node("timex_tick_seconds", .stored("clock_tick_seconds")),
        node("timex_status", .stored("clock_status")),
        node("timex_tai_offset_seconds", .stored("clock_tai_offset_seconds")),
        node("timex_pps_frequency_hertz", .stored("clock_pps_frequency_hertz")),
        node("timex_pps_jitter_seconds", .stored("clock_pps_jitter_seconds")),
        node("timex_pps_shift_seconds", .stored("clock_pps_shift_seconds")),
        node("timex_pps_stability_hertz", .stored("clock_pps_stability_hertz")),
        node("timex_pps_jitter_total", .stored("clock_pps_jitter_total")),
        node("timex_pps_calibration_total", .stored("clock_pps_calibration_total")),
        node("timex_pps_error_total", .stored("clock_pps_error_total")),
        node("timex_pps_stability_exceeded_total", .stored("clock_pps_stability_exceeded_total")),
        node("time_zone_offset_seconds", .stored("clock_zone_offset_seconds")),
        node("time_clocksource_available_info", .stored("clock_source_available_info")),
        node("time_clocksource_current_info", .stored("clock_source_current_info")),
    ]

    // MARK: - What the host is

    static let host: [Alias] = [
        node("uname_info", .stored("host_info")),
        node("os_info", .stored("os_info")),
        node("os_version", .stored("os_version")),
        node("dmi_info", .stored("dmi_info")),
        node("selinux_enabled", .stored("selinux_enabled")),
    ]

    // MARK: - Text files

    static let textFiles: [Alias] = [
        node("textfile_scrape_error", .stored("textfile_error")),
        node("textfile_mtime_seconds", .stored("textfile_modified_timestamp_seconds")),
    ]

    // MARK: - Hardware

    static let hardware: [Alias] = [
        node("hwmon_temp_celsius", .stored("hwmon_temp_celsius")),
        node("hwmon_temp_min_celsius", .stored("hwmon_temp_min_celsius")),
        node("hwmon_temp_max_celsius", .stored("hwmon_temp_max_celsius")),
        node("hwmon_temp_max_hyst_celsius", .stored("hwmon_temp_max_hyst_celsius")),
        node("hwmon_temp_crit_celsius", .stored("hwmon_temp_crit_celsius")),
        node("hwmon_temp_crit_hyst_celsius", .stored("hwmon_temp_crit_hyst_celsius")),
        node("hwmon_temp_lcrit_celsius", .stored("hwmon_temp_lcrit_celsius")),
        node("hwmon_temp_emergency_celsius", .stored("hwmon_temp_emergency_celsius")),
        node("hwmon_temp_alarm_celsius", .stored("hwmon_temp_alarm_celsius")),
        node("hwmon_temp_crit_alarm_celsius", .stored("hwmon_temp_crit_alarm_celsius")),
        node("hwmon_temp_max_alarm_celsius", .stored("hwmon_temp_max_alarm_celsius")),
        node("hwmon_fan_rpm", .stored("hwmon_fan_rpm")),
        node("hwmon_fan_min_rpm", .stored("hwmon_fan_min_rpm")),
        node("hwmon_fan_max_rpm", .stored("hwmon_fan_max_rpm")),
        node("hwmon_fan_target_rpm", .stored("hwmon_fan_target_rpm")),
        node("hwmon_in_volts", .stored("hwmon_in_volts")),
        node("hwmon_in_min_volts", .stored("hwmon_in_min_volts")),
        node("hwmon_in_max_volts", .stored("hwmon_in_max_volts")),
        node("hwmon_in_lcrit_volts", .stored("hwmon_in_lcrit_volts")),
        node("hwmon_in_crit_volts", .stored("hwmon_in_crit_volts")),
        node("hwmon_curr_amps", .stored("hwmon_curr_amps")),
        node("hwmon_curr_min_amps", .stored("hwmon_curr_min_amps")),
        node("hwmon_curr_max_amps", .stored("hwmon_curr_max_amps")),
        node("hwmon_curr_crit_amps", .stored("hwmon_curr_crit_amps")),
        node("hwmon_power_watt", .stored("hwmon_power_watt")),
        node("hwmon_power_average_watt", .stored("hwmon_power_average_watt")),
        node("hwmon_power_cap_watt", .stored("hwmon_power_cap_watt")),
        node("hwmon_power_max_watt", .stored("hwmon_power_max_watt")),
        node("hwmon_humidity", .stored("hwmon_humidity")),
        node("hwmon_pwm", .stored("hwmon_pwm")),
        node("hwmon_energy_joule_total", .stored("hwmon_energy_joules_total")),
        node("hwmon_chip_names", .stored("hwmon_chip_info")),
        node("hwmon_sensor_label", .stored("hwmon_sensor_info")),
        node("thermal_zone_temp", .stored("thermal_zone_celsius"), unit: ""),
        node("cooling_device_cur_state", .stored("cooling_device_state")),
        node("cooling_device_max_state", .stored("cooling_device_state_max")),
        node("cpu_scaling_frequency_hertz", .stored("cpu_scaling_frequency_hertz")),
        node("cpu_scaling_frequency_min_hertz", .stored("cpu_scaling_frequency_min_hertz")),
        node("cpu_scaling_frequency_max_hertz", .stored("cpu_scaling_frequency_max_hertz")),
        node("cpu_frequency_hertz", .stored("cpu_frequency_hertz")),
        node("cpu_frequency_min_hertz", .stored("cpu_frequency_min_hertz")),
        node("cpu_frequency_max_hertz", .stored("cpu_frequency_max_hertz")),
        node("cpu_core_throttles_total", .stored("cpu_core_throttles_total")),
        node("cpu_package_throttles_total", .stored("cpu_package_throttles_total")),
        node("disk_info", .stored("disk_info")),
        node("nvme_info", .stored("nvme_info")),
        node("power_supply_online", .stored("power_supply_online")),
        node("power_supply_capacity", .stored("power_supply_capacity_percent"), unit: ""),
        node("edac_correctable_errors_total", .stored("edac_correctable_errors_total")),
        node("edac_uncorrectable_errors_total", .stored("edac_uncorrectable_errors_total")),
        node("md_disks_required", .stored("raid_disks_required")),
        node("md_disks", .stored("raid_disks")),
        node("md_blocks", .stored("raid_blocks")),
        node("md_blocks_synced", .stored("raid_blocks_synced")),
        node("md_state", .stored("raid_state")),
    ]
}
