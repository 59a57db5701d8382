// What the tests of kernels share.
#pragma once

#include "CKernels.h"

/// Stretches of memory whose end is the end of what the process may touch.
enum { ARENAS = 6 };

/// The last `bytes` bytes of an arena.
void *last(int arena, size_t bytes);

/// Of the random numbers: set it to repeat them.
extern uint64_t state;

/// The next random number. Source: Steele, Lea & Flood 2014 (SplitMix64).
uint64_t word(void);

/// n random floats in ±scale at the end of an arena.
float *floats(int arena, size_t n, float scale);

/// What one run of one loop wrote.
typedef struct { size_t bytes; char data[1 << 18]; } outcome;

/// Of the oracle, and of the twin that is compared with it.
extern outcome expected, found;

/// Counts a claim, and prints it where it does not hold.
void report(bool holds, const char *kernels, const char *claim);

/// An outcome is these bytes, or these besides.
void keep(outcome *out, const void *data, size_t bytes);
void keep_more(outcome *out, const void *data, size_t bytes);

/// Whether both runs wrote the same.
bool same(void);

/// A loop under test: runs it for one size, the numbers depending on the sizes alone.
typedef void trial(const pawl_kernels *k, size_t n, size_t m, size_t variant, outcome *out);

/// It is run for all sizes up to n and m, in each variant.
typedef struct { const char *claim; trial *run; size_t n, m, variants; } trials;

/// Runs loops of the portable kernels and of their twin on the same numbers: the bits must be equal.
void compare_loops(const pawl_kernels *twin, const trials *all, size_t count);

/// Tests the integer filter of batch search.
void test_filters(void);

/// Tests the loops of search by inverted lists.
void test_lists(void);
/// Tests the assignment of vectors to codes, and the choice of the best scores.
void test_nearest(void);
/// Tests products of 12 bits.
void test_int12(void);
/// Tests the loops of training.
void test_training(const pawl_kernels *twin);
/// Tests the random numbers, and what packing makes.
void test_streams(void);
