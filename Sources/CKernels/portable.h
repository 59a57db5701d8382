// What the plain versions share.
#pragma once

#include <math.h>
#include <string.h>

#include "kernels.h"

#pragma STDC FP_CONTRACT OFF

/// Adds 16 partial sums as a tree: i and i + 8, then i and i + 4, and so on.
static inline float tree(float *lanes) {
  for (size_t width = PAWL_PANEL / 2; width > 0; width /= 2)
    for (size_t i = 0; i < width; i++) lanes[i] += lanes[i + width];
  return lanes[0];
}

/// The mean of a row, and 1 / √(variance + epsilon).
static inline void row_statistics(size_t D, const float *x, float epsilon, float *mean, float *scale) {
  float sums[PAWL_PANEL] = {0}, squares[PAWL_PANEL] = {0};
  for (size_t i = 0; i < D; i++) sums[i % PAWL_PANEL] += x[i];
  *mean = tree(sums) / (float)D;
  for (size_t i = 0; i < D; i++) {
    const float d = x[i] - *mean;
    squares[i % PAWL_PANEL] = fmaf(d, d, squares[i % PAWL_PANEL]);
  }
  *scale = 1.0f / sqrtf(tree(squares) / (float)D + epsilon);
}

static inline float exponential(float x) {
  x = x < PAWL_EXP_LOWEST ? PAWL_EXP_LOWEST : x;
  const float n = rintf(x * PAWL_LOG2_E);
  const float r = fmaf(n, -PAWL_LN2_LOW, fmaf(n, -PAWL_LN2_HIGH, x));
  float p = PAWL_EXP_6;
  p = fmaf(p, r, PAWL_EXP_5);
  p = fmaf(p, r, PAWL_EXP_4);
  p = fmaf(p, r, PAWL_EXP_3);
  p = fmaf(p, r, PAWL_EXP_2);
  p = fmaf(p, r * r, r) + 1.0f;
  const uint32_t bits = (uint32_t)((int32_t)n + 127) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  return p * power;
}

static inline float error_function(float x) {
  x = x < -PAWL_ERF_HIGHEST ? -PAWL_ERF_HIGHEST : x > PAWL_ERF_HIGHEST ? PAWL_ERF_HIGHEST : x;
  const float y = x * x;
  float p = PAWL_ERF_P5, q = PAWL_ERF_Q5;
  p = fmaf(p, y, PAWL_ERF_P4), q = fmaf(q, y, PAWL_ERF_Q4);
  p = fmaf(p, y, PAWL_ERF_P3), q = fmaf(q, y, PAWL_ERF_Q3);
  p = fmaf(p, y, PAWL_ERF_P2), q = fmaf(q, y, PAWL_ERF_Q2);
  p = fmaf(p, y, PAWL_ERF_P1), q = fmaf(q, y, PAWL_ERF_Q1);
  p = fmaf(p, y, PAWL_ERF_P0), q = fmaf(q, y, 1.0f);
  return x * p / q;
}
