// Tests products of 12 bits: every twin against the portable one, and the portable one against sums of 64
// bits. Everything that they read ends where the process's memory ends.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/// Widths of all rests of a pair, a vector and a block, and several blocks.
static const size_t widths[] = {1, 2, 3, 15, 16, 17, 31, 32, 33, 63, 64, 96, 383, 384, 511, 512, 513, 1025};
/// Rests and whole tiles of all twins.
static const size_t rows_tried[] = {1, 2, 3, 4, 5, 7, 8, 13}, columns_tried[] = {1, 16, 17, 48, 50, 97};
#define COUNT(array) (sizeof array / sizeof *array)
enum { WIDTHS = COUNT(widths) };

typedef enum { USUAL, EXTREME, ODD, KINDS } kind;

/// Rows of K numbers at the end of arena 0, `gap` floats between them.
static float *rows_of(size_t rows, size_t K, size_t gap, kind what) {
  const size_t count = (rows - 1) * (K + gap) + K;
  float *x = floats(0, count, 3);
  // Rows of one sign: their products all count the same way, to the brim of 32 bits.
  if (what == EXTREME)
    for (size_t i = 0; i < count; i++) x[i] = i / (K + gap) % 2 ? -2047 : 2047;
  const float odd[] = {0, INFINITY, -INFINITY, NAN, 1e-42f, -1e-31f, 3e38f, -0.0f};
  if (what == ODD)
    for (size_t r = 0; r < rows; r++) {
      const float value = odd[word() % 8];
      const bool whole = word() % 2;
      for (size_t k = 0; k < K; k++)
        if (whole || word() % K == 0) x[r * (K + gap) + k] = value;
    }
  return x;
}

/// Rounds rows of K numbers, block by block, at the end of arenas 1 and 2; the factors are in `factors`.
static int16_t *rounded(const pawl_int12 *int12, size_t rows, size_t K, size_t gap, kind what,
                        float **factors) {
  const float *x = rows_of(rows, K, gap, what);
  const size_t padded = pawl_int12_padded(K), blocks = pawl_int12_blocks(K);
  const size_t groups = (rows + PAWL_INT12_GROUP - 1) / PAWL_INT12_GROUP;
  int16_t *codes = last(1, groups * PAWL_INT12_GROUP * padded * sizeof *codes);
  *factors = last(2, rows * blocks * sizeof **factors);
  memset(codes, 0x55, groups * PAWL_INT12_GROUP * padded * sizeof *codes);
  for (size_t b = 0; b < blocks; b++) {
    const size_t start = b * PAWL_INT12_BLOCK;
    const size_t width = K - start < PAWL_INT12_BLOCK ? K - start : PAWL_INT12_BLOCK;
    int12->round_rows(rows, width, x + start, K + gap, codes + start * PAWL_INT12_GROUP,
                      padded * PAWL_INT12_GROUP, *factors + b, blocks);
  }
  return codes;
}

static int16_t code_of(const int16_t *codes, size_t K, size_t r, size_t k) {
  return codes[r / PAWL_INT12_GROUP * PAWL_INT12_GROUP * pawl_int12_padded(K) +
               k / 2 * 2 * PAWL_INT12_GROUP + r % PAWL_INT12_GROUP * 2 + k % 2];
}

static void try_rounding(const pawl_int12 *int12, size_t rows, size_t K, kind what, outcome *out) {
  float *factors;
  const int16_t *codes = rounded(int12, rows, K, rows % 3, what, &factors);
  out->bytes = 0;
  // Rows that fill up the last group may be anything.
  for (size_t r = 0; r < rows; r++)
    for (size_t k = 0; k < pawl_int12_padded(K); k++) {
      const int16_t code = code_of(codes, K, r, k);
      keep_more(out, &code, sizeof code);
    }
  keep_more(out, factors, rows * pawl_int12_blocks(K) * sizeof *factors);
}

/// A product of M rows with N columns, both rounded by the portable loops, so that only the product differs.
static void try_product(const pawl_int12 *int12, size_t M, size_t N, size_t K, kind what,
                        bool accumulate, outcome *out, double *worst) {
  float *factors;
  const pawl_int12 *const portable = pawl_int12_named("portable");
  const int16_t *codes = rounded(portable, M, K, 0, what, &factors);
  const size_t outputs = (N + PAWL_PANEL - 1) / PAWL_PANEL * PAWL_PANEL, blocks = pawl_int12_blocks(K);
  int16_t *panels = last(3, outputs * pawl_int12_padded(K) * sizeof *panels);
  memset(panels, 0, outputs * pawl_int12_padded(K) * sizeof *panels);
  float *scales = floats(4, 2 * outputs, 1), *bias = scales + outputs;
  const float *weights = rows_of(N, K, 0, what == EXTREME ? EXTREME : USUAL);
  pawl_int12_pack(0, N, K, weights, panels, scales);
  const size_t ldc = N + 3, count = (M - 1) * ldc + N;
  float *c = floats(5, count, 1);
  out->bytes = 0;
  double *before = malloc(count * sizeof *before);
  for (size_t i = 0; i < count; i++) before[i] = c[i];
  int12->gemm(M, N, K, codes, factors, panels, scales, bias, c, ldc, accumulate);
  keep_more(out, c, count * sizeof *c);
  *worst = 0;
  for (size_t m = 0; m < M; m++)
    for (size_t n = 0; n < N; n++) {
      double sum = 0, size = 1e-30;
      for (size_t b = 0; b < blocks; b++) {
        int64_t exact = 0;
        for (size_t k = b * PAWL_INT12_BLOCK; k < K && k < (b + 1) * PAWL_INT12_BLOCK; k++)
          exact += (int64_t)code_of(codes, K, m, k) *
                   panels[n / 16 * 16 * pawl_int12_padded(K) + k / 2 * 32 + n % 16 * 2 + k % 2];
        sum += (double)exact * factors[m * blocks + b];
        size += fabs((double)exact * factors[m * blocks + b]);
      }
      const double wanted = sum * scales[n] + bias[n] + (accumulate ? before[m * ldc + n] : 0);
      size = size * fabs(scales[n]) + fabs(bias[n]) + fabs(before[m * ldc + n]);
      const double error = fabs(wanted - c[m * ldc + n]) / size;
      *worst = error > *worst ? error : *worst;
    }
  free(before);
}

static void compare_rounding(const pawl_int12 *twin) {
  const pawl_int12 *const portable = pawl_int12_named("portable");
  bool holds = true;
  for (size_t w = 0; w < WIDTHS; w++)
    for (size_t rows = 1; rows <= 9; rows++)
      for (kind what = USUAL; what < KINDS; what++) {
        const uint64_t seed = state;
        try_rounding(portable, rows, widths[w], what, &expected);
        state = seed;
        try_rounding(twin, rows, widths[w], what, &found);
        if (holds && !same()) printf("rounding %zu rows of %zu\n", rows, widths[w]);
        holds &= same();
      }
  report(holds, twin->name, "12-bit rounding equals portable's");
}

static void compare_products(const pawl_int12 *twin) {
  const pawl_int12 *const portable = pawl_int12_named("portable");
  bool holds = true, exact = true;
  for (size_t w = 0; w < WIDTHS; w++)
    for (size_t m = 0; m < COUNT(rows_tried); m++)
      for (size_t n = 0; n < COUNT(columns_tried); n++)
        for (kind what = USUAL; what <= EXTREME; what++) {
          const size_t M = rows_tried[m], N = columns_tried[n];
          const uint64_t seed = state;
          double worst;
          try_product(portable, M, N, widths[w], what, (M + N) % 2, &expected, &worst);
          exact &= worst < 4e-7;
          state = seed;
          try_product(twin, M, N, widths[w], what, (M + N) % 2, &found, &worst);
          if (holds && !same()) printf("product %zu x %zu x %zu\n", M, N, widths[w]);
          holds &= same();
        }
  report(holds, twin->name, "12-bit products equal portable's");
  report(exact, "portable", "12-bit products are exact sums, rounded a few times");
}

/// Codes and factors stand for the rows to half a step; rows that cannot be rounded say so.
static void rounding_is_right(void) {
  const pawl_int12 *const portable = pawl_int12_named("portable");
  bool near = true, limits = true, odd = true, packed = true;
  for (size_t w = 0; w < WIDTHS; w++)
    for (kind what = USUAL; what < KINDS; what++) {
      const size_t K = widths[w], rows = 5, blocks = pawl_int12_blocks(K);
      const uint64_t seed = state;
      float *factors;
      const int16_t *codes = rounded(portable, rows, K, 0, what, &factors);
      state = seed;
      const float *x = rows_of(rows, K, 0, what);
      for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < K; k++) {
          const float factor = factors[r * blocks + k / PAWL_INT12_BLOCK], value = x[r * K + k];
          const int16_t code = code_of(codes, K, r, k);
          limits &= code >= -PAWL_INT12_HIGHEST && code <= PAWL_INT12_HIGHEST;
          if (isnan(factor)) odd &= code == 0;
          else if (factor == 0) odd &= code == 0 && fabsf(value) < 1e-30f;
          else near &= fabs((double)code * factor - value) <= 0.5001 * factor;
          if (!isfinite(value)) odd &= isnan(factor);
        }
      if (what == ODD) continue;
      int16_t *panels = last(3, PAWL_PANEL * pawl_int12_padded(K) * sizeof *panels);
      memset(panels, 0, PAWL_PANEL * pawl_int12_padded(K) * sizeof *panels);
      float *scales = floats(4, rows, 1);
      state = seed;
      const float *weights = rows_of(rows, K, 0, what);
      pawl_int12_pack(0, rows, K, weights, panels, scales);
      for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < K; k++) {
          const int16_t code = panels[k / 2 * 32 + r * 2 + k % 2];
          packed &= fabs((double)code * scales[r] - weights[r * K + k]) <= 0.5001 * scales[r];
          limits &= code >= -PAWL_INT12_HIGHEST && code <= PAWL_INT12_HIGHEST;
        }
    }
  report(near, "portable", "12-bit codes are within half a step");
  report(packed, "portable", "12-bit weights are within half a step");
  report(limits, "portable", "12-bit codes are at most 2047");
  report(odd, "portable", "rows that have no 12-bit codes are zeros times NaN");
}

void test_int12(void) {
  const char *names[] = {"avx2", "avx512", "avx512vnni"};
  report(pawl_int12_named("portable") != NULL && pawl_int12_named("none") == NULL, "select",
         "12-bit loops are found by name");
  rounding_is_right();
  for (int i = 0; i < 3; i++) {
    const pawl_int12 *twin = pawl_int12_named(names[i]);
    if (!twin) {
      printf("int12 %s: not on this processor\n", names[i]);
      continue;
    }
    compare_rounding(twin);
    compare_products(twin);
  }
  for (const char *const *name = (const char *const[]){"portable", "avx2", "avx512", NULL}; *name;
       name++) {
    const pawl_kernels *kernels = pawl_kernels_named(*name);
    if (kernels)
      report(strncmp(pawl_int12_for(kernels)->name, *name, strlen(*name)) == 0, *name,
             "12-bit loops go with the kernels");
  }
}
