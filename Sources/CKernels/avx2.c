// The AVX2 twin: `vec` is a pair of registers.
#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#define TWIN pawl_avx2
#define TWIN_NAME "avx2"
#define TWIN_LISTS pawl_lists_avx2
// 12 accumulators, two halves of a column and one broadcast value: 15 of 16 registers.
#define TILE_ROWS 6
#define TILE_PANELS 1
#define VEC_INLINE static inline __attribute__((always_inline))

typedef struct { __m256 low, high; } vec;

/// Lanes below n, of the eight that start at `start`.
VEC_INLINE __m256i first(size_t n, int start) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const int left = (n < PAWL_PANEL ? (int)n : PAWL_PANEL) - start;
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(left), lane);
}
VEC_INLINE vec pair(__m256 low, __m256 high) { return (vec){low, high}; }
VEC_INLINE vec set1(float x) { return pair(_mm256_set1_ps(x), _mm256_set1_ps(x)); }
VEC_INLINE vec load(const float *p) { return pair(_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)); }
VEC_INLINE void store(float *p, vec v) {
  _mm256_storeu_ps(p, v.low);
  _mm256_storeu_ps(p + 8, v.high);
}
VEC_INLINE vec load_part(const float *p, size_t n) {
  return pair(_mm256_maskload_ps(p, first(n, 0)), _mm256_maskload_ps(p + 8, first(n, 8)));
}
VEC_INLINE void store_part(float *p, vec v, size_t n) {
  _mm256_maskstore_ps(p, first(n, 0), v.low);
  _mm256_maskstore_ps(p + 8, first(n, 8), v.high);
}
VEC_INLINE vec keep(vec v, size_t n) {
  return pair(_mm256_and_ps(v.low, _mm256_castsi256_ps(first(n, 0))),
              _mm256_and_ps(v.high, _mm256_castsi256_ps(first(n, 8))));
}
VEC_INLINE vec or_first(vec v, float x, size_t n) {
  const __m256 other = _mm256_set1_ps(x);
  return pair(_mm256_blendv_ps(other, v.low, _mm256_castsi256_ps(first(n, 0))),
              _mm256_blendv_ps(other, v.high, _mm256_castsi256_ps(first(n, 8))));
}
#define BOTH(name, operation)                                                                      \
  VEC_INLINE vec name(vec a, vec b) {                                                              \
    return pair(operation(a.low, b.low), operation(a.high, b.high));                               \
  }
BOTH(add, _mm256_add_ps)
BOTH(sub, _mm256_sub_ps)
BOTH(mul, _mm256_mul_ps)
BOTH(div_, _mm256_div_ps)
BOTH(max_, _mm256_max_ps)
BOTH(min_, _mm256_min_ps)
VEC_INLINE vec fma_(vec a, vec b, vec c) {
  return pair(_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high));
}
VEC_INLINE __m256 round_half(__m256 a) {
  return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
VEC_INLINE vec round_(vec a) { return pair(round_half(a.low), round_half(a.high)); }
VEC_INLINE __m256 power_half(__m256 n) {
  const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
  return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
}
VEC_INLINE vec power_of_2(vec n) { return pair(power_half(n.low), power_half(n.high)); }
VEC_INLINE __m256 upper(vec v) { return v.high; }
VEC_INLINE __m256 lower(vec v) { return v.low; }
VEC_INLINE __m256 half_int8(const int8_t *p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
VEC_INLINE vec load_int8(const int8_t *p) { return pair(half_int8(p), half_int8(p + 8)); }
VEC_INLINE __m256 half_float16(const char *p) {
  return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}
VEC_INLINE vec load_float16(const void *p) { return pair(half_float16(p), half_float16((const char *)p + 16)); }
VEC_INLINE vec load_float32(const void *p) { return load(p); }
VEC_INLINE void store_float16(uint16_t *p, vec v) {
  _mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph(v.low, _MM_FROUND_TO_NEAREST_INT));
  _mm_storeu_si128((__m128i *)(p + 8), _mm256_cvtps_ph(v.high, _MM_FROUND_TO_NEAREST_INT));
}

#include "tree.inc"
#include "twin.inc"

typedef struct { __m256i low, high; } sums;
typedef sums four_bytes;
VEC_INLINE sums no_sums(void) { return (sums){_mm256_setzero_si256(), _mm256_setzero_si256()}; }
VEC_INLINE sums load_sums(const void *p) {
  const __m256i *from = p;
  return (sums){_mm256_loadu_si256(from), _mm256_loadu_si256(from + 1)};
}
VEC_INLINE four_bytes load_bytes(const uint8_t *p) { return load_sums(p); }
VEC_INLINE void store_sums(int32_t *p, sums v) {
  _mm256_storeu_si256((__m256i *)p, v.low);
  _mm256_storeu_si256((__m256i *)(p + 8), v.high);
}
VEC_INLINE vec sums_to_floats(const int32_t *p, int32_t offset) {
  const sums found = load_sums(p);
  const __m256i all = _mm256_set1_epi32(offset);
  return pair(_mm256_cvtepi32_ps(_mm256_add_epi32(found.low, all)),
              _mm256_cvtepi32_ps(_mm256_add_epi32(found.high, all)));
}
VEC_INLINE unsigned not_below(vec a, vec b) {
  return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(a.low, b.low, _CMP_GE_OQ)) |
         (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(a.high, b.high, _CMP_GE_OQ)) << 8;
}
/// Adds pairs of sums of 16 bits.
VEC_INLINE __m256i add_pairs(__m256i all, __m256i pairs) {
  return _mm256_add_epi32(all, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
VEC_INLINE sums multiply_add(sums all, four_bytes codes, int32_t four) {
  const __m256i query = _mm256_set1_epi32(four);
  return (sums){add_pairs(all.low, _mm256_maddubs_epi16(codes.low, query)),
                add_pairs(all.high, _mm256_maddubs_epi16(codes.high, query))};
}
VEC_INLINE __m256i pairs_of_two(__m256i a, __m256i q, __m256i b, __m256i next) {
  return _mm256_add_epi16(_mm256_maddubs_epi16(a, q), _mm256_maddubs_epi16(b, next));
}
VEC_INLINE sums multiply_add_two(sums all, four_bytes a, int32_t four, four_bytes b, int32_t next) {
  const __m256i first = _mm256_set1_epi32(four), second = _mm256_set1_epi32(next);
  return (sums){add_pairs(all.low, pairs_of_two(a.low, first, b.low, second)),
                add_pairs(all.high, pairs_of_two(a.high, first, b.high, second))};
}

// Sums of four products fit into 16 bits, 4 · 255 · 32 < 32,768, so that three multiplications do for
// two steps: a quarter faster than 7 bits and four, for a third more candidates: 13 % of a search for the
// best 200, nothing of one for the best 1,000.
#define FILTER_TWO_STEPS
#define FILTER_LIMIT 32
#define FILTER pawl_filter_avx2
#define FILTER_NAME "avx2"
// 8 accumulators, two columns of two halves, two broadcast queries, the ones, a product: all 16
// registers.
#define FILTER_ROWS 4
#define FILTER_PANELS 1
#include "filter.inc"

#pragma clang attribute pop
#endif
