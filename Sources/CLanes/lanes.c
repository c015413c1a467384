#include "CLanes.h"

// Each product and each sum is rounded by itself, as it is where Prometheus runs.
#pragma STDC FP_CONTRACT OFF
// Vectors are handed between inlined functions alone, so that it does not matter how they would be handed.
#pragma clang diagnostic ignored "-Wpsabi"

typedef double four __attribute__((vector_size(32)));
enum { LANES_MAX = 16 };

#define NAME(function) portable_##function
#include "kernels.h"
#undef NAME

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define NAME(function) avx2_##function
#include "kernels.h"
#undef NAME
#pragma clang attribute pop
#define CHOSEN(function) (with == mon_avx2 ? avx2_##function : portable_##function)

mon_instructions mon_best_instructions(void) { return __builtin_cpu_supports("avx2") ? mon_avx2 : mon_portable; }
#else
#define CHOSEN(function) portable_##function

mon_instructions mon_best_instructions(void) { return mon_portable; }
#endif

void mon_window_sums(mon_instructions with, const double *values, mon_windows windows, mon_sum *sums) {
    CHOSEN(sums)(values, windows, sums);
}

void mon_window_variances(mon_instructions with, const double *values, mon_windows windows, double *variances) {
    CHOSEN(variances)(values, windows, variances);
}

void mon_window_lines(mon_instructions with, const double *values, const double *times, const double *zeros,
                      mon_windows windows, mon_line *lines) {
    CHOSEN(lines)(values, times, zeros, windows, lines);
}
