// Tests the assignment of vectors to codes, and the choice of the best scores: every twin against the
// portable one. Everything that they read and write ends where the process's memory ends.
#include <string.h>

#include "test.h"

/// Vectors and codes of random bytes, the extremes every third time.
static void compare(const pawl_nearest *twin) {
  static const size_t widths[] = {1, 3, 4, 5, 32, 100, 384};
  const pawl_nearest *portable = pawl_nearest_named("portable");
  bool holds = true;
  for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
    for (size_t panels = 2; panels <= 4; panels += 2)
      for (size_t count = 1; count <= 170; count += count < 30 ? 1 : 28) {
        state = w << 32 | count << 16 | panels;
        const bool extreme = (w + count) % 3 == 0;
        const size_t steps = (widths[w] + 3) / 4, places = panels * PAWL_FILTER_LANES;
        const size_t rows = (count + PAWL_NEAREST_ROWS - 1) / PAWL_NEAREST_ROWS * PAWL_NEAREST_ROWS;
        pawl_filter_codes codes = {panels, steps, last(0, places * steps * 4), last(1, places * 4),
                                   NULL, NULL, NULL};
        for (size_t i = 0; i < places * steps * 4; i++)
          codes.bytes[i] = extreme ? (word() & 1 ? 255 : 0) : (uint8_t)word();
        // Few different scales and, where codes have one step, few codes: many scores are equal.
        for (size_t i = 0; i < places; i++) codes.scales[i] = word() & 1 ? 0.5f : 0.25f;
        int8_t *x = last(2, rows * steps * 4);
        for (size_t i = 0; i < rows * steps * 4; i++)
          x[i] = (int8_t)(extreme ? (word() & 1 ? 127 : -127) : (int)(word() % 255) - 127);
        float *scores = last(3, count * 4);
        uint32_t *numbers = last(4, count * 4);
        outcome *const outcomes[] = {&expected, &found};
        for (int i = 0; i < 2; i++) {
          (i == 0 ? portable : twin)->run(&codes, count, x, scores, numbers);
          outcomes[i]->bytes = count * 8;
          memcpy(outcomes[i]->data, scores, count * 4);
          memcpy(outcomes[i]->data + count * 4, numbers, count * 4);
        }
        holds &= memcmp(expected.data, found.data, found.bytes) == 0;
      }
  report(holds, twin->name, "the nearest codes are portable's");
}

/// Whether `a` comes before `b` among scores: higher, or equal and of a lower place.
static bool comes_before(const float *scores, uint32_t a, uint32_t b) {
  return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
}

static void best_scores(void) {
  static const size_t sizes[] = {1, 2, 15, 16, 17, 31, 33, 300, 1003};
  bool holds = true;
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
    for (size_t p = 1; p <= sizes[s]; p += 1 + p / 2)
      for (int kind = 0; kind < 3; kind++) {
        const size_t n = sizes[s];
        state = n << 32 | p << 8 | (size_t)kind;
        float *scores = floats(0, n, 1);
        // All equal, and few different ones.
        for (size_t i = 0; kind > 0 && i < n; i++) scores[i] = kind == 1 ? -2 : (float)(word() % 5);
        const pawl_ranked *ranked =
            pawl_best_scores(n, p, scores, last(1, n * 8), last(2, n * 16));
        for (size_t i = 0; i + 1 < p; i++)
          holds &= comes_before(scores, (uint32_t)ranked[i], (uint32_t)ranked[i + 1]);
        size_t better = 0;
        for (uint32_t i = 0; i < n; i++) better += comes_before(scores, i, (uint32_t)ranked[p - 1]);
        holds &= better == p - 1;
      }
  report(holds, "all", "the best scores come first, and none is better than the last");
}

static void rounding(void) {
  bool holds = true;
  for (size_t D = 1; D <= 70; D++) {
    state = D;
    const float *x = floats(0, D, 3);
    int8_t *X = last(1, D);
    const float scale = pawl_round_to_int8(D, x, X);
    float *back = last(2, D * 4), *sum = last(3, D * 4);
    memset(sum, 0, D * 4);
    pawl_from_int8(D, scale, X, back);
    pawl_add_scaled(D, 2, back, sum);
    for (size_t i = 0; i < D; i++) {
      const float error = back[i] - x[i];
      holds &= error <= scale * 0.5001f && error >= scale * -0.5001f && sum[i] == 2 * back[i];
    }
  }
  report(holds, "all", "what is rounded is half a step away at most");
}

void test_nearest(void) {
  static const char *const names[] = {"avx2", "avx512vnni"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const pawl_nearest *twin = pawl_nearest_named(names[i]);
    if (twin) compare(twin);
  }
  best_scores();
  rounding();
}
