// The AVX-512 twin: `vec` is one register.
#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"))), apply_to = function)

#define TWIN pawl_avx512
#define TWIN_NAME "avx512"
#define TWIN_LISTS pawl_lists_avx512
#define TWIN_TRAINING pawl_training_avx512
// 28 accumulators, two columns and one broadcast value: 31 of 32 registers.
#define TILE_ROWS 14
#define TILE_PANELS 2
// 24 accumulators: 12 rows are a group.
#define PACKED_ROWS 12
#include "avx512.inc"
#include "tree.inc"
#include "twin.inc"
#include "training.inc"

// As with AVX2, which says why.
#define FILTER_TWO_STEPS
#define FILTER_LIMIT 32
#define FILTER pawl_filter_avx512
#define FILTER_NAME "avx512"
// 20 accumulators, four columns, two broadcast queries, the ones, products: 31 of 32 registers.
#define FILTER_ROWS 10
#define FILTER_PANELS 2
VEC_INLINE sums add_pairs(sums all, __m512i pairs) {
  return _mm512_add_epi32(all, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
}
VEC_INLINE sums multiply_add(sums all, four_bytes codes, int32_t four) {
  return add_pairs(all, _mm512_maddubs_epi16(codes, _mm512_set1_epi32(four)));
}
VEC_INLINE sums multiply_add_two(sums all, four_bytes a, int32_t four, four_bytes b, int32_t next) {
  return add_pairs(all, _mm512_add_epi16(_mm512_maddubs_epi16(a, _mm512_set1_epi32(four)),
                                         _mm512_maddubs_epi16(b, _mm512_set1_epi32(next))));
}
#include "filter.inc"

#pragma clang attribute pop
#endif
