// Matrix products of numbers rounded to 12 bits: the numeric path `int12`.
//
// A row of activations and a column of weights are each a number of signed 12 bits, −2047 … 2047, times
// one float. One instruction multiplies pairs of 16-bit numbers and adds the two products as 32 bits,
// which is twice the rate of single precision; 512 products of 12 bits cannot leave 32 bits, so the sums
// are exact, whatever their order. Longer rows are cut into blocks, each row of each block with a factor
// of its own; the blocks are added as floats, in order.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The greatest magnitude of a rounded number.
#define PAWL_INT12_HIGHEST 2047
/// Products of two such numbers whose sum fits into 32 bits.
#define PAWL_INT12_BLOCK 512
/// Rows of activations that lie side by side: the tiles of all twins take them in such groups.
#define PAWL_INT12_GROUP 4

/// Numbers that a row of n takes: they go in pairs.
static inline size_t pawl_int12_padded(size_t n) { return (n + 1) / 2 * 2; }

/// Blocks of a row of n.
static inline size_t pawl_int12_blocks(size_t n) {
  return (n + PAWL_INT12_BLOCK - 1) / PAWL_INT12_BLOCK;
}

/// One implementation of the loops.
typedef struct pawl_int12 {
  const char *name;

  /// Rounds one block of each of `rows` rows: code = round(x / factor), factor = max |x| / 2047.
  /// x: rows × n floats, n ≤ 512, `ldx` from row to row.
  /// codes: groups of four rows, `stride` numbers from group to group; in a group the pairs of the four
  /// rows lie side by side: number k of row r is codes[r/4 · stride + k/2 · 8 + r%4 · 2 + k%2]. Rows that
  /// fill up the last group are anything; a number that fills up the last pair is 0.
  /// factors: one a row, `ldf` from row to row. A row of zeros, or of less than 1e-30, has zeros and the
  /// factor 0; a row with an infinity or a NaN zeros and the factor NaN.
  void (*round_rows)(size_t rows, size_t n, const float *x, size_t ldx, int16_t *codes, size_t stride,
                     float *factors, size_t ldf);

  /// C = A·B + bias, or C += A·B + bias.
  /// a: M rows of K numbers as `round_rows` leaves them, `pawl_int12_padded(K)` · 4 from group to group;
  /// factors: M × blocks. panels: B as `pawl_int12_pack` leaves it; scales, bias: ⌈N/16⌉ · 16 floats.
  /// c: M × N, `ldc` floats a row.
  void (*gemm)(size_t M, size_t N, size_t K, const int16_t *a, const float *factors,
               const int16_t *panels, const float *scales, const float *bias, float *c, size_t ldc,
               bool accumulate);
} pawl_int12;

/// Rounds rows `first` … first + N − 1 of a weight, each of K floats, to columns of B.
/// w: N × K, row-major. panels: zeroed before the first call, ⌈rows of the whole weight/16⌉ panels of
/// `pawl_int12_padded(K)` · 16 numbers; number k of row n is in panel n/16 at k/2 · 32 + n%16 · 2 + k%2.
/// scales: one a row of the whole weight.
/// Source: Jacob et al. 2018, section 2, without a zero point.
void pawl_int12_pack(size_t first, size_t N, size_t K, const float *w, int16_t *panels,
                     float *scales);

struct pawl_kernels;

/// The loops of that name (`portable`, `avx2`, `avx512`, `avx512vnni`), or NULL if there are none or this
/// processor cannot run them.
const pawl_int12 *pawl_int12_named(const char *name);

/// The loops that go with those kernels on this processor.
const pawl_int12 *pawl_int12_for(const struct pawl_kernels *kernels);
