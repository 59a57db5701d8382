// The integer filter of batch search: which codes can be among a query's best at all.
//
// Queries and codes are integers here, q ≈ scale · Q and x ≈ scale · X, so that a product costs a quarter
// of one of floats or less. The integer sums are exact; what the rounding of q and x (and of the exact
// scan's own floats) can change is bounded, and a code is dropped only if the bound is below a threshold
// that k others have reached. So whoever filters and then scores what is left finds what scoring
// everything finds.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Codes of one panel, side by side.
#define PAWL_FILTER_LANES 16
/// Dimensions of one step: four bytes of each of the 16 codes make a vector of 64.
#define PAWL_FILTER_STEP 4
/// A tile has at most so many panels; packed codes come in multiples of it.
#define PAWL_FILTER_PANELS 2
/// Candidates that one tile can add to a query's list.
#define PAWL_FILTER_ROOM (PAWL_FILTER_LANES * PAWL_FILTER_PANELS)
/// More dimensions than any encoder has, few enough that a vector fits on the stack and sums into 32 bits.
#define PAWL_FILTER_WIDEST 16384

/// A code that may be among a query's best, and between what its exact score lies.
typedef struct pawl_candidate {
  float lower, upper;
  uint32_t number;
} pawl_candidate;

/// A query, and what it has found so far.
typedef struct pawl_filter_query {
  /// −128 · ΣQ: takes back that codes are stored with 128 added.
  int32_t offset;
  /// q ≈ scale · Q.
  float scale;
  /// The score is within error · norms[x] + norm · residuals[x] of the integers' product.
  float error, norm;
  /// Codes whose upper bound is below are dropped.
  float threshold;
  uint32_t count, capacity;
  pawl_candidate *candidates;
} pawl_filter_query;

/// Packed codes.
typedef struct pawl_filter_codes {
  /// A multiple of PAWL_FILTER_PANELS.
  size_t panels;
  /// ⌈D / 4⌉.
  size_t steps;
  /// panels × steps × 16 codes × 4 bytes, each X + 128; 64-aligned.
  uint8_t *bytes;
  /// panels × 16 each: x ≈ scale · X, at least ‖scale · X‖, at least ‖x − scale · X‖. A place without
  /// a code has the norm −∞, a code without a bound the norm ∞ and the scale 0.
  float *scales, *norms, *residuals;
  /// The number of each code, for its candidates: panels × 16.
  uint32_t *numbers;
} pawl_filter_codes;

/// One implementation of the filter.
typedef struct pawl_filter {
  const char *name;
  /// |Q| is at most this, so that no intermediate sum of this implementation saturates.
  int32_t limit;
  /// Queries of one tile.
  size_t rows;

  /// Appends to each of `count` ≤ rows queries the codes of the panels from `start` on whose upper bound
  /// is not below the query's threshold; stops early where a query has less than PAWL_FILTER_ROOM
  /// places left behind it.
  /// tile: steps × rows × 4 bytes, the Q of all rows, those behind `count` anything.
  /// Returns the panel to go on with; codes->panels when all are done.
  size_t (*run)(const pawl_filter_codes *codes, size_t start, const int8_t *tile,
                pawl_filter_query *queries, size_t count);
} pawl_filter;

struct pawl_kernels;

/// The filter that goes with those kernels on this processor.
const pawl_filter *pawl_filter_for(const struct pawl_kernels *kernels);

/// The filter of that name (`portable`, `avx2`, `avx512`, `avx512vnni`), or NULL if there is none or
/// this processor cannot run it.
const pawl_filter *pawl_filter_named(const char *name);

/// The storage of a code.
typedef enum pawl_code_kind { PAWL_CODE_INT8, PAWL_CODE_FLOAT16, PAWL_CODE_FLOAT32 } pawl_code_kind;

/// Puts `count` codes of D elements into the places from `place` on, numbered from `number` on.
/// codes, and for int8 scales: as the scans take them, at any address.
/// Every sum and norm here is one of reals, rounded up; a code that is not 0 and whose norm is not
/// between 2^-40 and 2^40, or no number at all, gets no bound.
void pawl_filter_pack(pawl_code_kind kind, size_t D, size_t count, const void *codes,
                      const void *scales, uint32_t number, pawl_filter_codes *packed, size_t place);

/// Makes the places from `place` to `end` ones without a code.
void pawl_filter_pack_nothing(size_t place, size_t end, pawl_filter_codes *packed);

/// Puts a query of D floats into its row of a tile that was zeroed before, and what the filter needs to
/// know of it into `query`, all but the candidates and the threshold.
/// False, and nothing done, where its norm is not between 2^-40 and 2^40.
bool pawl_filter_pack_query(const pawl_filter *filter, size_t D, const float *x, size_t row,
                            int8_t *tile, pawl_filter_query *query);

/// Moves the k candidates with the greatest lower bounds to the front, the kth in its place.
/// 1 ≤ k ≤ n. Expected cost O(n).
/// Source: Hoare 1961, "Algorithm 65: Find".
void pawl_select(size_t n, size_t k, pawl_candidate *candidates);

/// Drops the candidates whose upper bound is below the threshold; keeps the order. How many are left.
size_t pawl_keep(size_t n, float threshold, pawl_candidate *candidates);

/// Asks for bytes that will be read soon; does nothing else.
void pawl_prefetch(const void *bytes, size_t count);
