// The AVX2 twin of the loops of search by inverted lists.
#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#define LISTS pawl_lists_avx2
#define INLINE static inline __attribute__((always_inline))

/// Half blocks, two tables each, whose entries are added as bytes before they are widened.
enum { RUN = 4 };
_Static_assert(RUN * PAWL_BITS_LIMIT <= 255, "the sums of a run are bytes");

/// Lanes below n of the eight.
INLINE __m256i first(size_t n) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n < 8 ? (int)n : 8), lane);
}

/// Sums of 16 codes by two tables, one in each half. `words` adds up the bytes two by two as words,
/// `odd` the upper byte of each, so that words − 256 · odd are the sums of the lower ones.
typedef struct { __m256i words, odd; } halves;

INLINE halves widen(halves sums, __m256i bytes) {
  return (halves){_mm256_add_epi16(sums.words, bytes),
                  _mm256_add_epi16(sums.odd, _mm256_srli_epi16(bytes, 8))};
}

/// Adds `count` ≤ RUN half blocks of a group.
INLINE void add_blocks(size_t count, const uint8_t *tables, const uint8_t *codes, halves sums[2]) {
  const __m256i low = _mm256_set1_epi8(15);
  __m256i bytes[2];
#pragma clang loop unroll(full)
  for (size_t b = 0; b < count; b++) {
    const __m256i table = _mm256_loadu_si256((const __m256i *)(tables + b * 32));
    const uint8_t *half = codes + b * 32;
    if (b % 2 == 0) __builtin_prefetch((const void *)((uintptr_t)half + PAWL_FETCH_AHEAD));
    const __m256i both = _mm256_loadu_si256((const __m256i *)half);
    const __m256i found[2] = {
        _mm256_shuffle_epi8(table, _mm256_and_si256(both, low)),
        _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(both, 4), low))};
    for (size_t h = 0; h < 2; h++)
      bytes[h] = b == 0 ? found[h] : _mm256_add_epi8(bytes[h], found[h]);
  }
  for (size_t h = 0; h < 2; h++) sums[h] = widen(sums[h], bytes[h]);
}

/// The sums of 16 codes as words, in order.
INLINE __m256i in_order(halves sums) {
  const __m256i even = _mm256_sub_epi16(sums.words, _mm256_slli_epi16(sums.odd, 8));
  const __m256i lower = _mm256_unpacklo_epi16(even, sums.odd);
  const __m256i upper = _mm256_unpackhi_epi16(even, sums.odd);
  return _mm256_add_epi16(_mm256_permute2x128_si256(lower, upper, 0x20),
                          _mm256_permute2x128_si256(lower, upper, 0x31));
}

/// Writes the estimates of up to 8 codes.
INLINE void estimate(const pawl_bit_query *query, __m256i sums, size_t n, const char *factors,
                     const char *offsets, float c, float *estimates) {
  const __m256i signed_sums =
      _mm256_sub_epi32(_mm256_slli_epi32(sums, 1), _mm256_set1_epi32(query->offset));
  const __m256 product =
      _mm256_mul_ps(_mm256_cvtepi32_ps(signed_sums), _mm256_set1_ps(query->step));
  const __m256i those = first(n);
  const __m256 f = _mm256_maskload_ps((const float *)factors, those);
  const __m256 g = _mm256_maskload_ps((const float *)offsets, those);
  const __m256 sum = _mm256_add_ps(_mm256_fmadd_ps(f, product, g), _mm256_set1_ps(c));
  _mm256_maskstore_ps(estimates, those, sum);
}

/// One group that n codes begin.
INLINE void scan_group(const pawl_bit_query *query, size_t n, const uint8_t *codes,
                       const char *factors, const char *offsets, float c, float *estimates) {
  __m256i all[4] = {0};
  for (size_t start = 0; start < query->blocks; start += PAWL_BITS_STRETCH) {
    const size_t left = query->blocks - start;
    const size_t end = start + (left < PAWL_BITS_STRETCH ? left : PAWL_BITS_STRETCH);
    halves sums[2] = {0};
    size_t block = start;
    for (; block + RUN / 2 <= end; block += RUN / 2)
      add_blocks(RUN, query->tables + block * 64, codes + block * 64, sums);
    if (block < end) add_blocks(RUN / 2, query->tables + block * 64, codes + block * 64, sums);
#pragma clang loop unroll(full)
    for (size_t h = 0; h < 2; h++) {
      const __m256i words = in_order(sums[h]);
      const __m256i low = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(words));
      const __m256i high = _mm256_cvtepu16_epi32(_mm256_extracti128_si256(words, 1));
      all[h * 2] = _mm256_add_epi32(all[h * 2], low);
      all[h * 2 + 1] = _mm256_add_epi32(all[h * 2 + 1], high);
    }
  }
#pragma clang loop unroll(full)
  for (size_t i = 0; i < 4; i++)
    if (i * 8 < n)
      estimate(query, all[i], n - i * 8, factors + i * 32, offsets + i * 32, c, estimates + i * 8);
}

static void scan_bits(const pawl_bit_query *query, size_t n, const uint8_t *groups,
                      const void *factors, const void *offsets, float c, float *estimates) {
  const char *f = factors, *g = offsets;
  for (size_t i = 0; i < n; i += PAWL_BITS_GROUP, groups += query->blocks * 64)
    scan_group(query, n - i, groups, f + i * 4, g + i * 4, c, estimates + i);
}

static size_t select_at_least(size_t n, const float *scores, float threshold,
                              uint32_t *positions) {
  const __m256 least = _mm256_set1_ps(threshold);
  size_t count = 0;
  for (size_t i = 0; i < n; i += 8) {
    const __m256i those = first(n - i);
    const __m256 passes =
        _mm256_cmp_ps(_mm256_maskload_ps(scores + i, those), least, _CMP_GE_OQ);
    unsigned passing =
        (unsigned)_mm256_movemask_ps(_mm256_and_ps(passes, _mm256_castsi256_ps(those)));
    for (; passing; passing &= passing - 1)
      positions[count++] = (uint32_t)i + (uint32_t)__builtin_ctz(passing);
  }
  return count;
}

INLINE __m256i add_products(__m256i sum, __m256i query, __m256i code) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(query, code));
}

INLINE __m256i load_words(const int16_t *words) {
  return _mm256_loadu_si256((const __m256i *)words);
}

INLINE __m256i load_code(const int8_t *code) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)code));
}

/// The sums of each of four vectors.
INLINE __m128i add_lanes(const __m256i v[4]) {
  const __m256i four =
      _mm256_hadd_epi32(_mm256_hadd_epi32(v[0], v[1]), _mm256_hadd_epi32(v[2], v[3]));
  return _mm_add_epi32(_mm256_castsi256_si128(four), _mm256_extracti128_si256(four, 1));
}

enum { QUERIES = 2 };

/// Up to four rows for one query, or QUERIES. Rows of one are asked for ahead; those of many come again.
INLINE void scan_rows(size_t rows, size_t queries, size_t D, const int16_t *query,
                      const float *factors, const int8_t *codes, const char *scales, size_t stride,
                      float *scores) {
  __m256i sums[QUERIES][4] = {0};
  size_t i = 0;
  for (; i + 16 <= D; i += 16)
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
      const int8_t *bytes = codes + r * D + i;
      if (queries == 1 && i % 64 == 0)
        _mm_prefetch((const char *)((uintptr_t)bytes + PAWL_FETCH_AHEAD), _MM_HINT_T0);
      const __m256i code = load_code(bytes);
#pragma clang loop unroll(full)
      for (size_t q = 0; q < queries; q++)
        sums[q][r] = add_products(sums[q][r], load_words(query + q * D + i), code);
    }
  if (i < D) {
    int16_t x[QUERIES][16] = {0};
    for (size_t q = 0; q < queries; q++)
      __builtin_memcpy(x[q], query + q * D + i, (D - i) * sizeof **x);
    for (size_t r = 0; r < rows; r++) {
      int8_t rest[16] = {0};
      __builtin_memcpy(rest, codes + r * D + i, D - i);
      for (size_t q = 0; q < queries; q++)
        sums[q][r] = add_products(sums[q][r], load_words(x[q]), load_code(rest));
    }
  }
  float scale[4];
  __builtin_memcpy(scale, scales, rows * sizeof *scale);
  for (size_t q = 0; q < queries; q++) {
    float found[4];
    _mm_storeu_ps(found, _mm_cvtepi32_ps(add_lanes(sums[q])));
    for (size_t r = 0; r < rows; r++) scores[q * stride + r] = found[r] * (scale[r] * factors[q]);
  }
}

#include "lists.inc"

#pragma clang attribute pop
#endif
