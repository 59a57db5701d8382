// Tests the loops of training: every twin against the portable one, bit by bit, and the random numbers
// against their authors'.
#include <string.h>

#include "test.h"

static void try_gemm_packed(const pawl_kernels *k, size_t N, size_t M, size_t variant,
                            outcome *out) {
  const size_t K = variant / 2 ? 19 : 2, ldc = N + 3, spare = variant * 5;
  const size_t groups = (M + PAWL_GROUP - 1) / PAWL_GROUP, panels = (N + 15) / 16;
  const size_t group_stride = K * PAWL_GROUP + spare, panel_stride = K * PAWL_PANEL + spare;
  const float *a = floats(0, (groups - 1) * group_stride + K * PAWL_GROUP, 1);
  const float *b = floats(1, (panels - 1) * panel_stride + K * PAWL_PANEL, 1);
  const size_t count = (M - 1) * ldc + N;
  float *c = floats(2, count, 1);
  k->training->gemm_packed(M, N, K, a, group_stride, b, panel_stride, c, ldc, variant & 1);
  keep(out, c, count * sizeof *c);
}

static void try_layer_norm(const pawl_kernels *k, size_t D, size_t rows, size_t variant,
                           outcome *out) {
  const float *x = floats(0, rows * D, 5), *gamma = floats(1, D, 1), *beta = floats(2, D, 1);
  float *normalized = floats(3, rows * D, 1), *scales = floats(4, rows, 1);
  float *y = floats(5, rows * D, 1);
  const float epsilon = variant ? 1e-12f : 1e-3f;
  k->training->layer_norm(rows, D, x, gamma, beta, epsilon, normalized, scales, y);
  keep(out, normalized, rows * D * sizeof *y);
  keep_more(out, scales, rows * sizeof *y);
  keep_more(out, y, rows * D * sizeof *y);
}

/// The loop of training must be that of search, to the bit.
static void try_one_norm(const pawl_kernels *k, size_t D, size_t rows, size_t variant,
                         outcome *out) {
  float *x = floats(0, rows * D, 5), *normalized = floats(3, rows * D, 1);
  const float *gamma = floats(1, D, 1), *beta = floats(2, D, 1);
  float *scales = floats(4, rows, 1), *y = floats(5, rows * D, 1);
  if (strcmp(k->name, "portable") == 0) {
    k->training->layer_norm(rows, D, x, gamma, beta, 1e-12f, normalized, scales, y);
    keep(out, y, rows * D * sizeof *y);
  } else {
    k->layer_norm(rows, D, x, gamma, beta, 1e-12f);
    keep(out, x, rows * D * sizeof *x);
  }
  (void)variant;
}

static void try_scale_shift(const pawl_kernels *k, size_t D, size_t rows, size_t variant,
                            outcome *out) {
  (void)variant;
  const float *normalized = floats(0, rows * D, 3), *gamma = floats(1, D, 1);
  const float *beta = floats(2, D, 1);
  float *y = floats(3, rows * D, 1);
  k->training->scale_shift(rows, D, normalized, gamma, beta, y);
  keep(out, y, rows * D * sizeof *y);
}

static void try_layer_norm_backward(const pawl_kernels *k, size_t D, size_t rows, size_t variant,
                                    outcome *out) {
  (void)variant;
  const float *normalized = floats(0, rows * D, 3), *scales = floats(1, rows, 1);
  const float *gamma = floats(2, D, 1);
  float *dy = floats(3, rows * D, 1), *dgamma = floats(4, D, 1), *dbeta = floats(5, D, 1);
  k->training->layer_norm_backward(rows, D, normalized, scales, gamma, dy, dgamma, dbeta);
  keep(out, dy, rows * D * sizeof *dy);
  keep_more(out, dgamma, D * sizeof *dy);
  keep_more(out, dbeta, D * sizeof *dy);
}

static void try_gelu_backward(const pawl_kernels *k, size_t n, size_t m, size_t variant,
                              outcome *out) {
  (void)m;
  const float *u = floats(0, n, variant ? 6 : 1e15f);
  float *du = floats(1, n, 1), *y = floats(2, n, 1);
  k->training->gelu_backward(n, u, du, y);
  keep(out, du, n * sizeof *y);
  keep_more(out, y, n * sizeof *y);
}

static void try_attention_backward(const pawl_kernels *k, size_t T, size_t heads, size_t variant,
                                   outcome *out) {
  const size_t width = variant == 2 ? 37 : variant ? 16 : 5, W = heads * width;
  const size_t ldo = W + variant;
  const float *qkv = floats(0, T * 3 * W, 2), *dout = floats(1, (T - 1) * ldo + W, 1);
  float *dqkv = floats(2, T * 3 * W, 1);
  const size_t scratch_count = pawl_attention_backward_scratch(T, width);
  float *scratch = floats(3, scratch_count, 1);
  // Scratch memory starts as NaNs: what is read must have been written.
  memset(scratch, 0xff, scratch_count * sizeof *scratch);
  k->training->attention_backward(T, heads, width, qkv, dout, ldo, dqkv, scratch);
  keep(out, dqkv, T * 3 * W * sizeof *dqkv);
}

static void try_add_rows(const pawl_kernels *k, size_t D, size_t rows, size_t variant,
                         outcome *out) {
  (void)variant;
  const float *x = floats(0, rows * D, 1);
  float *sums = floats(1, D, 1);
  k->training->add_rows(rows, D, x, sums);
  keep(out, sums, D * sizeof *sums);
}

static void try_adamw(const pawl_kernels *k, size_t n, size_t m, size_t variant, outcome *out) {
  (void)m;
  const pawl_adamw step = {variant ? .5f : 1, .99f, .1f, .999f, .001f, .002f, 1.5f, 1e-8f};
  const float *g = floats(0, n, 1);
  float *values = floats(1, n, 1), *first = floats(2, n, 1), *second = floats(3, n, 1);
  for (size_t i = 0; i < n; i++) second[i] = second[i] * second[i];
  k->training->adamw(n, &step, g, values, first, second);
  keep(out, values, n * sizeof *values);
  keep_more(out, first, n * sizeof *values);
  keep_more(out, second, n * sizeof *values);
}

static void try_lion(const pawl_kernels *k, size_t n, size_t m, size_t variant, outcome *out) {
  (void)m;
  const pawl_lion step = {.5f, .99f, .1f, .01f, .003f};
  float *g = floats(0, n, 1), *values = floats(1, n, 1), *mean = floats(2, n, 1);
  // Directions of every sign, zeros of both signs among them.
  for (size_t i = 0; variant && i < n; i++) {
    g[i] = (float)(word() % 3) - 1;
    mean[i] = word() & 1 ? 0.0f : -0.0f;
  }
  k->training->lion(n, &step, g, values, mean);
  keep(out, values, n * sizeof *values);
  keep_more(out, mean, n * sizeof *values);
}

static const trials loops[] = {
    {"packed products equal portable's", try_gemm_packed, 50, 31, 4},
    {"packed products of many rows equal portable's", try_gemm_packed, 3, 350, 4},
    {"rows normalised for training equal portable's", try_layer_norm, 70, 3, 2},
    {"rows normalised for training are those of search", try_one_norm, 70, 3, 1},
    {"scaled and shifted rows equal portable's", try_scale_shift, 70, 3, 1},
    {"gradients of normalised rows equal portable's", try_layer_norm_backward, 70, 4, 1},
    {"the activation's gradients equal portable's", try_gelu_backward, 70, 1, 2},
    {"attention's gradients equal portable's", try_attention_backward, 90, 2, 3},
    {"sums of rows equal portable's", try_add_rows, 70, 5, 1},
    {"steps of AdamW equal portable's", try_adamw, 70, 1, 2},
    {"steps of Lion equal portable's", try_lion, 70, 1, 2},
};

void test_training(const pawl_kernels *twin) { compare_loops(twin, loops, sizeof loops / sizeof *loops); }

void test_streams(void) {
  // The known answers that come with the authors' own library, Random123: key and counter of zeros.
  const uint32_t zeros[] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  uint32_t numbers[300];
  pawl_random(4, 0, 0, numbers);
  report(memcmp(numbers, zeros, sizeof zeros) == 0, "random", "the authors' numbers come out");
  bool holds = true;
  pawl_random(300, 7, 0, numbers);
  for (size_t start = 0; start < 70; start++)
    for (size_t n = 1; n < 70; n++) {
      uint32_t *part = last(0, n * sizeof *part);
      pawl_random(n, 7, start, part);
      holds &= memcmp(part, numbers + start, n * sizeof *part) == 0;
    }
  report(holds, "random", "a stream can be entered anywhere");

  float kept = 0;
  holds = true;
  const size_t n = 100000;
  float *x = floats(0, n, 1), *y = last(1, n * sizeof *y);
  memcpy(y, x, n * sizeof *x);
  pawl_dropout(n, 3, 11, .1f, y);
  for (size_t i = 0; i < n; i++) {
    holds &= y[i] == 0 || y[i] == x[i] * (float)(1 / (1 - (double).1f));
    kept += y[i] != 0;
  }
  report(holds, "dropout", "what is kept is scaled");
  // Five standard deviations of a binomial: √(.1 · .9 / n).
  report(__builtin_fabsf(kept / (float)n - .9f) < .005f, "dropout", "so many are kept");
}
