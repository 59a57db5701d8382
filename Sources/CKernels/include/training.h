// The loops of training: what runs backward, and the optimizers.
//
// As in CKernels.h the twins give the same bits: sums over rows are one chain in the rows' order, however
// the rows are cut.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Rows of the left operand that lie side by side, packed for `gemm_packed`: a multiple of all tiles' heights.
#define PAWL_GROUP 12

/// A step of AdamW, for all numbers alike.
typedef struct pawl_adamw {
  /// What gradients are multiplied by first.
  float gradient_scale;
  /// What parameters are multiplied by first: 1 − rate · weight decay.
  float decay;
  /// 1 − beta1; beta2 and 1 − beta2, each rounded once.
  float first_share, second_keep, second_share;
  /// rate / (1 − beta1^step), and 1 / √(1 − beta2^step).
  float step_size, second_scale;
  float epsilon;
} pawl_adamw;

/// A step of Lion.
typedef struct pawl_lion {
  float gradient_scale, decay;
  /// 1 − beta1: the gradient's share of the direction. 1 − beta2: its share of the mean.
  float direction_share, mean_share;
  float rate;
} pawl_lion;

/// One implementation of the loops.
typedef struct pawl_training {
  /// C = A·B, or C += A·B.
  /// groups: A as ⌈M/12⌉ groups of K × 12 floats, number k of row m at m/12 · `group_stride` + k · 12 + m%12.
  /// panels: B as ⌈N/16⌉ panels of K × 16 floats, `panel_stride` floats from panel to panel.
  /// c: M × N, `ldc` floats a row.
  void (*gemm_packed)(size_t M, size_t N, size_t K, const float *groups, size_t group_stride,
                      const float *panels, size_t panel_stride, float *c, size_t ldc,
                      bool accumulate);

  /// normalized ← (x − mean) / sqrt(variance + epsilon), scales ← the rows' factors 1 / sqrt(…),
  /// out ← normalized · gamma + beta, for each of `rows` rows of D floats. out may be x.
  void (*layer_norm)(size_t rows, size_t D, const float *x, const float *gamma, const float *beta,
                     float epsilon, float *normalized, float *scales, float *out);

  /// out ← normalized · gamma + beta: what `layer_norm` made, again.
  void (*scale_shift)(size_t rows, size_t D, const float *normalized, const float *gamma,
                      const float *beta, float *out);

  /// The gradient of a row's input from that of its output, dy, in place; what the rows add to the gradients
  /// of gamma and beta.
  void (*layer_norm_backward)(size_t rows, size_t D, const float *normalized, const float *scales,
                              const float *gamma, float *dy, float *dgamma, float *dbeta);

  /// out ← u · Φ(u), du ← du · (Φ(u) + u · φ(u)), n floats.
  void (*gelu_backward)(size_t n, const float *u, float *du, float *out);

  /// What `pawl_kernels.attention` turns around: dqkv ← the gradients of qkv from those of its output.
  /// qkv, dqkv: T × 3W. dout: T × W, `ldo` floats from row to row.
  /// scratch: `pawl_attention_backward_scratch(T, head_width)` floats.
  void (*attention_backward)(size_t T, size_t heads, size_t head_width, const float *qkv,
                             const float *dout, size_t ldo, float *dqkv, float *scratch);

  /// sums[i] ← sums[i] + x[0][i] + x[1][i] + … for `rows` rows of D floats.
  void (*add_rows)(size_t rows, size_t D, const float *x, float *sums);

  /// One step of AdamW: values, and its two means, n floats each.
  /// Source: Loshchilov & Hutter 2019, algorithm 2, in the order of operations of PyTorch.
  void (*adamw)(size_t n, const pawl_adamw *step, const float *gradients, float *values, float *first,
                float *second);

  /// One step of Lion.
  /// Source: Chen et al. 2023, algorithm 2.
  void (*lion)(size_t n, const pawl_lion *step, const float *gradients, float *values, float *mean);
} pawl_training;

/// Floats of scratch that the gradient of attention needs for a passage of T tokens.
size_t pawl_attention_backward_scratch(size_t T, size_t head_width);

/// Packs T rows of N floats as part of panels: row t of panel j at panels + j · stride + t · 16. The last panel
/// is filled up with zeros.
void pawl_pack_panels(size_t T, size_t N, const float *x, size_t ldx, float *panels, size_t stride);

/// Packs T rows of M floats as numbers k = 0 … T − 1 of M rows, in groups: row m's number t at
/// m/12 · stride + t · 12 + m%12. The last group is filled up with zeros.
void pawl_pack_groups(size_t T, size_t M, const float *x, size_t ldx, float *groups, size_t stride);

/// out ← n numbers of a stream of random ones, from its number `start` on: the stream that a key names.
/// Source: Salmon et al. 2011, Philox4x32-10.
void pawl_random(size_t n, uint64_t key, uint64_t start, uint32_t *out);

/// x[i] ← x[i] / (1 − rate) where number `start` + i of the stream is at least rate · 2^32, else 0.
/// Source: Srivastava et al. 2014.
void pawl_dropout(size_t n, uint64_t key, uint64_t start, float rate, float *x);
