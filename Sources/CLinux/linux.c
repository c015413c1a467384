#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/time.h>
#include <unistd.h>

ssize_t mon_getdents64(int directory, void *buffer, size_t size) {
    ssize_t count = syscall(SYS_getdents64, directory, buffer, size);
    return count < 0 ? -errno : count;
}

int mon_rewind(int directory) { return lseek(directory, 0, SEEK_SET) < 0 ? -errno : 0; }

/// Writes `pid` in decimal and returns the place behind it. By hand: snprintf costs as much as the open.
static char *write_pid(char *out, int32_t pid) {
    char digits[11];
    int count = 0;
    uint32_t rest = pid < 0 ? 0 : (uint32_t)pid;
    do {
        digits[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    while (count) *out++ = digits[--count];
    return out;
}

/// Writes `<pid>/<name>` with its end mark; false where it does not fit.
static int write_path(char *path, size_t size, int32_t pid, const char *name) {
    size_t length = strlen(name);
    if (length + 13 > size) return 0;
    char *end = write_pid(path, pid);
    *end++ = '/';
    memcpy(end, name, length + 1);
    return 1;
}

int mon_open_process_file(int procfs, int32_t pid, const char *name) {
    char path[64];
    if (!write_path(path, sizeof path, pid, name)) return -ENAMETOOLONG;
    // Non-blocking, so that a named pipe in a recorded tree fails instead of stopping the look.
    int file = openat(procfs, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    return file < 0 ? -errno : file;
}

int64_t mon_count_open_files(int procfs, int32_t pid) {
    char path[64];
    if (!write_path(path, sizeof path, pid, "fd")) return -ENAMETOOLONG;
    struct stat status;
    if (fstatat(procfs, path, &status, 0) < 0) return -errno;
    struct statfs system;
    // Other file systems tell the size of the folder's own blocks there.
    if (status.st_size > 0 && fstatfs(procfs, &system) == 0 && system.f_type == 0x9fa0) return status.st_size;
    int folder = openat(procfs, path, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    if (folder < 0) return -errno;
    int64_t count = -2;
    char entries[8192];
    ssize_t got;
    while ((got = syscall(SYS_getdents64, folder, entries, sizeof entries)) > 0) {
        // The record's length stands behind its inode and offset.
        for (ssize_t at = 0; at < got; count++) {
            uint16_t length;
            memcpy(&length, entries + at + 16, sizeof length);
            at += length;
        }
    }
    int error = errno;
    close(folder);
    return got < 0 ? -error : count;
}

ssize_t mon_read_process_file(int procfs, int32_t pid, const char *name, void *buffer, size_t size) {
    int file = mon_open_process_file(procfs, pid, name);
    if (file < 0) return file;
    ssize_t count;
    do count = read(file, buffer, size);
    while (count < 0 && errno == EINTR);
    int error = errno;
    close(file);
    return count < 0 ? -error : count;
}

int mon_process_owner(int procfs, int32_t pid, uint32_t *user) {
    char path[12];
    *write_pid(path, pid) = 0;
    struct stat status;
    if (fstatat(procfs, path, &status, 0) < 0) return -errno;
    *user = status.st_uid;
    return 0;
}

int mon_sock_diag_open(int milliseconds) {
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (descriptor < 0) return -errno;
    struct timeval patience = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
    if (setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0) {
        int error = errno;
        close(descriptor);
        return -error;
    }
    return descriptor;
}

int mon_sock_diag_request_tcp(int socket, uint32_t sequence) {
    // The older request type: the kernel (net/ipv4/inet_diag.c, inet_diag_dump_compat) takes its family as "any", so
    // that one walk of the hash tables brings IPv4 and IPv6. The newer one needs a walk for each.
    struct {
        struct nlmsghdr header;
        struct inet_diag_req body;
    } request;
    memset(&request, 0, sizeof request);
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = TCPDIAG_GETSOCK;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.header.nlmsg_seq = sequence;
    request.body.idiag_family = AF_INET;
    // States 1 (ESTABLISHED) to 12 (NEW_SYN_RECV); 13 is a socket that is bound and nothing else.
    request.body.idiag_states = 0x1ffe;
    ssize_t sent = send(socket, &request, sizeof request, 0);
    return sent < 0 ? -errno : 0;
}

ssize_t mon_sock_diag_receive(int socket, void *buffer, size_t size) {
    ssize_t count;
    do count = recv(socket, buffer, size, 0);
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

// What the Swift reader of dumps relies on (Sampler/Platform/SocketDiagnostics.swift).
_Static_assert(sizeof(struct nlmsghdr) == 16, "netlink header");
_Static_assert(offsetof(struct nlmsghdr, nlmsg_type) == 4, "type");
_Static_assert(offsetof(struct nlmsghdr, nlmsg_seq) == 8, "sequence");
_Static_assert(offsetof(struct inet_diag_msg, idiag_state) == 1, "state");
_Static_assert(NLMSG_ERROR == 2 && NLMSG_DONE == 3 && TCPDIAG_GETSOCK == 18, "message types");

#if defined(__GLIBC__)
#include <malloc.h>
void mon_trim_heap(void) { malloc_trim(0); }
void mon_one_heap(void) { mallopt(M_ARENA_MAX, 1); }
void mon_share_heap(void) {
    mon_one_heap();
    mallopt(M_TRIM_THRESHOLD, 32 << 20);
    mallopt(M_MMAP_THRESHOLD, 8 << 20);
}
#else
void mon_trim_heap(void) {}
void mon_one_heap(void) {}
void mon_share_heap(void) {}
#endif

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

void mon_release_text(void) {
    FILE *maps = fopen("/proc/self/maps", "re");
    if (!maps) return;
    char line[512];
    while (fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        char permissions[5];
        // Paths only: [vdso] and its like are not files.
        if (sscanf(line, "%lx-%lx %4s", &start, &end, permissions) == 3 && strcmp(permissions, "r-xp") == 0 &&
            strchr(line, '/'))
            madvise((void *)start, end - start, MADV_DONTNEED);
    }
    fclose(maps);
}

#include <sys/timex.h>

int mon_read_clock(int64_t *numbers) {
    struct timex clock;
    memset(&clock, 0, sizeof clock);
    int state = adjtimex(&clock);
    if (state < 0) return -errno;
    int64_t all[MON_CLOCK_NUMBERS] = {clock.status,  clock.offset, clock.freq,    clock.maxerror, clock.esterror, clock.constant,
                                      clock.tick,    clock.ppsfreq, clock.jitter, clock.shift,    clock.stabil,   clock.jitcnt,
                                      clock.calcnt,  clock.errcnt, clock.stbcnt,  clock.tai};
    memcpy(numbers, all, sizeof all);
    return state;
}

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

static int spawn(char *const arguments[], int output, int errors, int *process) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char *environment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int code = posix_spawn_file_actions_init(&actions);
    if (code) return -code;
    code = posix_spawnattr_init(&attributes);
    if (code) {
        posix_spawn_file_actions_destroy(&actions);
        return -code;
    }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_adddup2(&actions, errors, 2);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    posix_spawn_file_actions_addchdir_np(&actions, "/");
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    pid_t pid = 0;
    code = posix_spawn(&pid, arguments[0], &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    *process = pid;
    return -code;
}

int mon_spawn(char *const arguments[], int *process, int *output, int *errors) {
    int first[2], second[2];
    if (pipe2(first, O_CLOEXEC) != 0) return -errno;
    if (pipe2(second, O_CLOEXEC) != 0) {
        int code = -errno;
        close(first[0]);
        close(first[1]);
        return code;
    }
    int code = spawn(arguments, first[1], second[1], process);
    close(first[1]);
    close(second[1]);
    if (code < 0) {
        close(first[0]);
        close(second[0]);
        return code;
    }
    *output = first[0];
    *errors = second[0];
    return 0;
}

int mon_has_exited(int process) {
    siginfo_t info;
    info.si_pid = 0;
    return waitid(P_PID, (id_t)process, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
}
