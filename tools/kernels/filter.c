// Tests the integer filter: every twin against the portable one, what packs its operands, what selects.
// Everything that it reads ends where the process's memory ends.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

enum { FILTER_ROWS = 16, FILTER_WIDEST = 1000, FILTER_CANDIDATES = 256 };
static pawl_candidate lists[2][FILTER_ROWS][FILTER_CANDIDATES];
static pawl_filter_query queries[2][FILTER_ROWS];

/// Integers of queries, from -limit to limit; every third time only the extremes.
static void integers(size_t n, int limit, bool extreme, int8_t *out) {
  for (size_t i = 0; i < n; i++)
    out[i] = (int8_t)(extreme ? (word() & 1 ? limit : -limit)
                              : (int)(word() % (2 * (unsigned)limit + 1)) - limit);
}

/// Random packed codes: `panels` panels of `steps` steps, the last places without a code.
static pawl_filter_codes random_codes(size_t panels, size_t steps, size_t empty, bool extreme) {
  const size_t places = panels * PAWL_FILTER_LANES;
  pawl_filter_codes codes = {panels, steps, last(0, places * steps * 4), last(1, places * 4),
                             last(2, places * 4), last(3, places * 4), last(4, places * 4)};
  for (size_t i = 0; i < places * steps * 4; i++)
    codes.bytes[i] = extreme ? (word() & 1 ? 255 : 0) : (uint8_t)word();
  for (size_t i = 0; i < places; i++) {
    codes.scales[i] = (float)(word() % 1000) / 1000 + 0.1f;
    codes.norms[i] = (float)(word() % 1000);
    codes.residuals[i] = (float)(word() % 10);
    codes.numbers[i] = (uint32_t)word();
    // Now and then one without a bound.
    if (word() % 16 == 0) codes.scales[i] = 0, codes.norms[i] = __builtin_inff();
  }
  pawl_filter_pack_nothing(places - empty, places, &codes);
  return codes;
}

/// One filter over a number of queries, all their lists with room for `room` candidates, emptied when
/// the filter says that one is full; how often that was, and all that was found, in order.
static size_t filter_once(const pawl_filter *filter, const pawl_filter_codes *codes, const int8_t *Q,
                          size_t count, uint32_t room, pawl_filter_query *states,
                          pawl_candidate found[FILTER_ROWS][FILTER_CANDIDATES], outcome *out) {
  const size_t bytes = codes->steps * filter->rows * 4;
  int8_t *tile = last(5, bytes);
  memset(tile, 0x55, bytes);
  for (size_t q = 0; q < count; q++)
    for (size_t i = 0; i < codes->steps * 4; i++)
      tile[(i / 4 * filter->rows + q) * 4 + i % 4] = Q[q * codes->steps * 4 + i];
  size_t stops = 0, panel = 0;
  out->bytes = 0;
  while (true) {
    for (size_t q = 0; q < count; q++)
      states[q].count = 0, states[q].capacity = room, states[q].candidates = found[q];
    panel = filter->run(codes, panel, tile, states, count);
    for (size_t q = 0; q < count; q++) {
      const size_t size = states[q].count * sizeof(pawl_candidate);
      if (states[q].count > room || out->bytes + size + 8 > sizeof out->data) abort();
      memcpy(out->data + out->bytes, &panel, sizeof panel);
      memcpy(out->data + out->bytes + 8, found[q], size);
      out->bytes += size + 8;
    }
    if (panel == codes->panels) return stops;
    stops++;
  }
}

/// A filter gives portable's candidates for each width, number of queries and of codes.
static void compare_filters(const pawl_filter *portable, const pawl_filter *twin) {
  static int8_t Q[FILTER_ROWS * (FILTER_WIDEST + 4)];
  static const size_t widths[] = {1, 2, 3, 4, 5, 8, 31, 32, 33, 64, 100, 384, FILTER_WIDEST};
  bool holds = true, stopped = false;
  size_t candidates = 0;
  for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
    for (size_t count = 1; count <= twin->rows; count++)
      for (size_t panels = 2; panels <= 6; panels += 2) {
        const size_t steps = (widths[w] + 3) / 4;
        const bool extreme = (w + count) % 3 == 0;
        state = w << 32 | count << 16 | panels;
        const pawl_filter_codes codes = random_codes(panels, steps, word() % 32, extreme);
        integers(count * steps * 4, twin->limit, extreme, Q);
        for (size_t q = 0; q < count; q++) {
          queries[0][q] = (pawl_filter_query){
              .offset = (int32_t)word(), .scale = 0.25f, .error = 0.5f, .norm = 3,
              .threshold = (float)(word() % 1000) * (float)steps};
          int32_t sum = 0;
          for (size_t i = 0; i < steps * 4; i++) sum += Q[q * steps * 4 + i];
          queries[0][q].offset = -128 * sum;
          // One in four lets everything pass.
          if (word() % 4 == 0) queries[0][q].threshold = -3.4e38f;
          queries[1][q] = queries[0][q];
        }
        // A tile of portable's is smaller: its queries come in several.
        const uint32_t room = 32 + 32 * (uint32_t)(word() % 3);
        for (size_t first = 0; first < count; first += portable->rows) {
          const size_t part = count - first < portable->rows ? count - first : portable->rows;
          const int8_t *its = Q + first * steps * 4;
          stopped |= filter_once(portable, &codes, its, part, room, queries[0] + first, lists[0],
                                 &expected) > 0;
          filter_once(twin, &codes, its, part, room, queries[1] + first, lists[1], &found);
          holds &= expected.bytes == found.bytes &&
                   memcmp(expected.data, found.data, found.bytes) == 0;
          candidates += expected.bytes / sizeof(pawl_candidate);
        }
        // And all of them as one tile, which may stop earlier: only the candidates are compared.
        filter_once(twin, &codes, Q, count, FILTER_CANDIDATES, queries[1], lists[1], &found);
        for (size_t q = 0; q < count; q++) {
          pawl_filter_query alone = queries[0][q];
          filter_once(portable, &codes, Q + q * steps * 4, 1, FILTER_CANDIDATES, &alone, lists[0],
                      &expected);
          holds &= alone.count == queries[1][q].count &&
                   memcmp(lists[0][0], lists[1][q], alone.count * sizeof(pawl_candidate)) == 0;
        }
      }
  report(holds, twin->name, "filters find portable's candidates");
  report(stopped && candidates > 1000, twin->name, "filters were stopped and found something");
}

/// Packing reads nothing behind codes, scales and queries, and writes nothing behind its places.
static void packing(void) {
  bool holds = true;
  for (size_t D = 1; D <= 70; D++)
    for (size_t count = 1; count <= 32; count += 31)
      for (int kind = 0; kind < 3; kind++) {
        state = D << 16 | count << 8 | (size_t)kind;
        const size_t sizes[] = {1, 2, 4}, bytes = count * D * sizes[kind];
        pawl_filter_codes codes = random_codes(2, (D + 3) / 4, 0, false);
        char *stored = malloc(bytes);
        for (size_t i = 0; i < bytes; i++) stored[i] = (char)word();
        char *end = last(5, bytes);
        memcpy(end, stored, bytes);
        float scales[32];
        for (size_t i = 0; i < 32; i++) scales[i] = 0.5f;
        // The last places, so that each buffer's end is written.
        pawl_filter_pack(kind, D, count, end, scales, 7, &codes, 32 - count);
        for (size_t i = 0; i < count; i++) holds &= codes.numbers[32 - count + i] == 7 + i;
        for (size_t i = 0; kind == 0 && i < count * D; i++) {
          const size_t lane = (32 - count + i / D) % 16, panel = (32 - count + i / D) / 16;
          const size_t d = i % D;
          holds &= codes.bytes[((panel * codes.steps + d / 4) * 16 + lane) * 4 + d % 4] ==
                   (uint8_t)((uint8_t)stored[i] ^ 128);
        }
        free(stored);
      }
  report(holds, "pack", "codes and numbers are where the filter looks for them");
}

/// The best k come to the front, whatever the order and however many are equal.
static void selecting(void) {
  static pawl_candidate all[300];
  bool holds = true;
  for (size_t n = 1; n <= 300; n += n < 20 ? 1 : 37)
    for (size_t k = 1; k <= n; k += k < 5 ? 1 : 11)
      for (unsigned kinds = 1; kinds <= 1000; kinds *= 10) {
        state = n << 32 | k << 16 | kinds;
        for (size_t i = 0; i < n; i++) {
          const float lower = kinds == 1000 ? (float)i : (float)(word() % kinds);
          all[i] = (pawl_candidate){lower, lower + (float)(i % 3), (uint32_t)i};
        }
        pawl_select(n, k, all);
        uint64_t seen = 0;
        for (size_t i = 0; i < n; i++) {
          holds &= i < k ? all[i].lower >= all[k - 1].lower : all[i].lower <= all[k - 1].lower;
          seen += all[i].number;
        }
        holds &= seen == n * (n - 1) / 2;
        size_t wanted = 0;
        for (size_t i = 0; i < n; i++) wanted += all[i].upper >= 5;
        const size_t kept = pawl_keep(n, 5, all);
        holds &= kept == wanted;
        for (size_t i = 0; i < kept; i++) holds &= all[i].upper >= 5;
      }
  report(holds, "select", "the best come to the front, what is too low goes");
}

void test_filters(void) {
  const char *names[] = {"portable", "avx2", "avx512", "avx512vnni"};
  const pawl_filter *portable = pawl_filter_named("portable");
  report(portable != NULL, "filter", "the portable filter is always there");
  report(pawl_filter_named("none") == NULL, "filter", "an unknown filter is not");
  for (int i = 0; i < 4; i++) {
    const pawl_filter *twin = pawl_filter_named(names[i]);
    if (twin) compare_filters(portable, twin);
    else printf("filter %s: not on this processor\n", names[i]);
  }
  packing();
  selecting();
}
