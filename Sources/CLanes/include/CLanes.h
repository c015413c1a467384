#pragma once
#include <stddef.h>
#include <stdint.h>

/// A sum, and the rounding error that belongs to it.
typedef struct {
    double sum, error;
} mon_sum;

/// The four sums of a line by least squares.
typedef struct {
    mon_sum x, y, xy, xx;
} mon_line;

/// Windows of a column: those of `count` steps from `first` on; a step's is the places `lower` to before `upper`.
typedef struct {
    const intptr_t *lower, *upper;
    size_t first, count;
} mon_windows;

/// A set of instructions that the windows can be walked with; the answers are the same to the bit.
typedef enum { mon_portable, mon_avx2 } mon_instructions;

/// The best that this processor has.
mon_instructions mon_best_instructions(void);

/// The sums of the windows' values, each added up in order from zero.
void mon_window_sums(mon_instructions with, const double *values, mon_windows windows, mon_sum *sums);

/// The population variances of the windows' values by Welford's recurrence; of an empty window NaN.
void mon_window_variances(mon_instructions with, const double *values, mon_windows windows, double *variances);

/// The sums of lines through the windows' values; x is (`times` - the step's of `zeros`) / 1000.
void mon_window_lines(mon_instructions with, const double *values, const double *times, const double *zeros,
                      mon_windows windows, mon_line *lines);
