// The assignment on processors with AVX-512 VNNI: four products and their sum in one instruction.
#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c"))), apply_to = function)

#define NEAREST pawl_nearest_avx512vnni
#define NEAREST_NAME "avx512vnni"
// 28 accumulators, two columns and a broadcast vector: 31 of 32 registers.
#define TILE_ROWS 14
#define TILE_PANELS 2
#define VNNI_INLINE static inline __attribute__((always_inline))

typedef __m512i sums;
typedef __m512i four_bytes;
typedef struct { __m512 scores; __m512i panels; } best;

VNNI_INLINE sums no_sums(void) { return _mm512_setzero_si512(); }
VNNI_INLINE four_bytes load_bytes(const uint8_t *p) { return _mm512_loadu_si512(p); }
VNNI_INLINE sums multiply_add(sums all, four_bytes codes, int32_t four) {
  return _mm512_dpbusd_epi32(all, codes, _mm512_set1_epi32(four));
}
VNNI_INLINE best nothing(void) {
  return (best){_mm512_set1_ps(-__builtin_inff()), _mm512_setzero_si512()};
}
VNNI_INLINE best better(best old, sums sum, int32_t offset, const float *scales, int32_t panel) {
  const __m512 products = _mm512_cvtepi32_ps(_mm512_add_epi32(sum, _mm512_set1_epi32(offset)));
  const __m512 scores = _mm512_mul_ps(products, _mm512_loadu_ps(scales));
  const __mmask16 above = _mm512_cmp_ps_mask(scores, old.scores, _CMP_GT_OQ);
  return (best){_mm512_mask_mov_ps(old.scores, above, scores),
                _mm512_mask_set1_epi32(old.panels, above, panel)};
}
VNNI_INLINE void store_best(best found, float *scores, int32_t *panels) {
  _mm512_storeu_ps(scores, found.scores);
  _mm512_storeu_si512(panels, found.panels);
}

#include "nearest.inc"

#pragma clang attribute pop
#endif
