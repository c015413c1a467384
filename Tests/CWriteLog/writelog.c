#define _GNU_SOURCE
#include "CWriteLog.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int recording;
static dev_t device;
static ino_t inode;
static write_log_event *events;
static size_t count, capacity;

static int is_recorded(int descriptor) {
    if (!atomic_load(&recording)) return 0;
    int saved = errno;
    struct stat status;
    int same = fstat(descriptor, &status) == 0 && status.st_dev == device && status.st_ino == inode;
    errno = saved;
    return same;
}

static void record(int64_t offset, const void *bytes, size_t length) {
    pthread_mutex_lock(&lock);
    if (count == capacity) {
        capacity = capacity ? 2 * capacity : 256;
        events = realloc(events, capacity * sizeof *events);
        if (!events) abort();
    }
    uint8_t *copy = NULL;
    if (bytes) {
        copy = malloc(length ? length : 1);
        if (!copy) abort();
        memcpy(copy, bytes, length);
    }
    events[count++] = (write_log_event){offset, length, copy};
    pthread_mutex_unlock(&lock);
}

int write_log_begin(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0) return 0;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < count; i++) free((void *)events[i].bytes);
    count = 0;
    device = status.st_dev;
    inode = status.st_ino;
    pthread_mutex_unlock(&lock);
    atomic_store(&recording, 1);
    return 1;
}

void write_log_end(void) { atomic_store(&recording, 0); }

size_t write_log_count(void) {
    pthread_mutex_lock(&lock);
    size_t found = count;
    pthread_mutex_unlock(&lock);
    return found;
}

write_log_event write_log_at(size_t index) {
    pthread_mutex_lock(&lock);
    write_log_event event = events[index];
    pthread_mutex_unlock(&lock);
    return event;
}

// The C library's, by system call. They are no cancellation points here, which nothing needs.

ssize_t pwrite(int descriptor, const void *bytes, size_t length, off_t offset) {
    ssize_t written = syscall(SYS_pwrite64, descriptor, bytes, length, offset);
    if (written > 0 && is_recorded(descriptor)) record(offset, bytes, (size_t)written);
    return written;
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t length, off64_t offset) {
    return pwrite(descriptor, bytes, length, offset);
}

ssize_t writev(int descriptor, const struct iovec *parts, int number) {
    off_t offset = is_recorded(descriptor) ? lseek(descriptor, 0, SEEK_CUR) : -1;
    ssize_t written = syscall(SYS_writev, descriptor, parts, number);
    ssize_t left = written;
    for (int i = 0; offset >= 0 && i < number && left > 0; i++) {
        size_t length = parts[i].iov_len < (size_t)left ? parts[i].iov_len : (size_t)left;
        record(offset, parts[i].iov_base, length);
        offset += (off_t)length;
        left -= (ssize_t)length;
    }
    return written;
}

int fdatasync(int descriptor) {
    int code = (int)syscall(SYS_fdatasync, descriptor);
    if (code == 0 && is_recorded(descriptor)) record(0, NULL, 0);
    return code;
}
