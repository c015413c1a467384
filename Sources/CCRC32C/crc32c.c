#include "CCRC32C.h"

#include <string.h>

// Eight tables for eight bytes a step; made from the reflected polynomial at first use by a constructor.
static uint32_t tables[8][256];

__attribute__((constructor)) static void fill_tables(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0x82F63B78u & (0u - (crc & 1u)));
        tables[0][i] = crc;
    }
    for (int t = 1; t < 8; t++)
        for (uint32_t i = 0; i < 256; i++) tables[t][i] = (tables[t - 1][i] >> 8) ^ tables[0][tables[t - 1][i] & 255];
}

static uint32_t portable(uint32_t crc, const uint8_t *bytes, size_t length) {
    while (length >= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        word ^= crc;
        crc = 0;
        for (int t = 0; t < 8; t++) crc ^= tables[7 - t][(word >> (8 * t)) & 255];
        bytes += 8;
        length -= 8;
    }
    while (length--) crc = (crc >> 8) ^ tables[0][(crc ^ *bytes++) & 255];
    return crc;
}

#if defined(__x86_64__)
// An instruction waits three cycles for the one before it. So three parts of a long string are done at once, and what
// the first two would have become behind the zeros of the others is looked up: that is linear in each byte of a CRC.
enum { PART = 336 };
static uint32_t behind_one[4][256], behind_two[4][256];

__attribute__((target("sse4.2"))) static uint32_t behind_zeros(uint32_t crc, size_t words) {
    uint64_t wide = crc;
    while (words--) wide = __builtin_ia32_crc32di(wide, 0);
    return (uint32_t)wide;
}

__attribute__((constructor)) static void fill_parts(void) {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("sse4.2")) return;
    for (int bit = 0; bit < 32; bit++) {
        uint32_t one = behind_zeros(1u << bit, PART / 8), two = behind_zeros(one, PART / 8);
        // All bytes whose highest bit this is.
        uint32_t *ones = behind_one[bit / 8], *twos = behind_two[bit / 8], high = 1u << bit % 8;
        for (uint32_t low = 0; low < high; low++) {
            ones[high + low] = ones[low] ^ one;
            twos[high + low] = twos[low] ^ two;
        }
    }
}

static uint32_t look_up(uint32_t table[4][256], uint32_t crc) {
    return table[0][crc & 255] ^ table[1][crc >> 8 & 255] ^ table[2][crc >> 16 & 255] ^ table[3][crc >> 24];
}

__attribute__((target("sse4.2"))) static uint32_t with_instruction(uint32_t crc, const uint8_t *bytes, size_t length) {
    while (length >= 3 * PART) {
        uint64_t a = crc, b = 0, c = 0, word;
        for (int i = 0; i < PART; i += 8) {
            memcpy(&word, bytes + i, 8);
            a = __builtin_ia32_crc32di(a, word);
            memcpy(&word, bytes + PART + i, 8);
            b = __builtin_ia32_crc32di(b, word);
            memcpy(&word, bytes + 2 * PART + i, 8);
            c = __builtin_ia32_crc32di(c, word);
        }
        crc = look_up(behind_two, (uint32_t)a) ^ look_up(behind_one, (uint32_t)b) ^ (uint32_t)c;
        bytes += 3 * PART;
        length -= 3 * PART;
    }
    uint64_t wide = crc;
    while (length >= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        wide = __builtin_ia32_crc32di(wide, word);
        bytes += 8;
        length -= 8;
    }
    crc = (uint32_t)wide;
    while (length--) crc = __builtin_ia32_crc32qi(crc, *bytes++);
    return crc;
}

uint32_t mon_crc32c(uint32_t crc, const void *bytes, size_t length) {
    crc = ~crc;
    return ~(__builtin_cpu_supports("sse4.2") ? with_instruction(crc, bytes, length) : portable(crc, bytes, length));
}
#else
uint32_t mon_crc32c(uint32_t crc, const void *bytes, size_t length) { return ~portable(~crc, bytes, length); }
#endif
