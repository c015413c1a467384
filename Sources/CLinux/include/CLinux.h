#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// What Swift's Glibc module lacks of Linux. Every function reports failure as a negative errno.

/// Fills `buffer` with linux_dirent64 records of an open directory: their bytes, or 0 at the end.
ssize_t mon_getdents64(int directory, void *buffer, size_t size);

/// Goes back to the first entry of an open directory.
int mon_rewind(int directory);

/// Reads `<pid>/<name>` below an open procfs by open, read, close: the bytes read, at most `size`.
ssize_t mon_read_process_file(int procfs, int32_t pid, const char *name, void *buffer, size_t size);

/// Opens `<pid>/<name>` below an open procfs for reading: the descriptor.
int mon_open_process_file(int procfs, int32_t pid, const char *name);

/// How many files a process has open: by the size of `<pid>/fd`, which kernels from 6.2 on tell without a right to it, else
/// by its entries.
int64_t mon_count_open_files(int procfs, int32_t pid);

/// The user that the directory `<pid>` below an open procfs belongs to (proc_pid(5): the effective user).
int mon_process_owner(int procfs, int32_t pid, uint32_t *user);

/// A netlink socket for sock_diag(7) whose receives give up after `milliseconds`.
int mon_sock_diag_open(int milliseconds);

/// Asks for a dump of all TCP sockets, IPv4 and IPv6, in one walk of the kernel's tables.
int mon_sock_diag_request_tcp(int socket, uint32_t sequence);

/// Receives the next datagram of a dump.
ssize_t mon_sock_diag_receive(int socket, void *buffer, size_t size);

/// Gives freed heap memory back to the kernel, where the C library can (glibc's malloc_trim).
void mon_trim_heap(void);

/// Has all threads take their memory from one heap, where the C library would make one for each. Before threads begin.
void mon_one_heap(void);

/// For a process whose threads take turns at pieces of work that need megabytes for some milliseconds each: all threads
/// share one heap, and up to 32 MiB of what is freed stay mapped, where the C library can (glibc's mallopt). What takes
/// 8 MiB at once goes back when it is freed: between smaller pieces it would leave holes.
void mon_share_heap(void);

/// Lets the kernel take back the pages of program text that are in memory; they come back from the page cache when they
/// are run again. Only mappings without write permission that hold code (`r-xp`), which are never private copies.
void mon_release_text(void);

/// How many numbers `mon_read_clock` fills.
#define MON_CLOCK_NUMBERS 16

/// adjtimex(2) without a change. Fills status, offset, frequency, maximum and estimated error, time constant, tick,
/// the pulse source's frequency, jitter, shift, stability and counts (jitter, calibrations, errors, unstable), TAI offset.
/// The clock's state, TIME_OK (0) to TIME_ERROR (5).
int mon_read_clock(int64_t *numbers);

/// Starts the program of `arguments[0]`, a path, as the leader of a new process group: standard input is empty, what it
/// writes can be read from `output` and `errors`, no other descriptor is open in it, the working directory is `/`, the
/// environment a path and the C locale, and no signal is blocked or ignored.
int mon_spawn(char *const arguments[], int *process, int *output, int *errors);

/// Whether the child has ended; its status is left to be waited for.
int mon_has_exited(int process);
