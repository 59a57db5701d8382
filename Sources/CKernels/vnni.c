// The filter of processors with AVX-512 VNNI: four products and their sum in one instruction, without
// saturation on the way, so that queries have all 8 bits.
#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c"))), apply_to = function)

#include "avx512.inc"

#define FILTER pawl_filter_avx512vnni
#define FILTER_NAME "avx512vnni"
#define FILTER_LIMIT 127
// 28 accumulators, two columns and a broadcast query: 31 of 32 registers.
#define FILTER_ROWS 14
#define FILTER_PANELS 2
VEC_INLINE sums multiply_add(sums all, four_bytes codes, int32_t four) {
  return _mm512_dpbusd_epi32(all, codes, _mm512_set1_epi32(four));
}
#include "filter.inc"

#pragma clang attribute pop
#endif
