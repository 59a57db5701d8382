// The plain version of the loops of search by inverted lists, and what makes their operands.
#include "lists.h"

#include <math.h>
#include <string.h>

#include "kernels.h"

#pragma STDC FP_CONTRACT OFF

static float float_at(const void *floats, size_t i) {
  float value;
  memcpy(&value, (const char *)floats + i * sizeof value, sizeof value);
  return value;
}

/// The 16 bytes of a code's group for its four dimensions t, and how far the code's bits are up.
static size_t byte_of(size_t place, size_t tables, size_t t) {
  return (place / PAWL_BITS_GROUP * tables + t) * 16 + place % 16;
}
static unsigned shift_of(size_t place) { return place % PAWL_BITS_GROUP < 16 ? 0 : 4; }

static void scan_bits(const pawl_bit_query *query, size_t n, const uint8_t *groups,
                      const void *factors, const void *offsets, float c, float *estimates) {
  const size_t tables = query->blocks * 4;
  for (size_t i = 0; i < n; i++) {
    int32_t sum = 0;
    for (size_t t = 0; t < tables; t++)
      sum += query->tables[t * 16 + (groups[byte_of(i, tables, t)] >> shift_of(i) & 15)];
    const float product = (float)(2 * sum - query->offset) * query->step;
    estimates[i] = fmaf(float_at(factors, i), product, float_at(offsets, i)) + c;
  }
}

static size_t select_at_least(size_t n, const float *scores, float threshold,
                              uint32_t *positions) {
  size_t count = 0;
  for (size_t i = 0; i < n; i++)
    if (scores[i] >= threshold) positions[count++] = (uint32_t)i;
  return count;
}

static void scan_int16(size_t queries, size_t rows, size_t D, const int16_t *query,
                       const float *factors, const int8_t *codes, const void *scales,
                       size_t stride, float *scores) {
  for (size_t q = 0; q < queries; q++, query += D, scores += stride)
    for (size_t r = 0; r < rows; r++) {
      const int8_t *code = codes + r * D;
      // Unsigned, because bytes from a damaged file may make it wrap around.
      uint32_t sum = 0;
      for (size_t i = 0; i < D; i++) sum += (uint32_t)(query[i] * code[i]);
      scores[r] = (float)(int32_t)sum * (float_at(scales, r) * factors[q]);
    }
}

#include "rotate.inc"

const pawl_lists pawl_lists_portable = {scan_bits, select_at_least, scan_int16, rotate};

/// Between that and this the largest number of a vector lies, or the vector is taken as 0: smaller ones
/// lack digits, and sums of larger ones may not be numbers.
static bool is_usable(float largest) { return largest > 0x1p-60f && largest <= 0x1p120f; }

/// The bits of |x|: as integers they are ordered as the numbers, with what is no number above them, and
/// other than floats the compiler takes the maximum of several at once.
static inline uint32_t magnitude(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits & 0x7fffffff;
}

static inline float as_float(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/// The integer nearest to x, ties to even, |x| < 2^22: 1.5 · 2^23 leaves no bits for a fraction.
static inline int32_t nearest(float x) {
  const float sum = x + 12582912.0f;
  int32_t bits;
  memcpy(&bits, &sum, sizeof bits);
  return bits - 0x4b400000;
}

/// The largest Σ|x| of four dimensions that share a table.
static float largest_four(size_t D, const float *x) {
  const size_t whole = D / 4 * 4;
  float rest[4] = {0};
  memcpy(rest, x + whole, (D - whole) * sizeof *rest);
  uint32_t largest = magnitude(fabsf(rest[0]) + fabsf(rest[1]) + fabsf(rest[2]) + fabsf(rest[3]));
  for (size_t i = 0; i < whole; i += 4) {
    const float sum = fabsf(x[i]) + fabsf(x[i + 1]) + fabsf(x[i + 2]) + fabsf(x[i + 3]);
    largest = magnitude(sum) > largest ? magnitude(sum) : largest;
  }
  return as_float(largest);
}

/// The table of four dimensions, u = x · inverse rounded: entry v is Σ u over the bits of v, and what keeps
/// it from being negative; Σ|u|. Eight entries are the bytes of one number, the lowest first: none of
/// the finished ones carries.
static inline int32_t fill_table(const float *x, float inverse, uint8_t *table) {
  int32_t u[4], lowest = 0, sum = 0;
  for (size_t b = 0; b < 4; b++) u[b] = nearest(x[b] * inverse);
  for (size_t b = 0; b < 4; b++) lowest -= u[b] < 0 ? u[b] : 0, sum += u[b];
  const uint64_t ones = 0x0101010101010101;
  const uint64_t low = (uint64_t)lowest * ones + (uint64_t)u[0] * 0x0100010001000100 +
                       (uint64_t)u[1] * 0x0101000001010000 + (uint64_t)u[2] * 0x0101010100000000;
  const uint64_t high = low + (uint64_t)u[3] * ones;
  memcpy(table, &low, sizeof low);
  memcpy(table + 8, &high, sizeof high);
  return sum + 2 * lowest;
}

pawl_bit_query pawl_bits_query(size_t D, const float *rotated, uint8_t *tables) {
  pawl_bit_query query = {(D + PAWL_BITS_BLOCK - 1) / PAWL_BITS_BLOCK, tables, 0, 0};
  const float largest = largest_four(D, rotated);
  memset(tables, 0, query.blocks * 64);
  if (!is_usable(largest)) return query;
  // Rounding adds a half to each of four at most.
  query.step = largest / (PAWL_BITS_LIMIT - 2);
  const float inverse = 1 / query.step;
  const size_t whole = D / 4 * 4;
  // ⟨u, s⟩ is 2 · (Σ u over the bits) − Σ u; the tables add Σ max(0, −u) to the first sum.
  for (size_t i = 0; i < whole; i += 4)
    query.offset += fill_table(rotated + i, inverse, tables + i * 4);
  if (whole < D) {
    float rest[4] = {0};
    memcpy(rest, rotated + whole, (D - whole) * sizeof *rest);
    query.offset += fill_table(rest, inverse, tables + whole * 4);
  }
  return query;
}

void pawl_bits_pack(size_t D, const float *rotated, const float *centroid, size_t place,
                    uint8_t *groups, float *factor, float *offset) {
  const size_t tables = (D + PAWL_BITS_BLOCK - 1) / PAWL_BITS_BLOCK * 4;
  double square = 0, sum = 0, product = 0, signs = 0;
  for (size_t i = 0; i < D; i++) {
    const double r = (double)rotated[i] - centroid[i];
    square += r * r;
    sum += fabs(r);
    product += centroid[i] * r;
    signs += r > 0 ? centroid[i] : -centroid[i];
    groups[byte_of(place, tables, i / 4)] |= (uint8_t)((r > 0) << (shift_of(place) + i % 4));
  }
  const double f = sum > 0 ? square / sum : 0;
  *factor = (float)f;
  *offset = sum > 0 ? (float)(product - f * signs) : 0;
  if (!isfinite(*factor) || !isfinite(*offset)) *factor = *offset = 0;
}

float pawl_round_to_int16(size_t D, const float *x, int16_t *out) {
  uint32_t bits = 0;
  for (size_t i = 0; i < D; i++) bits = magnitude(x[i]) > bits ? magnitude(x[i]) : bits;
  const float largest = as_float(bits);
  if (!is_usable(largest)) {
    memset(out, 0, D * sizeof *out);
    return 0;
  }
  const size_t most = INT32_MAX / 128 / D;
  const float scale = largest / (float)(most < 32767 ? most : 32767);
  const float inverse = 1 / scale;
  for (size_t i = 0; i < D; i++) out[i] = (int16_t)nearest(x[i] * inverse);
  return scale;
}

void pawl_fetch_codes(size_t n, const uint32_t *positions, size_t D, const int8_t *codes,
                      const void *scales) {
  for (size_t i = 0; i < n; i++) {
    const int8_t *code = codes + (size_t)positions[i] * D;
    __builtin_prefetch((const char *)scales + (size_t)positions[i] * 4);
    for (size_t k = 0; k < D; k += 64) __builtin_prefetch(code + k);
    __builtin_prefetch(code + D - 1);
  }
}
