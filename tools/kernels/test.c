// Tests CKernels alone: every table against the portable one, bit by bit, and the checksum's twins.
// Run by tools/test-kernels. Prints what failed, then "N passed, M failed".
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "CKernels.h"

enum { ARENA_BYTES = 1 << 20, ARENAS = 6 };

/// Memory whose end is the end of what the process may touch: reading or writing behind it traps,
/// with or without a sanitizer.
static char *ends[ARENAS];

static void make_arenas(void) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  for (int i = 0; i < ARENAS; i++) {
    char *start = mmap(NULL, ARENA_BYTES + page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED || mprotect(start + ARENA_BYTES, page, PROT_NONE) != 0) {
      perror("mmap");
      exit(1);
    }
    ends[i] = start + ARENA_BYTES;
  }
}

/// The last `bytes` bytes of an arena.
static void *last(int arena, size_t bytes) {
  if (bytes > ARENA_BYTES) abort();
  return ends[arena] - bytes;
}

static uint64_t state;

/// Source: Steele, Lea & Flood 2014 (SplitMix64).
static uint64_t word(void) {
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

static float *floats(int arena, size_t n, float scale) {
  float *out = last(arena, n * sizeof(float));
  for (size_t i = 0; i < n; i++) out[i] = ((float)(word() >> 40) / 8388608.0f - 1) * scale;
  return out;
}

static int passed, failed;

static void report(bool holds, const char *kernels, const char *claim) {
  if (holds) {
    passed++;
  } else {
    failed++;
    printf("FAILED: %s: %s\n", kernels, claim);
  }
}

/// What one run of one loop wrote.
typedef struct { size_t bytes; char data[1 << 18]; } outcome;
static outcome expected, found;

static void keep(outcome *out, const void *data, size_t bytes) {
  if (bytes > sizeof out->data) abort();
  out->bytes = bytes;
  memcpy(out->data, data, bytes);
}

/// A loop under test: runs it for one size, the numbers depending on the sizes alone.
typedef void trial(const pawl_kernels *k, size_t n, size_t m, size_t variant, outcome *out);

static void try_gemm(const pawl_kernels *k, size_t N, size_t M, size_t variant, outcome *out) {
  const size_t K = variant / 4 ? 19 : 2, lda = K + 1, ldc = N + 3;
  // The last row of A and of C ends with its last column: nothing behind it may be touched.
  const float *a = floats(0, (M - 1) * lda + K, 1);
  const float *panels = floats(1, (N + 15) / 16 * 16 * K, 1);
  const float *bias = floats(2, N, 1);
  const size_t count = (M - 1) * ldc + N;
  float *c = floats(3, count, 1);
  k->gemm(M, N, K, a, lda, panels, variant & 1 ? bias : NULL, c, ldc, variant & 2);
  keep(out, c, count * sizeof(float));
}

static void try_layer_norm(const pawl_kernels *k, size_t D, size_t rows, size_t variant,
                           outcome *out) {
  float *x = floats(0, rows * D, 5);
  const float *gamma = floats(1, D, 1), *beta = floats(2, D, 1);
  k->layer_norm(rows, D, x, gamma, beta, variant ? 1e-12f : 1e-3f);
  keep(out, x, rows * D * sizeof(float));
}

static void try_gelu(const pawl_kernels *k, size_t n, size_t m, size_t variant, outcome *out) {
  (void)m;
  float *x = floats(0, n, variant ? 6 : 1e30f);
  k->gelu(n, x);
  keep(out, x, n * sizeof(float));
}

static void try_softmax(const pawl_kernels *k, size_t n, size_t rows, size_t variant,
                        outcome *out) {
  const size_t ld = n + variant * 3, count = (rows - 1) * ld + n;
  float *x = floats(0, count, 100);
  k->softmax(rows, n, x, ld, variant ? 0.18f : 2);
  keep(out, x, count * sizeof(float));
}

static void try_mean_rows(const pawl_kernels *k, size_t D, size_t rows, size_t variant,
                          outcome *out) {
  (void)variant;
  const float *x = floats(0, rows * D, 1);
  float *mean = floats(1, D, 1);
  k->mean_rows(rows, D, x, mean);
  keep(out, mean, D * sizeof(float));
}

static void try_dot(const pawl_kernels *k, size_t n, size_t m, size_t variant, outcome *out) {
  (void)m, (void)variant;
  const float sum = k->dot(n, floats(0, n, 1), floats(1, n, 1));
  keep(out, &sum, sizeof sum);
}

static void try_scans(const pawl_kernels *k, size_t D, size_t rows, size_t variant, outcome *out) {
  const float *query = floats(0, D, 1);
  char *codes = last(1, rows * D * sizeof(float));
  float *scores = floats(3, rows, 1);
  if (variant == 0) {
    // Codes and scales at odd addresses, as in a file.
    char *scales = last(2, rows * sizeof(float) + 1);
    memcpy(scales, floats(4, rows, 1), rows * sizeof(float));
    int8_t *bytes = last(1, rows * D);
    for (size_t i = 0; i < rows * D; i++) bytes[i] = (int8_t)word();
    k->scan_int8(rows, D, query, bytes, scales, scores);
  } else if (variant == 1) {
    uint16_t *halves = last(1, rows * D * sizeof(uint16_t));
    // Any finite half float, subnormal ones among them.
    for (size_t i = 0; i < rows * D; i++) halves[i] = (uint16_t)(word() & 0xbbff);
    k->scan_float16(rows, D, query, halves, scores);
  } else {
    codes = last(1, rows * D * sizeof(float) + 1);
    memcpy(codes, floats(4, rows * D, 1), rows * D * sizeof(float));
    k->scan_float32(rows, D, query, codes, scores);
  }
  keep(out, scores, rows * sizeof(float));
}

static void try_to_float16(const pawl_kernels *k, size_t n, size_t m, size_t variant,
                           outcome *out) {
  (void)m;
  float *x = floats(0, n, 70000);
  // Every second time any bits at all: NaNs, infinities, subnormals.
  if (variant)
    for (size_t i = 0; i < n; i++) {
      const uint32_t bits = (uint32_t)word();
      memcpy(x + i, &bits, sizeof bits);
    }
  uint16_t *halves = last(1, n * sizeof(uint16_t));
  k->to_float16(n, x, halves);
  keep(out, halves, n * sizeof(uint16_t));
}

static void try_attention(const pawl_kernels *k, size_t T, size_t heads, size_t variant,
                          outcome *out) {
  const size_t width = variant ? 16 : 5, D = heads * width;
  const float *qkv = floats(0, T * 3 * D, 2);
  float *result = floats(1, T * D, 1), *scratch;
  const size_t scratch_count = pawl_attention_scratch(T, width);
  scratch = floats(2, scratch_count, 1);
  // Scratch memory starts as NaNs: what is read must have been written.
  memset(scratch, 0xff, scratch_count * sizeof(float));
  pawl_attention(k, T, heads, width, qkv, result, scratch);
  keep(out, result, T * D * sizeof(float));
}

static const struct { const char *claim; trial *run; size_t n, m, variants; } trials[] = {
    {"products equal portable's", try_gemm, 50, 31, 8},
    {"products of many rows equal portable's", try_gemm, 3, 350, 2},
    {"normalised rows equal portable's", try_layer_norm, 70, 3, 2},
    {"the activation equals portable's", try_gelu, 70, 1, 2},
    {"softmax equals portable's", try_softmax, 70, 3, 2},
    {"means equal portable's", try_mean_rows, 70, 5, 1},
    {"dot products equal portable's", try_dot, 70, 1, 1},
    {"scans equal portable's", try_scans, 70, 9, 3},
    {"half floats equal portable's", try_to_float16, 300, 1, 2},
    {"attention equals portable's", try_attention, 90, 2, 2},
};

static void compare(const pawl_kernels *portable, const pawl_kernels *twin) {
  for (size_t t = 0; t < sizeof trials / sizeof *trials; t++) {
    bool holds = true;
    for (size_t n = 1; n <= trials[t].n; n++)
      for (size_t m = 1; m <= trials[t].m; m++)
        for (size_t variant = 0; variant < trials[t].variants; variant++) {
          const uint64_t seed = n << 32 | m << 16 | variant;
          state = seed, trials[t].run(portable, n, m, variant, &expected);
          state = seed, trials[t].run(twin, n, m, variant, &found);
          holds &= expected.bytes == found.bytes &&
                   memcmp(expected.data, found.data, found.bytes) == 0;
        }
    report(holds, twin->name, trials[t].claim);
  }
}

// The filter. Everything that it reads ends where the process's memory ends.

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

static void filters(void) {
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

static void checksums(void) {
  bool holds = true, joins = true;
  for (size_t count = 0; count <= 4000; count += count < 1700 ? 1 : 97) {
    uint8_t *bytes = last(0, count);
    for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)word();
    const uint32_t seed = (uint32_t)word(), whole = pawl_crc32c_portable(seed, bytes, count);
    const size_t cut = count / 3;
    holds &= pawl_crc32c(seed, bytes, count) == whole;
    joins &= pawl_crc32c(pawl_crc32c(seed, bytes, cut), bytes + cut, count - cut) == whole;
  }
  report(holds, "crc32c", "the instruction equals the tables");
  report(joins, "crc32c", "parts make the checksum of the whole");
  report(pawl_crc32c(0, "123456789", 9) == 0xe3069283, "crc32c", "the check value comes out");
}

static void finite(void) {
  bool holds = true;
  for (size_t n = 1; n <= 70; n++) {
    float *x = floats(0, n, 3e38f);
    holds &= pawl_all_finite(n, x);
    const float bad[] = {__builtin_inff(), -__builtin_inff(), __builtin_nanf("")};
    x[word() % n] = bad[n % 3];
    holds &= !pawl_all_finite(n, x);
  }
  report(holds, "all_finite", "an infinity or a NaN is found");
}

int main(void) {
  make_arenas();
  const char *names[] = {"avx2", "avx512"};
  const pawl_kernels *portable = pawl_kernels_named("portable");
  report(portable != NULL, "select", "portable kernels are always there");
  report(pawl_kernels_named("none") == NULL, "select", "unknown kernels are not");
  for (int i = 0; i < 2; i++) {
    const pawl_kernels *twin = pawl_kernels_named(names[i]);
    if (twin) compare(portable, twin);
    else printf("%s: not on this processor\n", names[i]);
  }
  filters();
  checksums();
  finite();
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
