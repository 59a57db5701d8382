// What the twins share: the tables and the constants of their polynomials.
#pragma once

#include "CKernels.h"

extern const pawl_kernels pawl_portable;
extern const pawl_filter pawl_filter_portable;
extern const pawl_nearest pawl_nearest_portable;
extern const pawl_lists pawl_lists_portable;
extern const pawl_training pawl_training_portable;
extern const pawl_int12 pawl_int12_portable;
#if defined(__x86_64__)
extern const pawl_kernels pawl_avx2;
extern const pawl_kernels pawl_avx512;
extern const pawl_filter pawl_filter_avx2;
extern const pawl_lists pawl_lists_avx2;
extern const pawl_lists pawl_lists_avx512;
extern const pawl_training pawl_training_avx2;
extern const pawl_training pawl_training_avx512;
extern const pawl_int12 pawl_int12_avx2;
extern const pawl_int12 pawl_int12_avx512;
extern const pawl_int12 pawl_int12_avx512vnni;
extern const pawl_filter pawl_filter_avx512;
extern const pawl_filter pawl_filter_avx512vnni;
extern const pawl_nearest pawl_nearest_avx2;
extern const pawl_nearest pawl_nearest_avx512vnni;
#endif

/// Bytes of weights and codes that are asked for ahead of their use. The processor's own prefetching
/// stops at the end of a page, and neither fits into the caches: without this, a text of 15 tokens waits a
/// third of its time for weights. One page ahead was best of 256 bytes to 12 KiB.
#define PAWL_FETCH_AHEAD 4096

/// Queries that the widest twin compares with a key at once.
#define PAWL_ATTENTION_QUERIES 32

// exp(x) = 2^n · exp(r), n = round(x / ln 2), |r| ≤ ln 2 / 2; ln 2 in two parts (Cody & Waite 1980,
// chapter 6) so that n · PAWL_LN2_HIGH is exact. exp(r) = 1 + r + r²·p(r): least squares on Chebyshev
// points, relative error 2e-9.
#define PAWL_LOG2_E 1.44269504088896341f
#define PAWL_LN2_HIGH 0.693359375f
#define PAWL_LN2_LOW -2.12194440054690583e-4f
#define PAWL_EXP_LOWEST -87.0f
#define PAWL_EXP_2 0.5000000081f
#define PAWL_EXP_3 0.1666651599f
#define PAWL_EXP_4 0.04166626314f
#define PAWL_EXP_5 0.008369151694f
#define PAWL_EXP_6 0.001394644656f

// erf(x) = x · P(x²) / Q(x²) for |x| ≤ 3.93, where erf differs from 1 by less than half a unit in the
// last place: rational least squares on Chebyshev points (Lawson weights), relative error 2e-8.
// 1 / √(2π).
#define PAWL_NORMAL_DENSITY 0.39894228040143268f
#define PAWL_SQRT_HALF 0.70710678118654752f
#define PAWL_ERF_HIGHEST 3.93f
#define PAWL_ERF_P0 1.128379146f
#define PAWL_ERF_P1 0.1907664779f
#define PAWL_ERF_P2 0.05278799316f
#define PAWL_ERF_P3 0.003778861532f
#define PAWL_ERF_P4 0.0002847912217f
#define PAWL_ERF_P5 2.04209927e-6f
#define PAWL_ERF_Q1 0.5023951143f
#define PAWL_ERF_Q2 0.1142503481f
#define PAWL_ERF_Q3 0.01499594692f
#define PAWL_ERF_Q4 0.001165029984f
#define PAWL_ERF_Q5 3.800449147e-5f

/// How a row is rounded to 12 bits: code = round(x · inverse), x ≈ code · factor.
typedef struct { float factor, inverse; } pawl_int12_range;

/// For a row whose greatest magnitude has those bits. Bits and magnitudes have one order, NaN above all.
static inline pawl_int12_range pawl_int12_range_of(uint32_t magnitude) {
  float highest;
  __builtin_memcpy(&highest, &magnitude, sizeof highest);
  if (magnitude >= 0x7f800000) return (pawl_int12_range){__builtin_nanf(""), 0};
  // The inverse of less could be an infinity.
  if (highest < 1e-30f) return (pawl_int12_range){0, 0};
  return (pawl_int12_range){highest / PAWL_INT12_HIGHEST, PAWL_INT12_HIGHEST / highest};
}
