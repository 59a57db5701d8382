// The plain version of the loops of training.
#include <math.h>
#include <string.h>

#include "kernels.h"
#include "portable.h"

#pragma STDC FP_CONTRACT OFF

static void gemm_packed(size_t M, size_t N, size_t K, const float *groups, size_t group_stride,
                        const float *panels, size_t panel_stride, float *c, size_t ldc,
                        bool accumulate) {
  for (size_t m = 0; m < M; m++) {
    const float *a = groups + m / PAWL_GROUP * group_stride + m % PAWL_GROUP;
    for (size_t n = 0; n < N; n++) {
      const float *b = panels + n / PAWL_PANEL * panel_stride + n % PAWL_PANEL;
      float sum = 0;
      for (size_t k = 0; k < K; k++) sum = fmaf(a[k * PAWL_GROUP], b[k * PAWL_PANEL], sum);
      c[m * ldc + n] = accumulate ? c[m * ldc + n] + sum : sum;
    }
  }
}

static void layer_norm(size_t rows, size_t D, const float *x, const float *gamma, const float *beta,
                       float epsilon, float *normalized, float *scales, float *out) {
  for (size_t r = 0; r < rows; r++, x += D, normalized += D, out += D) {
    float mean;
    row_statistics(D, x, epsilon, &mean, &scales[r]);
    for (size_t i = 0; i < D; i++) {
      normalized[i] = (x[i] - mean) * scales[r];
      out[i] = fmaf(normalized[i], gamma[i], beta[i]);
    }
  }
}

static void scale_shift(size_t rows, size_t D, const float *normalized, const float *gamma,
                        const float *beta, float *out) {
  for (size_t r = 0; r < rows; r++, normalized += D, out += D)
    for (size_t i = 0; i < D; i++) out[i] = fmaf(normalized[i], gamma[i], beta[i]);
}

static void layer_norm_backward(size_t rows, size_t D, const float *normalized, const float *scales,
                                const float *gamma, float *dy, float *dgamma, float *dbeta) {
  for (size_t r = 0; r < rows; r++, normalized += D, dy += D) {
    float sums[PAWL_PANEL] = {0}, products[PAWL_PANEL] = {0};
    for (size_t i = 0; i < D; i++) {
      const float d = dy[i] * gamma[i];
      sums[i % PAWL_PANEL] += d;
      products[i % PAWL_PANEL] = fmaf(d, normalized[i], products[i % PAWL_PANEL]);
      dgamma[i] = fmaf(dy[i], normalized[i], dgamma[i]);
      dbeta[i] += dy[i];
    }
    const float mean = tree(sums) / (float)D, slope = tree(products) / (float)D;
    for (size_t i = 0; i < D; i++)
      dy[i] = fmaf(normalized[i], -slope, dy[i] * gamma[i] - mean) * scales[r];
  }
}

static void gelu_backward(size_t n, const float *u, float *du, float *out) {
  for (size_t i = 0; i < n; i++) {
    const float half = 0.5f * u[i], erf = error_function(u[i] * PAWL_SQRT_HALF);
    const float density = exponential(half * -u[i]) * PAWL_NORMAL_DENSITY;
    out[i] = fmaf(half, erf, half);
    du[i] *= fmaf(u[i], density, fmaf(0.5f, erf, 0.5f));
  }
}

static void attention_backward(size_t T, size_t heads, size_t head_width, const float *qkv,
                               const float *dout, size_t ldo, float *dqkv, float *scratch) {
  const size_t W = heads * head_width, ld = 3 * W;
  const float scale = 1.0f / sqrtf((float)head_width);
  float *const shares = scratch, *const slopes = scratch + T;
  memset(dqkv, 0, T * ld * sizeof *dqkv);
  for (size_t h = 0; h < heads; h++) {
    const float *const queries = qkv + h * head_width;
    const float *const keys = queries + W, *const values = keys + W;
    float *const dqueries = dqkv + h * head_width;
    float *const dkeys = dqueries + W, *const dvalues = dkeys + W;
    for (size_t q = 0; q < T; q++) {
      const float *const query = queries + q * ld, *const dq = dout + q * ldo + h * head_width;
      float highest = -INFINITY, total = 0, mean = 0;
      for (size_t t = 0; t < T; t++) {
        float sum = 0;
        for (size_t d = 0; d < head_width; d++)
          sum = fmaf(keys[t * ld + d], query[d] * scale, sum);
        shares[t] = sum;
        highest = highest > sum ? highest : sum;
      }
      for (size_t t = 0; t < T; t++) {
        shares[t] = exponential(shares[t] - highest);
        total += shares[t];
      }
      for (size_t t = 0; t < T; t++) {
        shares[t] *= 1.0f / total;
        float sum = 0;
        for (size_t d = 0; d < head_width; d++) sum = fmaf(values[t * ld + d], dq[d], sum);
        slopes[t] = sum;
        mean = fmaf(shares[t], sum, mean);
      }
      for (size_t t = 0; t < T; t++) slopes[t] = shares[t] * (slopes[t] - mean) * scale;
      for (size_t d = 0; d < head_width; d++) {
        float sum = 0;
        for (size_t t = 0; t < T; t++) sum = fmaf(slopes[t], keys[t * ld + d], sum);
        dqueries[q * ld + d] = sum;
      }
      for (size_t t = 0; t < T; t++)
        for (size_t d = 0; d < head_width; d++) {
          dkeys[t * ld + d] = fmaf(slopes[t], query[d], dkeys[t * ld + d]);
          dvalues[t * ld + d] = fmaf(shares[t], dq[d], dvalues[t * ld + d]);
        }
    }
  }
}

static void add_rows(size_t rows, size_t D, const float *x, float *sums) {
  for (size_t r = 0; r < rows; r++)
    for (size_t i = 0; i < D; i++) sums[i] += x[r * D + i];
}

static void adamw(size_t n, const pawl_adamw *step, const float *gradients, float *values,
                  float *first, float *second) {
  for (size_t i = 0; i < n; i++) {
    const float g = gradients[i] * step->gradient_scale;
    first[i] = fmaf(g - first[i], step->first_share, first[i]);
    second[i] = fmaf(g * g, step->second_share, second[i] * step->second_keep);
    const float root = fmaf(sqrtf(second[i]), step->second_scale, step->epsilon);
    values[i] = fmaf(first[i] / root, -step->step_size, values[i] * step->decay);
  }
}

static void lion(size_t n, const pawl_lion *step, const float *gradients, float *values,
                 float *mean) {
  for (size_t i = 0; i < n; i++) {
    const float g = gradients[i] * step->gradient_scale;
    const float c = fmaf(g - mean[i], step->direction_share, mean[i]);
    const float sign = c > 0 ? 1.0f : c < 0 ? -1.0f : 0.0f;
    values[i] = fmaf(sign, -step->rate, values[i] * step->decay);
    mean[i] = fmaf(g - mean[i], step->mean_share, mean[i]);
  }
}

const pawl_training pawl_training_portable = {
    gemm_packed,        layer_norm, scale_shift, layer_norm_backward, gelu_backward,
    attention_backward, add_rows,   adamw,       lion,
};
