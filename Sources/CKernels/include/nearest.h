// Which of many codes is nearest to each of many vectors: the assignment of passages to lists.
//
// Vectors and codes are integers here, 8 bits an element, so that the sums are exact and every
// implementation finds the same code: the one with the greatest scale · ΣXC, as a float; of equal ones
// that of the lowest place.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "filter.h"

/// Vectors come in multiples of this, filled up with anything: every implementation's tile divides it.
#define PAWL_NEAREST_ROWS 28

/// One implementation of the assignment.
typedef struct pawl_nearest {
  const char *name;

  /// places[i] ← the place of the code that is nearest to vector i; scores[i] ← its scale · ΣXC.
  /// codes: whose places hold codes, all of them; norms, residuals and numbers are not read.
  /// count: vectors. x: count rounded up to PAWL_NEAREST_ROWS vectors of 4 · codes->steps bytes from
  /// −127 to 127 (a vector with a −128 may get any place); the bytes behind D are 0.
  void (*run)(const pawl_filter_codes *codes, size_t count, const int8_t *x, float *scores,
              uint32_t *places);
} pawl_nearest;

struct pawl_kernels;

/// The implementation that goes with those kernels on this processor.
const pawl_nearest *pawl_nearest_for(const struct pawl_kernels *kernels);

/// The implementation of that name (`portable`, `avx2`, `avx512vnni`), or NULL if there is none or this
/// processor cannot run it.
const pawl_nearest *pawl_nearest_named(const char *name);

/// X ← the integers nearest to x / scale (ties to even), for D floats; returns the scale, max|x| / 127, or
/// 1 where that has not all its digits. What is no finite number becomes some integer.
float pawl_round_to_int8(size_t D, const float *x, int8_t *X);

/// x ← scale · X for D integers.
void pawl_from_int8(size_t D, float scale, const int8_t *X, float *x);

/// sum ← sum + weight · x for D floats.
void pawl_add_scaled(size_t D, float weight, const float *x, float *sum);
