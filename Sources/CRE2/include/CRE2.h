#pragma once
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A compiled RE2 expression. Thread-safe to match with once compiled.
typedef struct mon_re2 mon_re2;

/// Compiles `pattern` anchored at both ends, with `.` matching newline, as PromQL's matchers are.
/// Returns NULL on a syntax error and writes its text, NUL-terminated, to `error`.
mon_re2 *mon_re2_compile(const char *pattern, size_t length, char *error, size_t error_capacity);
void mon_re2_free(mon_re2 *expression);

/// Whether the whole of `text` matches.
int mon_re2_matches(const mon_re2 *expression, const char *text, size_t length);

/// The number of capturing groups, without group 0.
int mon_re2_group_count(const mon_re2 *expression);

/// Matches the whole of `text` and writes (offset, length) of group 0..group_count to `spans`;
/// a group that took no part has offset -1. Returns 0 when there is no match.
int mon_re2_captures(
    const mon_re2 *expression, const char *text, size_t length, long *spans, int group_count);

/// The index of a named group, or -1.
int mon_re2_named_group(const mon_re2 *expression, const char *name, size_t length);

#ifdef __cplusplus
}
#endif
