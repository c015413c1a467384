import Model

// The network in detail, as node_exporter names it.

extension NodeNames {
    // MARK: - Protocols

    static let protocols: [Alias] = [
        node("netstat_Ip_Forwarding", .stored("network_ip_forwarding"), kind: .unknown),
        node("netstat_Icmp_InMsgs", .stored("network_icmp_receive_messages_total"), kind: .unknown),
        node("netstat_Icmp_InErrors", .stored("network_icmp_receive_errors_total"), kind: .unknown),
        node("netstat_Icmp_OutMsgs", .stored("network_icmp_transmit_messages_total"), kind: .unknown),
        node("netstat_Tcp_ActiveOpens", .stored("network_tcp_active_opens_total"), kind: .unknown),
        node("netstat_Tcp_PassiveOpens", .stored("network_tcp_passive_opens_total"), kind: .unknown),
        node("netstat_Tcp_CurrEstab", .stored("network_tcp_connections_established"), kind: .unknown),
        node("netstat_Tcp_InSegs", .stored("network_tcp_receive_segments_total"), kind: .unknown),
        node("netstat_Tcp_OutSegs", .stored("network_tcp_transmit_segments_total"), kind: .unknown),
        node("netstat_Tcp_RetransSegs", .stored("network_tcp_retransmit_segments_total"), kind: .unknown),
        node("netstat_Tcp_InErrs", .stored("network_tcp_receive_errors_total"), kind: .unknown),
        node("netstat_Tcp_OutRsts", .stored("network_tcp_transmit_resets_total"), kind: .unknown),
        node("netstat_Udp_InDatagrams", .stored("network_udp_receive_datagrams_total"), kind: .unknown),
        node("netstat_Udp_NoPorts", .stored("network_udp_no_port_total"), kind: .unknown),
        node("netstat_Udp_InErrors", .stored("network_udp_receive_errors_total"), kind: .unknown),
        node("netstat_Udp_OutDatagrams", .stored("network_udp_transmit_datagrams_total"), kind: .unknown),
        node("netstat_Udp_RcvbufErrors", .stored("network_udp_receive_buffer_errors_total"), kind: .unknown),
        node("netstat_Udp_SndbufErrors", .stored("network_udp_transmit_buffer_errors_total"), kind: .unknown),
        node("netstat_UdpLite_InErrors", .stored("network_udplite_receive_errors_total"), kind: .unknown),
        node("netstat_TcpExt_SyncookiesSent", .stored("network_tcp_syncookies_sent_total"), kind: .unknown),
        node("netstat_TcpExt_SyncookiesRecv", .stored("network_tcp_syncookies_received_total"), kind: .unknown),
        node("netstat_TcpExt_SyncookiesFailed", .stored("network_tcp_syncookies_failed_total"), kind: .unknown),
        node("netstat_TcpExt_ListenOverflows", .stored("network_tcp_listen_overflows_total"), kind: .unknown),
        node("netstat_TcpExt_ListenDrops", .stored("network_tcp_listen_drops_total"), kind: .unknown),
        node("netstat_TcpExt_TCPSynRetrans", .stored("network_tcp_syn_retransmits_total"), kind: .unknown),
        node("netstat_TcpExt_TCPTimeouts", .stored("network_tcp_timeouts_total"), kind: .unknown),
        node("netstat_TcpExt_TCPOFOQueue", .stored("network_tcp_out_of_order_segments_total"), kind: .unknown),
        node("netstat_TcpExt_TCPRcvQDrop", .stored("network_tcp_receive_queue_drops_total"), kind: .unknown),
        node("netstat_IpExt_InOctets", .stored("network_ip_receive_bytes_total"), kind: .unknown, unit: ""),
        node("netstat_IpExt_OutOctets", .stored("network_ip_transmit_bytes_total"), kind: .unknown, unit: ""),
        node("netstat_Ip6_InOctets", .stored("network_ip6_receive_bytes_total"), kind: .unknown, unit: ""),
        node("netstat_Ip6_OutOctets", .stored("network_ip6_transmit_bytes_total"), kind: .unknown, unit: ""),
        node("netstat_Icmp6_InMsgs", .stored("network_icmp6_receive_messages_total"), kind: .unknown),
        node("netstat_Icmp6_InErrors", .stored("network_icmp6_receive_errors_total"), kind: .unknown),
        node("netstat_Icmp6_OutMsgs", .stored("network_icmp6_transmit_messages_total"), kind: .unknown),
        node("netstat_Udp6_InDatagrams", .stored("network_udp6_receive_datagrams_total"), kind: .unknown),
        node("netstat_Udp6_NoPorts", .stored("network_udp6_no_port_total"), kind: .unknown),
        node("netstat_Udp6_InErrors", .stored("network_udp6_receive_errors_total"), kind: .unknown),
        node("netstat_Udp6_OutDatagrams", .stored("network_udp6_transmit_datagrams_total"), kind: .unknown),
        node("netstat_Udp6_RcvbufErrors", .stored("network_udp6_receive_buffer_errors_total"), kind: .unknown),
        node("netstat_Udp6_SndbufErrors", .stored("network_udp6_transmit_buffer_errors_total"), kind: .unknown),
        node("netstat_UdpLite6_InErrors", .stored("network_udplite6_receive_errors_total"), kind: .unknown),
    ]

    // MARK: - Sockets

    static let sockets: [Alias] = [
        node("sockstat_sockets_used", .stored("network_sockets_used")),
        node("sockstat_TCP_inuse", .stored("network_sockets_in_use", ["protocol": "TCP"])),
        node("sockstat_UDP_inuse", .stored("network_sockets_in_use", ["protocol": "UDP"])),
        node("sockstat_UDPLITE_inuse", .stored("network_sockets_in_use", ["protocol": "UDPLITE"])),
        node("sockstat_RAW_inuse", .stored("network_sockets_in_use", ["protocol": "RAW"])),
        node("sockstat_FRAG_inuse", .stored("network_sockets_in_use", ["protocol": "FRAG"])),
        node("sockstat_TCP6_inuse", .stored("network_sockets_in_use", ["protocol": "TCP6"])),
        node("sockstat_UDP6_inuse", .stored("network_sockets_in_use", ["protocol": "UDP6"])),
        node("sockstat_UDPLITE6_inuse", .stored("network_sockets_in_use", ["protocol": "UDPLITE6"])),
        node("sockstat_RAW6_inuse", .stored("network_sockets_in_use", ["protocol": "RAW6"])),
        node("sockstat_FRAG6_inuse", .stored("network_sockets_in_use", ["protocol": "FRAG6"])),
        node("sockstat_TCP_orphan", .stored("network_tcp_sockets_orphaned")),
        node("sockstat_TCP_tw", .stored("network_tcp_sockets_time_wait")),
        node("sockstat_TCP_alloc", .stored("network_tcp_sockets_allocated")),
        node("sockstat_TCP_mem_bytes", .stored("network_sockets_memory_bytes", ["protocol": "TCP"])),
        node(
            "sockstat_TCP_mem", .quotient(.stored("network_sockets_memory_bytes", ["protocol": "TCP"]), 4096),
            unit: ""),
        node("sockstat_UDP_mem_bytes", .stored("network_sockets_memory_bytes", ["protocol": "UDP"])),
        node(
            "sockstat_UDP_mem", .quotient(.stored("network_sockets_memory_bytes", ["protocol": "UDP"]), 4096),
            unit: ""),
        node("sockstat_FRAG_memory", .stored("network_sockets_memory_bytes", ["protocol": "FRAG"]), unit: ""),
        node("sockstat_FRAG6_memory", .stored("network_sockets_memory_bytes", ["protocol": "FRAG6"]), unit: ""),
        node("udp_queues", .stored("network_udp_queue_bytes"), unit: ""),
    ]

    // MARK: - Packets

    static let packets: [Alias] = [
        node("softnet_processed_total", .stored("network_softnet_processed_total")),
        node("softnet_dropped_total", .stored("network_softnet_dropped_total")),
        node("softnet_times_squeezed_total", .stored("network_softnet_times_squeezed_total")),
        node("softnet_received_rps_total", .stored("network_softnet_received_rps_total")),
        node("softnet_flow_limit_count_total", .stored("network_softnet_flow_limit_total")),
        node("nf_conntrack_entries", .stored("network_conntrack_entries")),
        node("nf_conntrack_entries_limit", .stored("network_conntrack_entries_limit")),
        node("nf_conntrack_stat_found", .stored("network_conntrack_found_total"), kind: .gauge),
        node("nf_conntrack_stat_invalid", .stored("network_conntrack_invalid_total"), kind: .gauge),
        node("nf_conntrack_stat_ignore", .stored("network_conntrack_ignore_total"), kind: .gauge),
        node("nf_conntrack_stat_insert", .stored("network_conntrack_insert_total"), kind: .gauge),
        node("nf_conntrack_stat_insert_failed", .stored("network_conntrack_insert_failed_total"), kind: .gauge),
        node("nf_conntrack_stat_drop", .stored("network_conntrack_drop_total"), kind: .gauge),
        node("nf_conntrack_stat_early_drop", .stored("network_conntrack_early_drop_total"), kind: .gauge),
        node("nf_conntrack_stat_search_restart", .stored("network_conntrack_search_restart_total"), kind: .gauge),
        node("arp_entries", .stored("network_arp_entries")),
    ]

    // MARK: - Devices

    static let devices: [Alias] = [
        node("network_receive_fifo_total", .stored("network_receive_fifo_total")),
        node("network_receive_frame_total", .stored("network_receive_frame_total")),
        node("network_receive_compressed_total", .stored("network_receive_compressed_total")),
        node("network_receive_multicast_total", .stored("network_receive_multicast_total")),
        node("network_receive_nohandler_total", .stored("network_receive_nohandler_total")),
        node("network_transmit_fifo_total", .stored("network_transmit_fifo_total")),
        node("network_transmit_colls_total", .stored("network_transmit_collisions_total")),
        node("network_transmit_carrier_total", .stored("network_transmit_carrier_total")),
        node("network_transmit_compressed_total", .stored("network_transmit_compressed_total")),
        node("network_up", .stored("network_up")),
        node("network_info", .stored("network_info")),
        node("network_carrier", .stored("network_carrier")),
        node("network_carrier_changes_total", .stored("network_carrier_changes_total")),
        node("network_carrier_up_changes_total", .stored("network_carrier_up_changes_total")),
        node("network_carrier_down_changes_total", .stored("network_carrier_down_changes_total")),
        node("network_mtu_bytes", .stored("network_mtu_bytes")),
        node("network_speed_bytes", .stored("network_speed_bytes")),
        node("network_transmit_queue_length", .stored("network_transmit_queue_length")),
        node("network_flags", .stored("network_flags")),
        node("network_dormant", .stored("network_dormant")),
        node("network_address_assign_type", .stored("network_address_assign_type")),
        node("network_name_assign_type", .stored("network_name_assign_type")),
        node("network_device_id", .stored("network_device_id")),
        node("network_iface_id", .stored("network_iface_id")),
        node("network_iface_link", .stored("network_iface_link")),
        node("network_iface_link_mode", .stored("network_iface_link_mode")),
        node("network_net_dev_group", .stored("network_net_dev_group")),
        node("network_protocol_type", .stored("network_protocol_type")),
        node("bonding_slaves", .stored("network_bonding_slaves")),
        node("bonding_active", .stored("network_bonding_active")),
    ]
}
