// The AVX-512 twin: `vec` is one register.
#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"))), apply_to = function)

#define TWIN pawl_avx512
#define TWIN_NAME "avx512"
// 28 accumulators, two columns and one broadcast value: 31 of 32 registers.
#define TILE_ROWS 14
#define TILE_PANELS 2
#include "avx512.inc"
#include "tree.inc"
#include "twin.inc"

// Sums of two products fit into 16 bits: 2 · 255 · 64 < 32,768.
#define FILTER pawl_filter_avx512
#define FILTER_NAME "avx512"
#define FILTER_LIMIT 64
#define FILTER_ROWS 12
#define FILTER_PANELS 2
VEC_INLINE sums multiply_add(sums all, four_bytes codes, int32_t four) {
  const __m512i pairs = _mm512_maddubs_epi16(codes, _mm512_set1_epi32(four));
  return _mm512_add_epi32(all, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
}
#include "filter.inc"

#pragma clang attribute pop
#endif
