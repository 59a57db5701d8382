// Tests CKernels alone: every table against the portable one, bit by bit, and the checksum's twins.
// Run by tools/test-kernels. Prints what failed, then "N passed, M failed".
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

enum { ARENA_BYTES = 1 << 20 };

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

void *last(int arena, size_t bytes) {
  if (bytes > ARENA_BYTES) abort();
  return ends[arena] - bytes;
}

uint64_t state;

uint64_t word(void) {
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

float *floats(int arena, size_t n, float scale) {
  float *out = last(arena, n * sizeof(float));
  for (size_t i = 0; i < n; i++) out[i] = ((float)(word() >> 40) / 8388608.0f - 1) * scale;
  return out;
}

static int passed, failed;

void report(bool holds, const char *kernels, const char *claim) {
  if (holds) {
    passed++;
  } else {
    failed++;
    printf("FAILED: %s: %s\n", kernels, claim);
  }
}

outcome expected, found;

void keep(outcome *out, const void *data, size_t bytes) {
  out->bytes = 0;
  keep_more(out, data, bytes);
}

void keep_more(outcome *out, const void *data, size_t bytes) {
  if (bytes > sizeof out->data - out->bytes) abort();
  memcpy(out->data + out->bytes, data, bytes);
  out->bytes += bytes;
}

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

/// Codes at n scattered places, some of them twice, which were asked for before.
static void try_score_int8(const pawl_kernels *k, size_t D, size_t n, size_t variant, outcome *out) {
  const size_t rows = n + 5 + variant;
  const float *query = floats(0, D, 1);
  int8_t *codes = last(1, rows * D);
  for (size_t i = 0; i < rows * D; i++) codes[i] = (int8_t)word();
  char *scales = last(2, rows * sizeof(float) + 1);
  memcpy(scales, floats(4, rows, 1), rows * sizeof(float));
  uint32_t *positions = last(5, n * sizeof *positions);
  for (size_t i = 0; i < n; i++) positions[i] = (uint32_t)(word() % rows);
  float *scores = floats(3, n, 1);
  pawl_fetch_codes(n, positions, D, codes, scales);
  k->score_int8(n, D, query, codes, scales, positions, scores);
  keep(out, scores, n * sizeof(float));
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
  const size_t width = variant == 2 ? 37 : variant ? 16 : 5, D = heads * width;
  const float *qkv = floats(0, T * 3 * D, 2);
  const size_t ldo = D + variant, count = (T - 1) * ldo + D;
  float *result = floats(1, count, 1), *scratch;
  const size_t scratch_count = pawl_attention_scratch(T, width);
  scratch = floats(2, scratch_count, 1);
  // Scratch memory starts as NaNs: what is read must have been written.
  memset(scratch, 0xff, scratch_count * sizeof(float));
  k->attention(T, heads, width, qkv, result, ldo, scratch);
  keep(out, result, count * sizeof(float));
}

static const trials layers[] = {
    {"products equal portable's", try_gemm, 50, 31, 8},
    {"products of many rows equal portable's", try_gemm, 3, 350, 2},
    {"normalised rows equal portable's", try_layer_norm, 70, 3, 2},
    {"the activation equals portable's", try_gelu, 70, 1, 2},
    {"means equal portable's", try_mean_rows, 70, 5, 1},
    {"dot products equal portable's", try_dot, 70, 1, 1},
    {"scans equal portable's", try_scans, 70, 9, 3},
    {"scores of scattered codes equal portable's", try_score_int8, 70, 13, 2},
    {"half floats equal portable's", try_to_float16, 300, 1, 2},
    {"attention equals portable's", try_attention, 90, 2, 3},
};

bool same(void) {
  return expected.bytes == found.bytes && memcmp(expected.data, found.data, found.bytes) == 0;
}

void compare_loops(const pawl_kernels *twin, const trials *all, size_t count) {
  const pawl_kernels *portable = pawl_kernels_named("portable");
  for (size_t t = 0; t < count; t++) {
    bool holds = true;
    for (size_t n = 1; n <= all[t].n; n++)
      for (size_t m = 1; m <= all[t].m; m++)
        for (size_t variant = 0; variant < all[t].variants; variant++) {
          const uint64_t seed = n << 32 | m << 16 | variant;
          state = seed, all[t].run(portable, n, m, variant, &expected);
          state = seed, all[t].run(twin, n, m, variant, &found);
          holds &= same();
        }
    report(holds, twin->name, all[t].claim);
  }
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
  report(pawl_kernels_named("portable") != NULL, "select", "portable kernels are always there");
  report(pawl_kernels_named("none") == NULL, "select", "unknown kernels are not");
  for (int i = 0; i < 2; i++) {
    const pawl_kernels *twin = pawl_kernels_named(names[i]);
    if (twin) {
      compare_loops(twin, layers, sizeof layers / sizeof *layers);
      test_training(twin);
    } else printf("%s: not on this processor\n", names[i]);
  }
  test_filters();
  test_lists();
  test_nearest();
  test_int12();
  test_streams();
  checksums();
  finite();
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
