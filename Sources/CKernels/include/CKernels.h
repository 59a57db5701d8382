// The vector loops of Pawl. Everything else is Swift.
//
// Each loop exists as plain C (the oracle, `portable`) and as AVX2 + FMA and AVX-512 twins. The twins
// give the same bits: every output is one chain of fused multiply-adds in a fixed order, every
// reduction runs over 16 partial sums that are added as a fixed tree (attention's shares one key after the
// other), and floating-point contraction is off, so that nothing is fused which is not written as fused.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crc32c.h"
#include "filter.h"
#include "int12.h"
#include "nearest.h"
#include "probes.h"
#include "lists.h"
#include "training.h"

/// Columns of one packed panel, and lanes of every reduction.
#define PAWL_PANEL 16

/// One implementation of every loop.
typedef struct pawl_kernels {
  const char *name;

  /// C = A·B + bias, or C += A·B + bias.
  /// a: M × K, row-major, `lda` floats from row to row. panels: B as ⌈N/16⌉ panels of K × 16 floats,
  /// the last one padded with anything. bias: N floats or NULL. c: M × N, `ldc` floats a row.
  void (*gemm)(size_t M, size_t N, size_t K, const float *a, size_t lda, const float *panels,
               const float *bias, float *c, size_t ldc, bool accumulate);

  /// x ← (x − mean) / sqrt(variance + epsilon) · gamma + beta for each of `rows` rows of D floats.
  /// Source: Ba, Kiros & Hinton 2016, section 3.
  void (*layer_norm)(size_t rows, size_t D, float *x, const float *gamma, const float *beta,
                     float epsilon);

  /// x ← x · Φ(x) with the exact erf (|relative error of erf| < 1e-7), n floats in place.
  /// Source: Hendrycks & Gimpel 2016, section 2.
  void (*gelu)(size_t n, float *x);

  /// Self-attention of some heads, W = heads · head_width, over one passage of T tokens.
  /// qkv: T × 3W, row-major: queries, keys and values of these heads side by side. out: T × W, `ldo`
  /// floats from row to row.
  /// scratch: `pawl_attention_scratch(T, head_width)` floats.
  /// Source: Vaswani et al. 2017, section 3.2.
  void (*attention)(size_t T, size_t heads, size_t head_width, const float *qkv, float *out,
                    size_t ldo, float *scratch);

  /// out ← the mean of `rows` rows of D floats.
  void (*mean_rows)(size_t rows, size_t D, const float *x, float *out);

  /// Σ a·b over n floats.
  float (*dot)(size_t n, const float *a, const float *b);

  /// scores[i] ← scales[i] · Σ query · codes[i] for `rows` codes of D bytes; `scales` are floats at
  /// any address.
  void (*scan_int8)(size_t rows, size_t D, const float *query, const int8_t *codes,
                    const void *scales, float *scores);

  /// scores[i] ← what `scan_int8` makes of the code at positions[i], to the bit, for n codes anywhere
  /// among those that begin at `codes`.
  void (*score_int8)(size_t n, size_t D, const float *query, const int8_t *codes,
                     const void *scales, const uint32_t *positions, float *scores);

  /// scores[i] ← Σ query · codes[i] for `rows` codes of D IEEE half floats at any address.
  void (*scan_float16)(size_t rows, size_t D, const float *query, const void *codes,
                       float *scores);

  /// scores[i] ← Σ query · codes[i] for `rows` codes of D floats at any address.
  void (*scan_float32)(size_t rows, size_t D, const float *query, const void *codes,
                       float *scores);

  /// out ← the IEEE half floats nearest to x (ties to even), n of them.
  void (*to_float16)(size_t n, const float *x, uint16_t *out);

  /// Those of search by inverted lists.
  const pawl_lists *lists;

  /// Those of training.
  const pawl_training *training;
} pawl_kernels;

/// The kernels of that name (`portable`, `avx2`, `avx512`), or NULL if there are none or this
/// processor cannot run them.
const pawl_kernels *pawl_kernels_named(const char *name);

/// The fastest kernels that this processor runs.
const pawl_kernels *pawl_kernels_best(void);

/// Floats of scratch that attention needs for a passage of T tokens.
size_t pawl_attention_scratch(size_t T, size_t head_width);

/// Packs rows `first` … first + N − 1 of a weight (each of K floats) as columns of B for `gemm`.
/// w: N × K, row-major. panels: zeroed before the first call; ⌈rows of the whole weight/16⌉ · 16 · K.
void pawl_pack_rows(size_t first, size_t N, size_t K, const float *w, size_t ldw, float *panels);

/// out[t] ← words[ids[t]] + positions[t] for T tokens of one passage; each row has D floats.
void pawl_embed_tokens(size_t T, size_t D, const int32_t *ids, const float *words,
                       const float *positions, float *out);

/// Whether none of n floats is an infinity or a NaN.
bool pawl_all_finite(size_t n, const float *x);
