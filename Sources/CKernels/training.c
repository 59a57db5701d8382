// The parts of training around its loops: packing, sizes, random numbers.
#include <string.h>

#include "kernels.h"

size_t pawl_attention_backward_scratch(size_t T, size_t head_width) {
  return 2 * (T + head_width) * PAWL_ATTENTION_QUERIES;
}

/// Rows of x as blocks of W columns, the last filled with zeros; each block T × W.
static inline __attribute__((always_inline)) void pack(size_t W, size_t T, size_t N, const float *x,
                                                       size_t ldx, float *blocks, size_t stride) {
  for (size_t n = 0; n < N; n += W, blocks += stride) {
    const size_t width = N - n < W ? N - n : W;
    for (size_t t = 0; t < T; t++) {
      float *const line = blocks + t * W;
      if (width < W) memset(line, 0, W * sizeof *line);
      memcpy(line, x + t * ldx + n, width * sizeof *line);
    }
  }
}

void pawl_pack_panels(size_t T, size_t N, const float *x, size_t ldx, float *panels, size_t stride) {
  pack(PAWL_PANEL, T, N, x, ldx, panels, stride);
}

void pawl_pack_groups(size_t T, size_t M, const float *x, size_t ldx, float *groups, size_t stride) {
  pack(PAWL_GROUP, T, M, x, ldx, groups, stride);
}

/// Four random numbers of a counter. Source: Salmon et al. 2011, Philox4x32 with ten rounds.
static void philox(uint64_t key, uint64_t counter, uint32_t out[4]) {
  uint32_t c0 = (uint32_t)counter, c1 = (uint32_t)(counter >> 32), c2 = 0, c3 = 0;
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int round = 0; round < 10; round++, k0 += 0x9e3779b9, k1 += 0xbb67ae85) {
    const uint64_t a = (uint64_t)c0 * 0xd2511f53, b = (uint64_t)c2 * 0xcd9e8d57;
    const uint32_t old1 = c1, old3 = c3;
    c0 = (uint32_t)(b >> 32) ^ old1 ^ k0;
    c1 = (uint32_t)b;
    c2 = (uint32_t)(a >> 32) ^ old3 ^ k1;
    c3 = (uint32_t)a;
  }
  out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

void pawl_random(size_t n, uint64_t key, uint64_t start, uint32_t *out) {
  for (size_t i = 0; i < n;) {
    uint32_t four[4];
    philox(key, (start + i) / 4, four);
    for (size_t lane = (start + i) % 4; lane < 4 && i < n; lane++) out[i++] = four[lane];
  }
}

void pawl_dropout(size_t n, uint64_t key, uint64_t start, float rate, float *x) {
  // In double: 2^32 · rate has no float of its own.
  const double limit = (double)rate * 4294967296.0;
  const float factor = (float)(1 / (1 - (double)rate));
  uint32_t numbers[64];
  for (size_t i = 0; i < n; i += 64) {
    const size_t count = n - i < 64 ? n - i : 64;
    pawl_random(count, key, start + i, numbers);
    for (size_t j = 0; j < count; j++) x[i + j] = numbers[j] >= limit ? x[i + j] * factor : 0;
  }
}
