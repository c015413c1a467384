// What a process writes to one file, in order, for tests that cut the power. The functions that LMDB writes with are
// defined here as well, so that a program that links this gets these instead of the C library's.
#ifndef CWRITELOG_H
#define CWRITELOG_H

#include <stddef.h>
#include <stdint.h>

// A write, or a completed fdatasync (bytes NULL, count 0).
typedef struct {
    int64_t offset;
    size_t count;
    const uint8_t *bytes;
} write_log_event;

// Begins to record what is written to the file at path; forgets what was recorded before. 0 where there is no file.
int write_log_begin(const char *path);

// Ends recording; what was recorded stays until the next begin.
void write_log_end(void);

size_t write_log_count(void);

// Valid until the next begin.
write_log_event write_log_at(size_t index);

#endif
