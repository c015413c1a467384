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
__attribute__((target("sse4.2"))) static uint32_t with_instruction(uint32_t crc, const uint8_t *bytes, size_t length) {
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
