// The AVX-512 twin of products of 12 bits.
#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"))), apply_to = function)

#define INT12 pawl_int12_avx512
#define INT12_NAME "avx512"
#include "int12_avx512.inc"

VEC_INLINE sums add_products(sums all, numbers a, numbers b) {
  return _mm512_add_epi32(all, _mm512_madd_epi16(a, b));
}

#include "int12.inc"

#pragma clang attribute pop
#endif
