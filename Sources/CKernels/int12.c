// The plain version of products of 12 bits, and what makes their weights.
#include <math.h>
#include <string.h>

#include "kernels.h"

#pragma STDC FP_CONTRACT OFF

/// The bits of the greatest magnitude of n floats.
static uint32_t magnitude(size_t n, const float *x) {
  uint32_t greatest = 0;
  for (size_t i = 0; i < n; i++) {
    uint32_t bits;
    __builtin_memcpy(&bits, x + i, sizeof bits);
    bits &= 0x7fffffff;
    greatest = bits > greatest ? bits : greatest;
  }
  return greatest;
}

static void round_rows(size_t rows, size_t n, const float *x, size_t ldx, int16_t *codes,
                       size_t stride, float *factors, size_t ldf) {
  for (size_t r = 0; r < rows; r++, x += ldx) {
    const pawl_int12_range range = pawl_int12_range_of(magnitude(n, x));
    factors[r * ldf] = range.factor;
    int16_t *const row = codes + r / PAWL_INT12_GROUP * stride + r % PAWL_INT12_GROUP * 2;
    for (size_t k = 0; k < pawl_int12_padded(n); k++) {
      const bool counts = k < n && range.factor == range.factor;
      row[k / 2 * 2 * PAWL_INT12_GROUP + k % 2] =
          counts ? (int16_t)rintf(x[k] * range.inverse) : 0;
    }
  }
}

static void gemm(size_t M, size_t N, size_t K, const int16_t *a, const float *factors,
                 const int16_t *panels, const float *scales, const float *bias, float *c, size_t ldc,
                 bool accumulate) {
  const size_t padded = pawl_int12_padded(K), blocks = pawl_int12_blocks(K);
  for (size_t m = 0; m < M; m++) {
    const int16_t *const row =
        a + m / PAWL_INT12_GROUP * PAWL_INT12_GROUP * padded + m % PAWL_INT12_GROUP * 2;
    for (size_t n = 0; n < N; n++) {
      const int16_t *const column = panels + n / PAWL_PANEL * PAWL_PANEL * padded + n % PAWL_PANEL * 2;
      float total = 0;
      for (size_t block = 0; block < blocks; block++) {
        const size_t start = block * PAWL_INT12_BLOCK;
        const size_t end = K - start < PAWL_INT12_BLOCK ? K : start + PAWL_INT12_BLOCK;
        int32_t sum = 0;
        for (size_t k = start; k < end; k++)
          sum += row[k / 2 * 2 * PAWL_INT12_GROUP + k % 2] * column[k / 2 * 2 * PAWL_PANEL + k % 2];
        const float factor = factors[m * blocks + block];
        total = block ? fmaf((float)sum, factor, total) : (float)sum * factor;
      }
      const float result = fmaf(total, scales[n], bias[n]);
      c[m * ldc + n] = accumulate ? c[m * ldc + n] + result : result;
    }
  }
}

const pawl_int12 pawl_int12_portable = {"portable", round_rows, gemm};

/// To the nearest integer, ties to even, for magnitudes below 2^22: in a loop that the compiler's vectors do.
static inline int16_t nearest(float x) { return (int16_t)((x + 0x1.8p23f) - 0x1.8p23f); }

void pawl_int12_pack(size_t first, size_t N, size_t K, const float *w, int16_t *panels,
                     float *scales) {
  const size_t padded = pawl_int12_padded(K);
  for (size_t n = 0; n < N; n++, w += K) {
    const size_t row = first + n;
    const pawl_int12_range range = pawl_int12_range_of(magnitude(K, w));
    scales[row] = range.factor;
    if (range.factor != range.factor) continue;
    int16_t *const column = panels + row / PAWL_PANEL * PAWL_PANEL * padded + row % PAWL_PANEL * 2;
    for (size_t k = 0; k < K; k++)
      column[k / 2 * 2 * PAWL_PANEL + k % 2] = nearest(w[k] * range.inverse);
  }
}

static bool runs(const pawl_int12 *int12) {
#if defined(__x86_64__)
  const bool avx512 = pawl_kernels_named("avx512") != NULL;
  if (int12 == &pawl_int12_avx2) return pawl_kernels_named("avx2") != NULL;
  if (int12 == &pawl_int12_avx512) return avx512;
  if (int12 == &pawl_int12_avx512vnni) return avx512 && __builtin_cpu_supports("avx512vnni");
#endif
  return int12 == &pawl_int12_portable;
}

/// Fastest first, each with the kernels that it goes with.
static const struct {
  const char *kernels;
  const pawl_int12 *int12;
} all[] = {
#if defined(__x86_64__)
    {"avx512", &pawl_int12_avx512vnni},
    {"avx512", &pawl_int12_avx512},
    {"avx2", &pawl_int12_avx2},
#endif
    {"portable", &pawl_int12_portable},
};

const pawl_int12 *pawl_int12_named(const char *name) {
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (strcmp(all[i].int12->name, name) == 0 && runs(all[i].int12)) return all[i].int12;
  return NULL;
}

const pawl_int12 *pawl_int12_for(const pawl_kernels *kernels) {
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (strcmp(all[i].kernels, kernels->name) == 0 && runs(all[i].int12)) return all[i].int12;
  return &pawl_int12_portable;
}
