// The plain version of the filter, what packs its operands, and which filter this processor runs.
#include "filter.h"

#include <math.h>
#include <string.h>

#include "kernels.h"

#pragma STDC FP_CONTRACT OFF

/// One query against one panel pair, as every twin does it.
static void one(const pawl_filter_codes *codes, size_t panel, const int8_t *Q, size_t rows,
                pawl_filter_query *query) {
  for (size_t lane = 0; lane < PAWL_FILTER_LANES; lane++) {
    const uint8_t *bytes = codes->bytes + (panel * codes->steps * PAWL_FILTER_LANES + lane) * 4;
    // Unsigned, because only the sum as a whole is sure to fit: on the way it may wrap around.
    uint32_t sum = (uint32_t)query->offset;
    for (size_t step = 0; step < codes->steps; step++)
      for (size_t i = 0; i < PAWL_FILTER_STEP; i++)
        sum += (uint32_t)(bytes[step * PAWL_FILTER_LANES * 4 + i] * Q[step * rows * 4 + i]);
    const size_t place = panel * PAWL_FILTER_LANES + lane;
    const float product = (float)(int32_t)sum * codes->scales[place];
    const float error =
        fmaf(codes->norms[place], query->error, codes->residuals[place] * query->norm);
    const float upper = fmaf(product, query->scale, error);
    if (upper >= query->threshold)
      query->candidates[query->count++] = (pawl_candidate){
          fmaf(product, query->scale, -error), upper, codes->numbers[place]};
  }
}

static size_t run(const pawl_filter_codes *codes, size_t start, const int8_t *tile,
                  pawl_filter_query *queries, size_t count) {
  const size_t rows = pawl_filter_portable.rows;
  for (size_t panel = start; panel < codes->panels; panel += PAWL_FILTER_PANELS) {
    for (size_t i = 0; i < count; i++)
      if (queries[i].capacity - queries[i].count < PAWL_FILTER_ROOM) return panel;
    for (size_t i = 0; i < count; i++)
      for (size_t j = 0; j < PAWL_FILTER_PANELS; j++)
        one(codes, panel + j, tile + i * 4, rows, queries + i);
  }
  return codes->panels;
}

const pawl_filter pawl_filter_portable = {"portable", 127, 4, run};

// Packing. Exact scan and filter differ by what is derived here, and by nothing else. Letters: q, x the
// vectors as the scan takes them, q̂ and x̂ as the filter does, m = ⌈D/16⌉, u = 2^-24.
//
//   The scan adds 16 sums of m fused products with 4 more additions and scales the result:
//     |scan − q·x| ≤ 1.01 (m + 5) u ‖q‖‖x‖                               (Higham 2002, section 3.1)
//   Cauchy and Schwarz, on q·x − q̂·x̂ = (q − q̂)·x̂ + q·(x − x̂):
//     |q·x − q̂·x̂| ≤ ‖q − q̂‖‖x̂‖ + ‖q‖‖x − x̂‖
//   The filter rounds its exact integer when it becomes a float, and twice more; ‖q̂‖ ≤ 2‖q‖:
//     |filter − q̂·x̂| ≤ 8 u ‖q‖‖x̂‖
//   With ‖x‖ ≤ ‖x̂‖ + ‖x − x̂‖ all of it is at most E ‖x̂‖ + F ‖x − x̂‖,
//     E = ‖q − q̂‖ + ‖q‖ (m + 16) 2u,   F = ‖q‖ (1 + 2^-9).
//   Norms and E are enlarged by 2^-20, which covers that the bound itself is computed in floats. Norms
//   between 2^-40 and 2^40 keep all of this away from where floats overflow or lose digits.

#define SLACK (1 + 0x1p-20)

static bool is_bounded(double norm) { return norm >= 0x1p-40 && norm <= 0x1p40; }

/// What became of a vector: x ≈ scale · X.
typedef struct rounded {
  float scale;
  /// ‖x‖² and ‖x − scale · X‖².
  double square, residual;
} rounded;

/// Partial sums side by side, for the compiler's vectors.
enum { PARTS = 8 };

/// One vector's worth of `round_to`, D ≤ PARTS.
static inline __attribute__((always_inline)) void round_part(size_t D, const float *x, float scale,
                                                             int8_t *X, double *squares,
                                                             double *residuals) {
  for (size_t i = 0; i < D; i++) {
    // 1.5 · 2^23 leaves no bits for a fraction: the sum is rounded to an integer, ties to even,
    // whose last byte is the sum's. Also defined, if without a meaning, for what is no number.
    const float sum = x[i] / scale + 12582912.0f;
    uint32_t bits;
    memcpy(&bits, &sum, sizeof bits);
    X[i] = (int8_t)(uint8_t)bits;
    const double value = x[i], rest = value - (double)scale * (sum - 12582912.0f);
    squares[i] += value * value;
    residuals[i] += rest * rest;
  }
}

/// X ← the integers nearest to x / scale, scale = max|x| / limit.
static rounded round_to(int32_t limit, size_t D, const float *x, int8_t *X) {
  float largest = 0;
  for (size_t i = 0; i < D; i++) largest = fabsf(x[i]) > largest ? fabsf(x[i]) : largest;
  // Below that it is 0 or has no bound.
  rounded out = {largest > 0x1p-60f ? largest / (float)limit : 1, 0, 0};
  double squares[PARTS] = {0}, residuals[PARTS] = {0};
  size_t start = 0;
  for (; start + PARTS <= D; start += PARTS)
    round_part(PARTS, x + start, out.scale, X + start, squares, residuals);
  round_part(D - start, x + start, out.scale, X + start, squares, residuals);
  for (size_t i = 0; i < PARTS; i++) out.square += squares[i], out.residual += residuals[i];
  return out;
}

static inline void put_four(const int8_t *X, size_t n, uint8_t *lane) {
  uint32_t four = 0;
  memcpy(&four, X, n);
  four ^= 0x80808080u;
  memcpy(lane, &four, sizeof four);
}

/// Copies a code to its lane, 128 added to each element; Σ X².
static int32_t interleave(size_t D, const int8_t *X, uint8_t *lane) {
  const size_t whole = D / 4;
  for (size_t step = 0; step < whole; step++)
    put_four(X + step * 4, 4, lane + step * PAWL_FILTER_LANES * 4);
  if (D % 4) put_four(X + whole * 4, D % 4, lane + whole * PAWL_FILTER_LANES * 4);
  int32_t sum = 0;
  for (size_t i = 0; i < D; i++) sum += X[i] * X[i];
  return sum;
}

static void from_float16(size_t n, const char *halves, float *out) {
  for (size_t i = 0; i < n; i++) {
    uint16_t half;
    memcpy(&half, halves + i * sizeof half, sizeof half);
    // The exponents are 112 apart; a half float that is no number stays none.
    const uint32_t bits = (uint32_t)(half & 0x7fff) << 13 | ((half & 0x7c00) == 0x7c00 ? 0x7f800000 : 0);
    float magnitude;
    memcpy(&magnitude, &bits, sizeof bits);
    magnitude *= 0x1p112f;
    out[i] = half & 0x8000 ? -magnitude : magnitude;
  }
}

/// Packs one code of floats.
static void pack_floats(size_t D, const float *x, int8_t *X, uint8_t *lane, float *scale,
                        float *norm, float *residual) {
  const rounded facts = round_to(127, D, x, X);
  const double square = interleave(D, X, lane);
  const bool bounded = facts.square == 0 || is_bounded(sqrt(facts.square));
  *scale = bounded ? facts.scale : 0;
  *norm = bounded ? (float)(facts.scale * sqrt(square) * SLACK) : INFINITY;
  *residual = bounded ? (float)(sqrt(facts.residual) * SLACK) : 0;
}

static void pack_int8(size_t D, const int8_t *X, const void *stored, uint8_t *lane, float *scale,
                      float *norm, float *residual) {
  memcpy(scale, stored, sizeof *scale);
  const double exact = fabs((double)*scale) * sqrt(interleave(D, X, lane));
  const bool bounded = exact == 0 || is_bounded(exact);
  if (!bounded) *scale = 0;
  *norm = bounded ? (float)(exact * SLACK) : INFINITY;
  *residual = 0;
}

void pawl_filter_pack(pawl_code_kind kind, size_t D, size_t count, const void *codes,
                      const void *scales, uint32_t number, pawl_filter_codes *packed, size_t place) {
  float x[PAWL_FILTER_WIDEST];
  int8_t X[PAWL_FILTER_WIDEST];
  const size_t sizes[] = {1, 2, 4};
  for (size_t i = 0; i < count; i++, place++) {
    const char *code = (const char *)codes + i * D * sizes[kind];
    const size_t panel = place / PAWL_FILTER_LANES, lane = place % PAWL_FILTER_LANES;
    uint8_t *out = packed->bytes + (panel * packed->steps * PAWL_FILTER_LANES + lane) * 4;
    float *const scale = packed->scales + place, *const norm = packed->norms + place,
                 *const residual = packed->residuals + place;
    packed->numbers[place] = number + (uint32_t)i;
    if (kind == PAWL_CODE_INT8) {
      pack_int8(D, (const int8_t *)code, (const char *)scales + i * 4, out, scale, norm, residual);
      continue;
    }
    if (kind == PAWL_CODE_FLOAT16) from_float16(D, code, x);
    else memcpy(x, code, D * sizeof *x);
    pack_floats(D, x, X, out, scale, norm, residual);
  }
}

void pawl_filter_pack_nothing(size_t place, size_t end, pawl_filter_codes *packed) {
  for (; place < end; place++) {
    packed->scales[place] = packed->residuals[place] = 0;
    packed->norms[place] = -INFINITY;
    packed->numbers[place] = 0;
  }
}

bool pawl_filter_pack_query(const pawl_filter *filter, size_t D, const float *x, size_t row,
                            int8_t *tile, pawl_filter_query *query) {
  int8_t Q[PAWL_FILTER_WIDEST];
  const rounded facts = round_to(filter->limit, D, x, Q);
  const double norm = sqrt(facts.square);
  if (!is_bounded(norm)) return false;
  const double roundings = (double)((D + 15) / 16 + 16);
  int32_t sum = 0;
  for (size_t i = 0; i < D; i++) {
    tile[(i / 4 * filter->rows + row) * 4 + i % 4] = Q[i];
    sum += Q[i];
  }
  query->offset = -128 * sum;
  query->scale = facts.scale;
  query->error = (float)((sqrt(facts.residual) + norm * roundings * 0x1p-23) * SLACK);
  query->norm = (float)(norm * (1 + 0x1p-9));
  return true;
}

void pawl_prefetch(const void *bytes, size_t count) {
  for (size_t i = 0; i < count; i += 64) __builtin_prefetch((const char *)bytes + i);
}

size_t pawl_keep(size_t n, float threshold, pawl_candidate *candidates) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    candidates[kept] = candidates[i];
    kept += candidates[i].upper >= threshold;
  }
  return kept;
}

/// Moves the candidates whose lower bound is above the pivot (or equal, if `or_equal`) to the front; how
/// many they are. Without a branch on the numbers, which no processor could predict.
static inline size_t divide(size_t n, float pivot, bool or_equal, pawl_candidate *candidates) {
  size_t front = 0;
  for (size_t i = 0; i < n; i++) {
    const pawl_candidate candidate = candidates[i];
    candidates[i] = candidates[front];
    candidates[front] = candidate;
    front += or_equal ? candidate.lower >= pivot : candidate.lower > pivot;
  }
  return front;
}

void pawl_select(size_t n, size_t k, pawl_candidate *candidates) {
  while (n > 1) {
    // The middle of three, so that sorted lists are no bad case.
    const float a = candidates[0].lower, b = candidates[n / 2].lower, c = candidates[n - 1].lower;
    const float pivot = a > b ? (b > c ? b : (a > c ? c : a)) : (a > c ? a : (b > c ? c : b));
    const size_t above = divide(n, pivot, false, candidates);
    if (k <= above) {
      n = above;
      continue;
    }
    const size_t equal = divide(n - above, pivot, true, candidates + above);
    if (k <= above + equal) return;
    candidates += above + equal, n -= above + equal, k -= above + equal;
  }
}

static bool runs(const pawl_filter *filter) {
#if defined(__x86_64__)
  const bool avx512 = pawl_kernels_named("avx512") != NULL;
  if (filter == &pawl_filter_avx2) return pawl_kernels_named("avx2") != NULL;
  if (filter == &pawl_filter_avx512) return avx512;
  if (filter == &pawl_filter_avx512vnni) return avx512 && __builtin_cpu_supports("avx512vnni");
#endif
  return filter == &pawl_filter_portable;
}

/// Fastest first, each with the kernels that it goes with.
static const struct {
  const char *kernels;
  const pawl_filter *filter;
} all[] = {
#if defined(__x86_64__)
    {"avx512", &pawl_filter_avx512vnni},
    {"avx512", &pawl_filter_avx512},
    {"avx2", &pawl_filter_avx2},
#endif
    {"portable", &pawl_filter_portable},
};

const pawl_filter *pawl_filter_named(const char *name) {
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (strcmp(all[i].filter->name, name) == 0 && runs(all[i].filter)) return all[i].filter;
  return NULL;
}

const pawl_filter *pawl_filter_for(const pawl_kernels *kernels) {
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (strcmp(all[i].kernels, kernels->name) == 0 && runs(all[i].filter)) return all[i].filter;
  return &pawl_filter_portable;
}
