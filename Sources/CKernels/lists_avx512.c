// The AVX-512 twin of the loops of search by inverted lists.
#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"))), apply_to = function)

#define LISTS pawl_lists_avx512
#define INLINE static inline __attribute__((always_inline))

/// Blocks whose entries are added as bytes before they are widened.
enum { RUN = 4 };
_Static_assert(RUN * PAWL_BITS_LIMIT <= 255, "the sums of a run are bytes");

/// The first n of 16 floats, if it is so many.
INLINE __mmask16 first(size_t n) {
  return n < 16 ? (__mmask16)((1u << n) - 1) : (__mmask16)0xffff;
}

/// Sums of 16 codes by four tables, one table in each quarter. `words` adds up the bytes two by two as
/// words, `odd` the upper byte of each, so that words − 256 · odd are the sums of the lower ones.
typedef struct { __m512i words, odd; } halves;

INLINE halves widen(halves sums, __m512i bytes) {
  return (halves){_mm512_add_epi16(sums.words, bytes),
                  _mm512_add_epi16(sums.odd, _mm512_srli_epi16(bytes, 8))};
}

/// Adds `count` ≤ RUN blocks of `groups` groups that lie `stride` bytes apart: all loads of the tables
/// serve all groups.
INLINE void add_blocks(size_t count, size_t groups, const uint8_t *tables, const uint8_t *codes,
                       size_t stride, halves sums[][2]) {
  const __m512i low = _mm512_set1_epi8(15);
  __m512i bytes[2][2];
#pragma clang loop unroll(full)
  for (size_t b = 0; b < count; b++) {
    const __m512i table = _mm512_loadu_si512(tables + b * 64);
#pragma clang loop unroll(full)
    for (size_t g = 0; g < groups; g++) {
      const uint8_t *line = codes + g * stride + b * 64;
      __builtin_prefetch((const void *)((uintptr_t)line + PAWL_FETCH_AHEAD));
      const __m512i both = _mm512_loadu_si512(line);
      const __m512i found[2] = {
          _mm512_shuffle_epi8(table, _mm512_and_si512(both, low)),
          _mm512_shuffle_epi8(table, _mm512_and_si512(_mm512_srli_epi16(both, 4), low))};
      for (size_t h = 0; h < 2; h++)
        bytes[g][h] = b == 0 ? found[h] : _mm512_add_epi8(bytes[g][h], found[h]);
    }
  }
#pragma clang loop unroll(full)
  for (size_t g = 0; g < groups; g++)
    for (size_t h = 0; h < 2; h++) sums[g][h] = widen(sums[g][h], bytes[g][h]);
}

/// The sums of a group's 32 codes as words, in order.
INLINE __m512i in_order(const halves sums[2]) {
  __m512i quarters[2];
  for (size_t h = 0; h < 2; h++) {
    const __m512i odd = sums[h].odd;
    const __m512i even = _mm512_sub_epi16(sums[h].words, _mm512_slli_epi16(odd, 8));
    const __m512i lower = _mm512_unpacklo_epi16(even, odd);
    const __m512i upper = _mm512_unpackhi_epi16(even, odd);
    // Four quarters of 8 codes each, twice: the two pairs of quarters are added.
    quarters[h] = _mm512_add_epi16(_mm512_shuffle_i64x2(lower, upper, 0x44),
                                   _mm512_shuffle_i64x2(lower, upper, 0xee));
  }
  return _mm512_add_epi16(_mm512_shuffle_i64x2(quarters[0], quarters[1], 0x88),
                          _mm512_shuffle_i64x2(quarters[0], quarters[1], 0xdd));
}

/// Writes the estimates of up to 16 codes.
INLINE void estimate(const pawl_bit_query *query, __m512i sums, size_t n, const char *factors,
                     const char *offsets, float c, float *estimates) {
  const __mmask16 those = first(n);
  const __m512i signed_sums =
      _mm512_sub_epi32(_mm512_slli_epi32(sums, 1), _mm512_set1_epi32(query->offset));
  const __m512 product =
      _mm512_mul_ps(_mm512_cvtepi32_ps(signed_sums), _mm512_set1_ps(query->step));
  const __m512 sum = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(those, factors), product,
                                     _mm512_maskz_loadu_ps(those, offsets));
  _mm512_mask_storeu_ps(estimates, those, _mm512_add_ps(sum, _mm512_set1_ps(c)));
}

/// One or two groups that n > (groups − 1) · 32 codes begin.
INLINE void scan_groups(size_t groups, const pawl_bit_query *query, size_t n, const uint8_t *codes,
                        const char *factors, const char *offsets, float c, float *estimates) {
  const size_t stride = query->blocks * 64;
  __m512i all[2][2] = {0};
  for (size_t start = 0; start < query->blocks; start += PAWL_BITS_STRETCH) {
    const size_t left = query->blocks - start;
    const size_t end = start + (left < PAWL_BITS_STRETCH ? left : PAWL_BITS_STRETCH);
    halves sums[2][2] = {0};
    size_t block = start;
    for (; block + RUN <= end; block += RUN)
      add_blocks(RUN, groups, query->tables + block * 64, codes + block * 64, stride, sums);
    for (; block < end; block++)
      add_blocks(1, groups, query->tables + block * 64, codes + block * 64, stride, sums);
#pragma clang loop unroll(full)
    for (size_t g = 0; g < groups; g++) {
      const __m512i words = in_order(sums[g]);
      all[g][0] = _mm512_add_epi32(all[g][0], _mm512_cvtepu16_epi32(_mm512_castsi512_si256(words)));
      all[g][1] =
          _mm512_add_epi32(all[g][1], _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(words, 1)));
    }
  }
#pragma clang loop unroll(full)
  for (size_t i = 0; i < 2 * groups; i++)
    if (i * 16 < n)
      estimate(query, all[i / 2][i % 2], n - i * 16, factors + i * 64, offsets + i * 64, c,
               estimates + i * 16);
}

static void scan_bits(const pawl_bit_query *query, size_t n, const uint8_t *groups,
                      const void *factors, const void *offsets, float c, float *estimates) {
  const char *f = factors, *g = offsets;
  const size_t group_bytes = query->blocks * 64;
  for (size_t i = 0; i < n;) {
    const uint8_t *codes = groups + i / PAWL_BITS_GROUP * group_bytes;
    if (n - i > PAWL_BITS_GROUP) {
      scan_groups(2, query, n - i, codes, f + i * 4, g + i * 4, c, estimates + i);
      i += 2 * PAWL_BITS_GROUP;
    } else {
      scan_groups(1, query, n - i, codes, f + i * 4, g + i * 4, c, estimates + i);
      i += PAWL_BITS_GROUP;
    }
  }
}

static size_t select_at_least(size_t n, const float *scores, float threshold,
                              uint32_t *positions) {
  const __m512 least = _mm512_set1_ps(threshold);
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  size_t count = 0;
  for (size_t i = 0; i < n; i += 16) {
    const __mmask16 those = first(n - i);
    const __mmask16 passing = _mm512_mask_cmp_ps_mask(
        those, _mm512_maskz_loadu_ps(those, scores + i), least, _CMP_GE_OQ);
    if (!passing) continue;
    // Compressed in a register: to memory it takes some processors a hundred cycles.
    const __m512i found = _mm512_maskz_compress_epi32(
        passing, _mm512_add_epi32(lane, _mm512_set1_epi32((int)i)));
    const size_t more = (size_t)__builtin_popcount(passing);
    _mm512_mask_storeu_epi32(positions + count, first(more), found);
    count += more;
  }
  return count;
}

INLINE __m512i add_products(__m512i sum, __m512i query, __m512i code) {
  return _mm512_add_epi32(sum, _mm512_madd_epi16(query, code));
}

/// The sums of each of four vectors.
INLINE __m128i add_lanes(const __m512i v[4]) {
  const __m512i a =
      _mm512_add_epi32(_mm512_unpacklo_epi32(v[0], v[1]), _mm512_unpackhi_epi32(v[0], v[1]));
  const __m512i b =
      _mm512_add_epi32(_mm512_unpacklo_epi32(v[2], v[3]), _mm512_unpackhi_epi32(v[2], v[3]));
  const __m512i four = _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
  const __m256i two =
      _mm256_add_epi32(_mm512_castsi512_si256(four), _mm512_extracti64x4_epi64(four, 1));
  return _mm_add_epi32(_mm256_castsi256_si128(two), _mm256_extracti128_si256(two, 1));
}

enum { QUERIES = 4 };

/// Up to four rows for one query, or QUERIES. Rows of one are asked for ahead; those of many come again.
INLINE void scan_rows(size_t rows, size_t queries, size_t D, const int16_t *query,
                      const float *factors, const int8_t *codes, const char *scales, size_t stride,
                      float *scores) {
  __m512i sums[QUERIES][4] = {0}, x[QUERIES];
  size_t i = 0;
  for (; i + 32 <= D; i += 32) {
#pragma clang loop unroll(full)
    for (size_t q = 0; q < queries; q++) x[q] = _mm512_loadu_si512(query + q * D + i);
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
      const int8_t *bytes = codes + r * D + i;
      if (queries == 1)
        _mm_prefetch((const char *)((uintptr_t)bytes + PAWL_FETCH_AHEAD), _MM_HINT_T0);
      const __m512i code = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)bytes));
#pragma clang loop unroll(full)
      for (size_t q = 0; q < queries; q++) sums[q][r] = add_products(sums[q][r], x[q], code);
    }
  }
  if (i < D) {
    const __mmask32 those = (__mmask32)((1ull << (D - i)) - 1);
    for (size_t q = 0; q < queries; q++) x[q] = _mm512_maskz_loadu_epi16(those, query + q * D + i);
    for (size_t r = 0; r < rows; r++) {
      const __m512i code =
          _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(those, codes + r * D + i));
      for (size_t q = 0; q < queries; q++) sums[q][r] = add_products(sums[q][r], x[q], code);
    }
  }
  const __mmask8 those = (__mmask8)((1u << rows) - 1);
  const __m128 scale = _mm_maskz_loadu_ps(those, scales);
#pragma clang loop unroll(full)
  for (size_t q = 0; q < queries; q++) {
    const __m128 factor = _mm_mul_ps(scale, _mm_set1_ps(factors[q]));
    _mm_mask_storeu_ps(scores + q * stride, those,
                       _mm_mul_ps(_mm_cvtepi32_ps(add_lanes(sums[q])), factor));
  }
}

#include "lists.inc"

#pragma clang attribute pop
#endif
