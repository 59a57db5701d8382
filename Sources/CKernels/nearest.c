// The plain version of the assignment, what makes its operands, and which one this processor runs.
#include "nearest.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "kernels.h"

#pragma STDC FP_CONTRACT OFF

/// Σ X·C of a vector and a code, whose bytes are C + 128.
static int32_t product(const uint8_t *bytes, size_t steps, const int8_t *x) {
  // Unsigned, because only the sum as a whole is sure to fit: on the way it may wrap around.
  uint32_t sum = 0;
  for (size_t step = 0; step < steps; step++)
    for (size_t i = 0; i < PAWL_FILTER_STEP; i++)
      sum += (uint32_t)((bytes[step * PAWL_FILTER_LANES * 4 + i] - 128) *
                        x[step * PAWL_FILTER_STEP + i]);
  return (int32_t)sum;
}

static void run(const pawl_filter_codes *codes, size_t count, const int8_t *x, float *scores,
                uint32_t *places) {
  for (size_t i = 0; i < count; i++, x += codes->steps * 4) {
    scores[i] = -INFINITY, places[i] = 0;
    for (size_t place = 0; place < codes->panels * PAWL_FILTER_LANES; place++) {
      const size_t panel = place / PAWL_FILTER_LANES, lane = place % PAWL_FILTER_LANES;
      const uint8_t *bytes = codes->bytes + (panel * codes->steps * PAWL_FILTER_LANES + lane) * 4;
      const float score = (float)product(bytes, codes->steps, x) * codes->scales[place];
      if (score > scores[i]) scores[i] = score, places[i] = (uint32_t)place;
    }
  }
}

const pawl_nearest pawl_nearest_portable = {"portable", run};

float pawl_round_to_int8(size_t D, const float *x, int8_t *X) {
  // The greatest magnitude by its bits, which have its order: the compiler makes vectors of integers.
  int32_t greatest = 0;
  for (size_t i = 0; i < D; i++) {
    int32_t bits;
    memcpy(&bits, x + i, sizeof bits);
    bits &= INT32_MAX;
    greatest = bits > greatest ? bits : greatest;
  }
  float largest;
  memcpy(&largest, &greatest, sizeof largest);
  // Zeros, and what is nearly as small: any scale but 0 does. So it does for what is no number.
  const float scale = largest / 127 >= FLT_MIN && largest <= FLT_MAX ? largest / 127 : 1;
  for (size_t i = 0; i < D; i++) {
    // 1.5 · 2^23 leaves no bits for a fraction: the sum is rounded to an integer, ties to even, whose last
    // byte is the sum's.
    const float sum = x[i] / scale + 12582912.0f;
    uint32_t bits;
    memcpy(&bits, &sum, sizeof bits);
    X[i] = (int8_t)(uint8_t)bits;
  }
  return scale;
}

void pawl_from_int8(size_t D, float scale, const int8_t *X, float *x) {
  for (size_t i = 0; i < D; i++) x[i] = scale * (float)X[i];
}

void pawl_add_scaled(size_t D, float weight, const float *x, float *sum) {
  for (size_t i = 0; i < D; i++) sum[i] += weight * x[i];
}

static bool runs(const pawl_nearest *nearest) {
#if defined(__x86_64__)
  if (nearest == &pawl_nearest_avx2) return pawl_kernels_named("avx2") != NULL;
  if (nearest == &pawl_nearest_avx512vnni)
    return pawl_kernels_named("avx512") != NULL && __builtin_cpu_supports("avx512vnni");
#endif
  return nearest == &pawl_nearest_portable;
}

/// Fastest first, each with the kernels that it goes with.
static const struct {
  const char *kernels;
  const pawl_nearest *nearest;
} all[] = {
#if defined(__x86_64__)
    {"avx512", &pawl_nearest_avx512vnni},
    {"avx512", &pawl_nearest_avx2},
    {"avx2", &pawl_nearest_avx2},
#endif
    {"portable", &pawl_nearest_portable},
};

const pawl_nearest *pawl_nearest_named(const char *name) {
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (strcmp(all[i].nearest->name, name) == 0 && runs(all[i].nearest)) return all[i].nearest;
  return NULL;
}

const pawl_nearest *pawl_nearest_for(const pawl_kernels *kernels) {
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (strcmp(all[i].kernels, kernels->name) == 0 && runs(all[i].nearest)) return all[i].nearest;
  return &pawl_nearest_portable;
}
