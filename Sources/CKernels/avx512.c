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
#define VEC_INLINE static inline __attribute__((always_inline))

typedef __m512 vec;

VEC_INLINE __mmask16 first(size_t n) {
  return n < PAWL_PANEL ? (__mmask16)((1u << n) - 1) : (__mmask16)0xffff;
}
VEC_INLINE vec set1(float x) { return _mm512_set1_ps(x); }
VEC_INLINE vec load(const float *p) { return _mm512_loadu_ps(p); }
VEC_INLINE void store(float *p, vec v) { _mm512_storeu_ps(p, v); }
VEC_INLINE vec load_part(const float *p, size_t n) { return _mm512_maskz_loadu_ps(first(n), p); }
VEC_INLINE void store_part(float *p, vec v, size_t n) { _mm512_mask_storeu_ps(p, first(n), v); }
VEC_INLINE vec keep(vec v, size_t n) { return _mm512_maskz_mov_ps(first(n), v); }
VEC_INLINE vec or_first(vec v, float x, size_t n) {
  return _mm512_mask_mov_ps(_mm512_set1_ps(x), first(n), v);
}
VEC_INLINE vec add(vec a, vec b) { return _mm512_add_ps(a, b); }
VEC_INLINE vec sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
VEC_INLINE vec mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
VEC_INLINE vec div_(vec a, vec b) { return _mm512_div_ps(a, b); }
VEC_INLINE vec fma_(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
VEC_INLINE vec max_(vec a, vec b) { return _mm512_max_ps(a, b); }
VEC_INLINE vec min_(vec a, vec b) { return _mm512_min_ps(a, b); }
VEC_INLINE vec round_(vec a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
VEC_INLINE vec power_of_2(vec n) {
  const __m512i exponent = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
  return _mm512_castsi512_ps(_mm512_slli_epi32(exponent, 23));
}
VEC_INLINE __m256 upper(vec v) { return _mm512_extractf32x8_ps(v, 1); }
VEC_INLINE __m256 lower(vec v) { return _mm512_castps512_ps256(v); }
VEC_INLINE vec load_int8(const int8_t *p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)));
}
VEC_INLINE vec load_float16(const void *p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}
VEC_INLINE vec load_float32(const void *p) { return _mm512_loadu_ps(p); }
VEC_INLINE void store_float16(uint16_t *p, vec v) {
  _mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
}

#include "tree.inc"
#include "twin.inc"

#pragma clang attribute pop
#endif
