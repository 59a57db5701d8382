// The AVX2 twin of products of 12 bits.
#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#include "avx2.inc"

#define INT12 pawl_int12_avx2
#define INT12_NAME "avx2"
// 8 accumulators, two halves of a column, a broadcast pair and two products: 13 of 16 registers.
#define TILE_ROWS 4
#define TILE_PANELS 1

typedef struct { __m256i low, high; } sums;
/// 32 numbers of 16 bits.
typedef sums numbers;

VEC_INLINE sums no_sums(void) { return (sums){_mm256_setzero_si256(), _mm256_setzero_si256()}; }
VEC_INLINE numbers load_numbers(const int16_t *p) {
  return (numbers){_mm256_loadu_si256((const __m256i *)p),
                   _mm256_loadu_si256((const __m256i *)(p + 16))};
}
VEC_INLINE numbers set_pairs(int32_t pair) {
  return (numbers){_mm256_set1_epi32(pair), _mm256_set1_epi32(pair)};
}
VEC_INLINE sums add_products(sums all, numbers a, numbers b) {
  return (sums){_mm256_add_epi32(all.low, _mm256_madd_epi16(a.low, b.low)),
                _mm256_add_epi32(all.high, _mm256_madd_epi16(a.high, b.high))};
}
VEC_INLINE vec to_floats(sums v) {
  return pair(_mm256_cvtepi32_ps(v.low), _mm256_cvtepi32_ps(v.high));
}
VEC_INLINE __m256i magnitude_half(__m256 v) {
  return _mm256_and_si256(_mm256_castps_si256(v), _mm256_set1_epi32(0x7fffffff));
}
VEC_INLINE sums greater_magnitude(sums greatest, vec v) {
  return (sums){_mm256_max_epi32(greatest.low, magnitude_half(v.low)),
                _mm256_max_epi32(greatest.high, magnitude_half(v.high))};
}
VEC_INLINE uint32_t greatest_lane(sums v) {
  const __m256i eight = _mm256_max_epi32(v.low, v.high);
  __m128i four = _mm_max_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  four = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  return (uint32_t)_mm_cvtsi128_si32(_mm_max_epi32(four, _mm_shuffle_epi32(four, 0xb1)));
}

/// Rounds 16 numbers of four rows, each as two halves, and writes their pairs side by side.
VEC_INLINE void store_half(const vec *four, int16_t *codes) {
  __m256i row[4];
  // In each half: four numbers of the low part, then four of the high one.
  for (int r = 0; r < 4; r++)
    row[r] = _mm256_packs_epi32(_mm256_cvtps_epi32(four[r].low), _mm256_cvtps_epi32(four[r].high));
  const __m256i a = _mm256_unpacklo_epi32(row[0], row[1]), b = _mm256_unpacklo_epi32(row[2], row[3]);
  const __m256i c = _mm256_unpackhi_epi32(row[0], row[1]), d = _mm256_unpackhi_epi32(row[2], row[3]);
  // The halves of a vector are now the four rows' pairs 0 and 2, 1 and 3, 4 and 6, 5 and 7.
  const __m256i even = _mm256_unpacklo_epi64(a, b), odd = _mm256_unpackhi_epi64(a, b);
  const __m256i even_high = _mm256_unpacklo_epi64(c, d), odd_high = _mm256_unpackhi_epi64(c, d);
  __m256i *const out = (__m256i *)codes;
  _mm256_storeu_si256(out, _mm256_permute2x128_si256(even, odd, 0x20));
  _mm256_storeu_si256(out + 1, _mm256_permute2x128_si256(even, odd, 0x31));
  _mm256_storeu_si256(out + 2, _mm256_permute2x128_si256(even_high, odd_high, 0x20));
  _mm256_storeu_si256(out + 3, _mm256_permute2x128_si256(even_high, odd_high, 0x31));
}
VEC_INLINE void store_pairs(const vec *low, const vec *high, int16_t *codes) {
  store_half(low, codes);
  store_half(high, codes + 64);
}

#include "int12.inc"

#pragma clang attribute pop
#endif
