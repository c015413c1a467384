// Windows side by side. Rounding forbids to take off what leaves a window, so every window is walked whole, in order.
// But in a walk each step waits for the one before; those of several windows wait at the same time, each window in a
// lane of its own from its first value on.
//
// The error of an addition is found by Knuth's two-sum (The Art of Computer Programming 2, 4.2.2). As long as all is
// finite it is the number that Neumaier's comparison finds, since both are exact; what is not is left to the caller.
//
// Included once for each set of instructions; NAME tells their functions apart.

/// Windows of a group: where each begins, how long it is, and what all of them have.
typedef struct {
    const double *at[LANES_MAX];
    size_t first[LANES_MAX], length[LANES_MAX];
    size_t shared, count;
} NAME(group);

/// The group of `width` windows from `place` on. Behind the last window its lanes repeat it.
static inline NAME(group) NAME(group_of)(const double *values, mon_windows windows, size_t place, size_t width) {
    NAME(group) group;
    group.shared = SIZE_MAX;
    group.count = windows.count - place < width ? windows.count - place : width;
    for (size_t lane = 0; lane < width; lane++) {
        size_t step = windows.first + place + (lane < group.count ? lane : group.count - 1);
        group.first[lane] = (size_t)windows.lower[step];
        group.length[lane] = (size_t)(windows.upper[step] - windows.lower[step]);
        group.at[lane] = values + group.first[lane];
        if (group.length[lane] < group.shared) group.shared = group.length[lane];
    }
    return group;
}

static inline four NAME(four)(const double *const *at, size_t place) {
    return (four){at[0][place], at[1][place], at[2][place], at[3][place]};
}

static inline void NAME(add)(four *sum, four *error, four x) {
    four next = *sum + x, added = next - *sum;
    *error += (*sum - (next - added)) + (x - added);
    *sum = next;
}

static inline void NAME(add_one)(mon_sum *to, double x) {
    double next = to->sum + x, added = next - to->sum;
    to->error += (to->sum - (next - added)) + (x - added);
    to->sum = next;
}

static void NAME(sums)(const double *values, mon_windows windows, mon_sum *sums) {
    for (size_t place = 0; place < windows.count; place += 8) {
        NAME(group) group = NAME(group_of)(values, windows, place, 8);
        four sum[2] = {{0}}, error[2] = {{0}};
        for (size_t i = 0; i < group.shared; i++)
            for (int part = 0; part < 2; part++)
                NAME(add)(&sum[part], &error[part], NAME(four)(group.at + 4 * part, i));
        for (size_t lane = 0; lane < group.count; lane++) {
            mon_sum one = {sum[lane / 4][lane % 4], error[lane / 4][lane % 4]};
            for (size_t i = group.shared; i < group.length[lane]; i++) NAME(add_one)(&one, group.at[lane][i]);
            sums[place + lane] = one;
        }
    }
}

/// The rest of a window of which `count` values are in.
static inline double NAME(variance)(const double *values, size_t length, size_t count, mon_sum mean, mon_sum squares) {
    for (size_t i = count; i < length; i++) {
        double difference = values[i] - (mean.sum + mean.error);
        NAME(add_one)(&mean, difference / (double)(i + 1));
        NAME(add_one)(&squares, difference * (values[i] - (mean.sum + mean.error)));
    }
    return (squares.sum + squares.error) / (double)length;
}

static void NAME(variances)(const double *values, mon_windows windows, double *variances) {
    for (size_t place = 0; place < windows.count; place += 16) {
        NAME(group) group = NAME(group_of)(values, windows, place, 16);
        four mean[4] = {{0}}, mean_error[4] = {{0}}, squares[4] = {{0}}, squares_error[4] = {{0}};
        for (size_t i = 0; i < group.shared; i++) {
            double count = (double)(i + 1);
            for (int part = 0; part < 4; part++) {
                four x = NAME(four)(group.at + 4 * part, i);
                four difference = x - (mean[part] + mean_error[part]);
                NAME(add)(&mean[part], &mean_error[part], difference / (four){count, count, count, count});
                NAME(add)(&squares[part], &squares_error[part], difference * (x - (mean[part] + mean_error[part])));
            }
        }
        for (size_t lane = 0; lane < group.count; lane++) {
            size_t part = lane / 4, in = lane % 4;
            variances[place + lane] = NAME(variance)(
                group.at[lane], group.length[lane], group.shared, (mon_sum){mean[part][in], mean_error[part][in]},
                (mon_sum){squares[part][in], squares_error[part][in]});
        }
    }
}

static inline void NAME(add_point)(mon_line *to, double x, double y) {
    NAME(add_one)(&to->x, x);
    NAME(add_one)(&to->y, y);
    NAME(add_one)(&to->xy, x * y);
    NAME(add_one)(&to->xx, x * x);
}

static void NAME(lines)(const double *values, const double *times, const double *zeros, mon_windows windows,
                        mon_line *lines) {
    for (size_t place = 0; place < windows.count; place += 4) {
        NAME(group) group = NAME(group_of)(values, windows, place, 4);
        const double *moments[4];
        four zero, sum[4] = {{0}}, error[4] = {{0}}, thousand = {1000, 1000, 1000, 1000};
        for (size_t lane = 0; lane < 4; lane++) {
            moments[lane] = times + group.first[lane];
            zero[lane] = zeros[place + (lane < group.count ? lane : group.count - 1)];
        }
        for (size_t i = 0; i < group.shared; i++) {
            four x = (NAME(four)(moments, i) - zero) / thousand, y = NAME(four)(group.at, i);
            NAME(add)(&sum[0], &error[0], x);
            NAME(add)(&sum[1], &error[1], y);
            NAME(add)(&sum[2], &error[2], x * y);
            NAME(add)(&sum[3], &error[3], x * x);
        }
        for (size_t lane = 0; lane < group.count; lane++) {
            mon_line one = {{sum[0][lane], error[0][lane]},
                            {sum[1][lane], error[1][lane]},
                            {sum[2][lane], error[2][lane]},
                            {sum[3][lane], error[3][lane]}};
            for (size_t i = group.shared; i < group.length[lane]; i++)
                NAME(add_point)(&one, (moments[lane][i] - zero[lane]) / 1000, group.at[lane][i]);
            lines[place + lane] = one;
        }
    }
}
