// The AVX2 twin: `vec` is a pair of registers.
#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#define TWIN pawl_avx2
#define TWIN_NAME "avx2"
#define TWIN_LISTS pawl_lists_avx2
#define TWIN_TRAINING pawl_training_avx2
// 12 accumulators, two halves of a column and one broadcast value: 15 of 16 registers.
#define TILE_ROWS 6
#define TILE_PANELS 1
#define PACKED_ROWS 6
#include "avx2.inc"
#include "tree.inc"
#include "twin.inc"
#include "training.inc"

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
