// The assignment on processors with AVX2. It multiplies bytes without a sign by bytes with one, and pairs of
// products must fit into 16 bits: |C| by x, its sign changed where C is negative.
#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#define NEAREST pawl_nearest_avx2
#define NEAREST_NAME "avx2"
// 8 accumulators, two columns, their magnitudes, a vector, the ones, two products: 16 registers.
#define TILE_ROWS 4
#define TILE_PANELS 1
#define AVX2_INLINE static inline __attribute__((always_inline))
#define EACH_HALF for (size_t half = 0; half < 2; half++)

/// One sum of each of 16 codes.
typedef struct { __m256i halves[2]; } sums;
/// Four elements of each of 16 codes, and their magnitudes.
typedef struct { __m256i halves[2], magnitudes[2]; } four_bytes;
typedef struct { __m256 scores[2]; __m256i panels[2]; } best;

AVX2_INLINE sums no_sums(void) {
  return (sums){{_mm256_setzero_si256(), _mm256_setzero_si256()}};
}
AVX2_INLINE four_bytes load_bytes(const uint8_t *p) {
  const __m256i sign = _mm256_set1_epi8(-128);
  four_bytes out;
  EACH_HALF {
    out.halves[half] = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(p + half * 32)), sign);
    out.magnitudes[half] = _mm256_abs_epi8(out.halves[half]);
  }
  return out;
}
AVX2_INLINE sums multiply_add(sums all, four_bytes codes, int32_t four) {
  const __m256i x = _mm256_set1_epi32(four);
  EACH_HALF {
    // 2 · 128 · 127 fits into 16 bits: no pair saturates.
    const __m256i pairs =
        _mm256_maddubs_epi16(codes.magnitudes[half], _mm256_sign_epi8(x, codes.halves[half]));
    all.halves[half] =
        _mm256_add_epi32(all.halves[half], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  return all;
}
AVX2_INLINE best nothing(void) {
  const __m256 lowest = _mm256_set1_ps(-__builtin_inff());
  return (best){{lowest, lowest}, {_mm256_setzero_si256(), _mm256_setzero_si256()}};
}
AVX2_INLINE best better(best old, sums sum, int32_t offset, const float *scales, int32_t panel) {
  // Codes have their signs here, so there is nothing to take back.
  (void)offset;
  EACH_HALF {
    const __m256 products = _mm256_cvtepi32_ps(sum.halves[half]);
    const __m256 scores = _mm256_mul_ps(products, _mm256_loadu_ps(scales + 8 * half));
    const __m256 above = _mm256_cmp_ps(scores, old.scores[half], _CMP_GT_OQ);
    old.scores[half] = _mm256_blendv_ps(old.scores[half], scores, above);
    old.panels[half] = _mm256_blendv_epi8(old.panels[half], _mm256_set1_epi32(panel),
                                          _mm256_castps_si256(above));
  }
  return old;
}
AVX2_INLINE void store_best(best found, float *scores, int32_t *panels) {
  EACH_HALF {
    _mm256_storeu_ps(scores + 8 * half, found.scores[half]);
    _mm256_storeu_si256((__m256i *)(panels + 8 * half), found.panels[half]);
  }
}

#include "nearest.inc"

#pragma clang attribute pop
#endif
