// Products of 12 bits on processors with AVX-512 VNNI: two products and their sum in one instruction.
#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c"))), apply_to = function)

#define INT12 pawl_int12_avx512vnni
#define INT12_NAME "avx512vnni"
#include "int12_avx512.inc"

VEC_INLINE sums add_products(sums all, numbers a, numbers b) {
  return _mm512_dpwssd_epi32(all, a, b);
}

#include "int12.inc"

#pragma clang attribute pop
#endif
