// The plain version of every loop: what the vector twins must equal, bit by bit.
#include <math.h>
#include <string.h>

#include "kernels.h"
#include "portable.h"

#pragma STDC FP_CONTRACT OFF

static void gemm(size_t M, size_t N, size_t K, const float *a, size_t lda, const float *panels,
                 const float *bias, float *c, size_t ldc, bool accumulate) {
  for (size_t m = 0; m < M; m++) {
    for (size_t n = 0; n < N; n++) {
      const float *b = panels + n / PAWL_PANEL * PAWL_PANEL * K + n % PAWL_PANEL;
      float sum = 0;
      for (size_t k = 0; k < K; k++) sum = fmaf(a[m * lda + k], b[k * PAWL_PANEL], sum);
      if (bias) sum += bias[n];
      c[m * ldc + n] = accumulate ? c[m * ldc + n] + sum : sum;
    }
  }
}

static float dot(size_t n, const float *a, const float *b) {
  float lanes[PAWL_PANEL] = {0};
  for (size_t i = 0; i < n; i++) lanes[i % PAWL_PANEL] = fmaf(a[i], b[i], lanes[i % PAWL_PANEL]);
  return tree(lanes);
}

static void layer_norm(size_t rows, size_t D, float *x, const float *gamma, const float *beta,
                       float epsilon) {
  for (size_t r = 0; r < rows; r++, x += D) {
    float mean, scale;
    row_statistics(D, x, epsilon, &mean, &scale);
    for (size_t i = 0; i < D; i++) x[i] = fmaf((x[i] - mean) * scale, gamma[i], beta[i]);
  }
}

static void gelu(size_t n, float *x) {
  for (size_t i = 0; i < n; i++) {
    const float half = 0.5f * x[i];
    x[i] = fmaf(half, error_function(x[i] * PAWL_SQRT_HALF), half);
  }
}

static void attention(size_t T, size_t heads, size_t head_width, const float *qkv, float *out,
                      size_t ldo, float *scratch) {
  const size_t D = heads * head_width, ld = 3 * D;
  const float scale = 1.0f / sqrtf((float)head_width);
  float *const scores = scratch;
  for (size_t h = 0; h < heads; h++) {
    const float *const queries = qkv + h * head_width;
    const float *const keys = queries + D, *const values = keys + D;
    for (size_t q = 0; q < T; q++) {
      float highest = -INFINITY, total = 0;
      for (size_t t = 0; t < T; t++) {
        float sum = 0;
        for (size_t d = 0; d < head_width; d++)
          sum = fmaf(keys[t * ld + d], queries[q * ld + d] * scale, sum);
        scores[t] = sum;
        highest = highest > sum ? highest : sum;
      }
      for (size_t t = 0; t < T; t++) {
        scores[t] = exponential(scores[t] - highest);
        total += scores[t];
      }
      for (size_t d = 0; d < head_width; d++) {
        float sum = 0;
        for (size_t t = 0; t < T; t++) sum = fmaf(scores[t], values[t * ld + d], sum);
        out[q * ldo + h * head_width + d] = sum * (1.0f / total);
      }
    }
  }
}

static void mean_rows(size_t rows, size_t D, const float *x, float *out) {
  for (size_t i = 0; i < D; i++) {
    float sum = 0;
    for (size_t r = 0; r < rows; r++) sum += x[r * D + i];
    out[i] = sum / (float)rows;
  }
}

static void scan_int8(size_t rows, size_t D, const float *query, const int8_t *codes,
                      const void *scales, float *scores) {
  for (size_t r = 0; r < rows; r++, codes += D) {
    float lanes[PAWL_PANEL] = {0}, scale;
    for (size_t i = 0; i < D; i++)
      lanes[i % PAWL_PANEL] = fmaf(query[i], (float)codes[i], lanes[i % PAWL_PANEL]);
    memcpy(&scale, (const char *)scales + r * sizeof scale, sizeof scale);
    scores[r] = tree(lanes) * scale;
  }
}

static void score_int8(size_t n, size_t D, const float *query, const int8_t *codes,
                       const void *scales, const uint32_t *positions, float *scores) {
  for (size_t i = 0; i < n; i++)
    scan_int8(1, D, query, codes + positions[i] * D, (const char *)scales + positions[i] * sizeof(float),
              scores + i);
}

static float from_float16(uint16_t h) {
  const uint32_t exponent = h >> 10 & 31, fraction = h & 1023;
  const float magnitude = exponent == 31 ? (fraction ? NAN : INFINITY)
                          : exponent     ? ldexpf((float)(fraction | 1024), (int)exponent - 25)
                                         : ldexpf((float)fraction, -24);
  return h & 0x8000 ? -magnitude : magnitude;
}

static void scan_float16(size_t rows, size_t D, const float *query, const void *codes,
                         float *scores) {
  const char *code = codes;
  for (size_t r = 0; r < rows; r++, code += D * sizeof(uint16_t)) {
    float lanes[PAWL_PANEL] = {0};
    for (size_t i = 0; i < D; i++) {
      uint16_t value;
      memcpy(&value, code + i * sizeof value, sizeof value);
      lanes[i % PAWL_PANEL] = fmaf(query[i], from_float16(value), lanes[i % PAWL_PANEL]);
    }
    scores[r] = tree(lanes);
  }
}

static void scan_float32(size_t rows, size_t D, const float *query, const void *codes,
                         float *scores) {
  const char *code = codes;
  for (size_t r = 0; r < rows; r++, code += D * sizeof(float)) {
    float lanes[PAWL_PANEL] = {0};
    for (size_t i = 0; i < D; i++) {
      float value;
      memcpy(&value, code + i * sizeof(float), sizeof value);
      lanes[i % PAWL_PANEL] = fmaf(query[i], value, lanes[i % PAWL_PANEL]);
    }
    scores[r] = tree(lanes);
  }
}

static void to_float16(size_t n, const float *x, uint16_t *out) {
  for (size_t i = 0; i < n; i++) {
    const uint16_t sign = signbit(x[i]) ? 0x8000 : 0;
    const float magnitude = fabsf(x[i]);
    if (isnan(magnitude)) {
      // As the processor does it: the first ten bits of the payload, made quiet.
      uint32_t bits;
      memcpy(&bits, x + i, sizeof bits);
      out[i] = sign | 0x7e00 | (uint16_t)(bits >> 13 & 1023);
      continue;
    }
    if (magnitude >= 65520.0f) { out[i] = sign | 0x7c00; continue; }
    int exponent;
    frexpf(magnitude, &exponent);
    // One unit in the last place: 2^(exponent − 11), or 2^−24 for zero and the subnormal half floats.
    const int unit = magnitude == 0 || exponent < -13 ? -24 : exponent - 11;
    const uint32_t steps = (uint32_t)rintf(ldexpf(magnitude, -unit));
    // `steps` has its implicit bit at 1024; a carry into 2048 moves into the exponent by itself.
    out[i] = sign | (uint16_t)(steps + ((uint32_t)(unit + 24) << 10));
  }
}

const pawl_kernels pawl_portable = {
    "portable", gemm,       layer_norm,   gelu,         attention,  mean_rows,           dot,
    scan_int8,  score_int8, scan_float16, scan_float32, to_float16, &pawl_lists_portable,
    &pawl_training_portable,
};
