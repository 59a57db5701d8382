// Tests the loops of search by inverted lists: every twin against the portable one, and what makes their
// operands. Everything that they read ends where the process's memory ends.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/// Widths of all rests, and some whose blocks fill a stretch and more.
static const size_t widths[] = {1,  2,  3,  4,   5,   15,  16,  17,   31,   32,   33,  48,
                                64, 80, 96, 100, 384, 400, 768, 1024, 4096, 4112, 8208};
enum { WIDTHS = sizeof widths / sizeof *widths, MOST_CODES = 140, WIDEST = 16384 };

/// Estimates of n random codes; codes and numbers at odd addresses, as in a file.
static void try_bits(const pawl_lists *lists, size_t D, size_t n, bool extreme, outcome *out) {
  const size_t blocks = (D + 15) / 16, bytes = (n + 31) / 32 * blocks * 64;
  uint8_t *tables = last(0, blocks * 64);
  float *query = floats(1, D, 3);
  // The greatest entries that there are.
  if (extreme)
    for (size_t i = 0; i < D; i++) query[i] = i % 4 == 0 ? 7 : 0;
  const pawl_bit_query facts = pawl_bits_query(D, query, tables);
  uint8_t *groups = last(2, bytes + 1);
  for (size_t i = 0; i < bytes; i++) groups[i] = extreme ? 255 : (uint8_t)word();
  char *factors = last(3, n * 4 + 1), *offsets = last(4, n * 4 + 2);
  float *estimates = floats(5, n, 1);
  memcpy(factors, estimates, n * 4);
  memcpy(offsets, estimates, n * 4);
  lists->scan_bits(&facts, n, groups, factors, offsets, 0.25f, estimates);
  keep(out, estimates, n * 4);
}

static void try_select(const pawl_lists *lists, size_t n, unsigned kinds, outcome *out) {
  float *scores = floats(0, n, 1);
  for (size_t i = 0; i < n; i++) {
    if (kinds) scores[i] = (float)(word() % kinds);
    if (word() % 64 == 0) scores[i] = NAN;
  }
  uint32_t *positions = last(1, n * 4);
  const size_t count = lists->select_at_least(n, scores, kinds ? 1 : 0.5f, positions);
  keep(out, positions, count * 4);
}

/// Scores of n codes for one query up to nine, rows of scores one float apart.
static void try_int16(const pawl_lists *lists, size_t D, size_t n, bool damaged, outcome *out) {
  const size_t queries = n % 9 + 1, stride = n + 1;
  int16_t *query = last(0, queries * D * 2);
  float *factors = floats(5, queries, 1);
  for (size_t q = 0; q < queries; q++)
    factors[q] = pawl_round_to_int16(D, floats(1, D, 0.3f), query + q * D);
  int8_t *codes = last(2, n * D);
  // A damaged file has −128 too, and a query of other numbers makes the sums wrap around.
  for (size_t i = 0; damaged && i < queries * D; i++) query[i] = INT16_MIN;
  for (size_t i = 0; i < n * D; i++)
    codes[i] = damaged ? -128 : (int8_t)((int)(word() % 255) - 127);
  float *scores = floats(3, queries * stride - 1, 0.01f);
  char *scales = last(4, n * 4 + 1);
  memcpy(scales, scores, n * 4);
  lists->scan_int16(queries, n, D, query, factors, codes, scales, stride, scores);
  keep(out, scores, (queries * stride - 1) * 4);
}

static void try_rotation(const pawl_lists *lists, size_t D, outcome *out) {
  const float *diagonals = floats(0, 4 * D, 1);
  float *x = floats(1, D, 1);
  lists->rotate(D, 4, diagonals, x);
  keep(out, x, D * 4);
}

static void compare(const pawl_kernels *portable, const pawl_kernels *twin) {
  bool bits = true, selected = true, sums = true, rotated = true;
  for (size_t w = 0; w < WIDTHS; w++)
    for (size_t n = 1; n <= MOST_CODES; n += w > 8 && n > 3 ? 13 : 1)
      for (int extreme = 0; extreme < 2; extreme++) {
        const uint64_t seed = widths[w] << 32 | n << 16;
        state = seed, try_bits(portable->lists, widths[w], n, extreme, &expected);
        state = seed, try_bits(twin->lists, widths[w], n, extreme, &found);
        bits &= same();
        if (widths[w] * n > 1 << 18) continue;
        state = seed, try_int16(portable->lists, widths[w], n, extreme, &expected);
        state = seed, try_int16(twin->lists, widths[w], n, extreme, &found);
        sums &= same();
      }
  for (size_t n = 0; n < 300; n++)
    for (unsigned kinds = 0; kinds < 20; kinds++) {
      state = n, try_select(portable->lists, n, kinds, &expected);
      state = n, try_select(twin->lists, n, kinds, &found);
      selected &= same();
    }
  for (size_t D = 1; D <= 1030; D++) {
    state = D, try_rotation(portable->lists, D, &expected);
    state = D, try_rotation(twin->lists, D, &found);
    rotated &= same();
  }
  report(bits, twin->name, "estimates from bits equal portable's");
  report(selected, twin->name, "portable's scores are selected");
  report(sums, twin->name, "scores of int16 queries equal portable's");
  report(rotated, twin->name, "rotations equal portable's");
}

/// What the code of `rotated` says, computed from the formula in doubles.
static double formula(size_t D, const float *query, const float *rotated, const float *centroid) {
  double square = 0, sum = 0, g = 0, signs = 0;
  for (size_t i = 0; i < D; i++) {
    const double r = (double)rotated[i] - centroid[i], s = r > 0 ? 1 : -1;
    square += r * r, sum += fabs(r);
    signs += query[i] * s;
  }
  const double f = square / sum;
  for (size_t i = 0; i < D; i++) {
    const double r = (double)rotated[i] - centroid[i], s = r > 0 ? 1 : -1;
    g += centroid[i] * (r - f * s);
  }
  return f * signs + g;
}

/// Packed codes give the formula's estimates, as near as the query's rounding allows.
static void packing(const pawl_lists *lists) {
  bool holds = true;
  for (size_t w = 0; w < WIDTHS && widths[w] <= 1024; w++)
    for (size_t n = 1; n <= 70; n += 23) {
      const size_t D = widths[w], blocks = (D + 15) / 16, bytes = (n + 31) / 32 * blocks * 64;
      state = D << 8 | n;
      const float *query = floats(0, D, 1), *centroid = floats(1, D, 1);
      const float *vectors = floats(2, n * D, 1);
      uint8_t *groups = last(3, bytes), tables[WIDEST * 4];
      memset(groups, 0, bytes);
      float factors[70], offsets[70], estimates[70];
      for (size_t i = 0; i < n; i++)
        pawl_bits_pack(D, vectors + i * D, centroid, i, groups, factors + i, offsets + i);
      const pawl_bit_query facts = pawl_bits_query(D, query, tables);
      lists->scan_bits(&facts, n, groups, factors, offsets, 2, estimates);
      for (size_t i = 0; i < n; i++) {
        // Half a step a dimension at most.
        const double error = factors[i] * facts.step * (double)D * 0.5 + 1e-4;
        holds &= fabs(estimates[i] - 2 - formula(D, query, vectors + i * D, centroid)) <= error;
      }
    }
  report(holds, "bits", "packed codes give the estimates of the formula");
}

/// A vector on its centroid, and numbers at the ends of what floats hold.
static void no_number_comes_out(const pawl_lists *lists) {
  enum { D = 20 };
  const float levels[] = {0, 1e-45f, 1e-30f, 1, 1e19f, 1e30f, 3e38f};
  bool holds = true, zero = true;
  for (int a = 0; a < 7; a++)
    for (int b = 0; b < 7; b++) {
      float *query = floats(0, D, levels[a]), *vector = floats(1, D, levels[b]), f, g, estimate;
      uint8_t groups[128] = {0}, tables[128];
      pawl_bits_pack(D, vector, vector, 0, groups, &f, &g);
      zero &= f == 0 && g == 0;
      pawl_bits_pack(D, vector, query, 0, groups, &f, &g);
      // A query is at most a unit vector there, a stored one whatever its scale makes it.
      if (levels[a] > 1) continue;
      const pawl_bit_query facts = pawl_bits_query(D, query, tables);
      lists->scan_bits(&facts, 1, groups, &f, &g, 1, &estimate);
      holds &= !isnan(estimate);
      int16_t integers[D];
      holds &= isfinite(pawl_round_to_int16(D, vector, integers));
    }
  report(holds, "bits", "finite vectors give numbers");
  report(zero, "bits", "a vector on its centroid adds nothing");
}

/// No sum of D products with bytes leaves 32 bits, and the integers are near what was rounded.
static void rounding(void) {
  bool holds = true, fits = true;
  static int16_t integers[WIDEST];
  for (size_t D = 1; D <= WIDEST; D += D < 1200 ? 1 : 509) {
    state = D;
    const float *x = floats(0, D, 0.7f);
    const float scale = pawl_round_to_int16(D, x, integers);
    int64_t sum = 0;
    for (size_t i = 0; i < D; i++) {
      sum += 128 * (integers[i] < 0 ? -(int64_t)integers[i] : integers[i]);
      // Half a step, and the rounding of a product that has 15 bits in front of its point.
      holds &= fabs(integers[i] * (double)scale - x[i]) <= 0.51 * scale;
    }
    fits &= sum <= INT32_MAX;
  }
  report(holds, "round_to_int16", "integers are the nearest");
  report(fits, "round_to_int16", "sums fit");
  float strange[3] = {1, NAN, 2};
  int16_t none[3] = {1, 1, 1};
  report(pawl_round_to_int16(3, strange, none) == 0 && !none[0] && !none[1] && !none[2],
         "round_to_int16", "what is no number becomes 0");
}

void test_lists(void) {
  const char *names[] = {"avx2", "avx512"};
  const pawl_kernels *portable = pawl_kernels_named("portable");
  for (int i = 0; i < 2; i++) {
    const pawl_kernels *twin = pawl_kernels_named(names[i]);
    if (twin) compare(portable, twin);
  }
  packing(portable->lists);
  no_number_comes_out(portable->lists);
  rounding();
}
