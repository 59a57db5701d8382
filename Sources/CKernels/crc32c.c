// CRC32C by tables, and by the instruction of SSE 4.2 where the processor has it.
#include "crc32c.h"

#include <string.h>

typedef uint32_t crc_function(uint32_t, const void *, size_t);

/// tables[k][b]: the remainder of byte b followed by k zero bytes. Filled before `main`.
static uint32_t tables[8][256];

/// Slicing by 8: eight independent look-ups for each eight bytes.
/// Source: Kounavis & Berry 2005, "A systematic approach to building high performance,
/// software-based, CRC generators".
uint32_t pawl_crc32c_portable(uint32_t seed, const void *bytes, size_t count) {
  const uint8_t *p = bytes;
  uint32_t crc = ~seed;
  for (; count >= 8; p += 8, count -= 8) {
    crc ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    crc = tables[7][crc & 255] ^ tables[6][crc >> 8 & 255] ^ tables[5][crc >> 16 & 255] ^
          tables[4][crc >> 24] ^ tables[3][p[4]] ^ tables[2][p[5]] ^ tables[1][p[6]] ^
          tables[0][p[7]];
  }
  for (; count > 0; p++, count--) crc = crc >> 8 ^ tables[0][(crc ^ *p) & 255];
  return ~crc;
}

#if defined(__x86_64__)
#include <immintrin.h>

/// Bytes of one of the three lanes. The instruction takes a new operand each cycle and answers three
/// cycles later, so one lane alone would leave two thirds of it idle; 512 makes joining the lanes
/// cost about 7 %.
enum { LANE = 512 };
/// x^(8·LANE − 33) and x^(16·LANE − 33) modulo the polynomial, reflected: what carries a remainder
/// over one lane and over two. The 33 is what the product of two reflected factors and the reduction
/// of 64 bits add.
#define OVER_ONE_LANE 0xdd7e3b0cu
#define OVER_TWO_LANES 0x170076fau

static inline uint64_t load64(const uint8_t *p) {
  uint64_t word;
  memcpy(&word, p, sizeof word);
  return word;
}

/// The remainder `crc` after the zero bytes that `power` stands for.
__attribute__((target("sse4.2,pclmul"))) static inline uint32_t carry(uint32_t crc,
                                                                      uint32_t power) {
  const __m128i product =
      _mm_clmulepi64_si128(_mm_cvtsi32_si128((int)crc), _mm_cvtsi32_si128((int)power), 0);
  return (uint32_t)_mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

/// Three lanes at once while three are left, then one.
/// Source: Gopal et al. 2011, "Fast CRC computation for iSCSI polynomial using CRC32 instruction".
__attribute__((target("sse4.2,pclmul"))) static uint32_t accelerated(uint32_t seed,
                                                                     const void *bytes,
                                                                     size_t count) {
  const uint8_t *p = bytes;
  uint64_t first = ~seed;
  for (; count >= 3 * LANE; p += 3 * LANE, count -= 3 * LANE) {
    uint64_t second = 0, third = 0;
    for (size_t i = 0; i < LANE; i += 8) {
      first = _mm_crc32_u64(first, load64(p + i));
      second = _mm_crc32_u64(second, load64(p + LANE + i));
      third = _mm_crc32_u64(third, load64(p + 2 * LANE + i));
    }
    first = carry((uint32_t)first, OVER_TWO_LANES) ^ carry((uint32_t)second, OVER_ONE_LANE) ^ third;
  }
  for (; count >= 8; p += 8, count -= 8) first = _mm_crc32_u64(first, load64(p));
  uint32_t crc = (uint32_t)first;
  for (; count > 0; p++, count--) crc = _mm_crc32_u8(crc, *p);
  return ~crc;
}
#endif

static crc_function *chosen = pawl_crc32c_portable;

/// Fills the tables and chooses, once, before anything can ask.
__attribute__((constructor)) static void prepare(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
    tables[0][byte] = crc;
  }
  for (uint32_t byte = 0; byte < 256; byte++)
    for (int k = 1; k < 8; k++)
      tables[k][byte] = tables[k - 1][byte] >> 8 ^ tables[0][tables[k - 1][byte] & 255];
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul")) chosen = accelerated;
#endif
}

uint32_t pawl_crc32c(uint32_t seed, const void *bytes, size_t count) {
  return chosen(seed, bytes, count);
}

bool pawl_crc32c_is_accelerated(void) { return chosen != pawl_crc32c_portable; }
