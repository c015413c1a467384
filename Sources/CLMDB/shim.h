#pragma once
#include <lmdb.h>
#include <sys/types.h>

// fallocate(2), which the C library shows only to those who ask for GNU's own.
extern int fallocate(int descriptor, int mode, off_t offset, off_t length);

// Takes room on the disk for the first bytes of a file, whose length stays as it is (FALLOC_FL_KEEP_SIZE).
static inline int mon_take_room(int descriptor, off_t bytes) { return fallocate(descriptor, 1, 0, bytes); }
