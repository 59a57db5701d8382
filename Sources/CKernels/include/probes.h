// Which lists a query looks into: the best few of many scores, without sorting all.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// A score's place among others as one number: high scores first, then low places.
typedef uint64_t pawl_ranked;

/// The p best of n scores, best first, equal ones by place; a NaN is below everything, −0 is 0. What stands
/// behind them means nothing.
/// 1 ≤ p ≤ n < 2^32. keys: 2 · n, ranked: 2 · n, scratch; the answer is at the address that is returned, in
/// the second half or in the first.
/// Cost: 10 to 20 passes over the keys, or over a sixteenth of them where p is a small part of n (32 where
/// many scores are equal), and a sort of p.
const pawl_ranked *pawl_best_scores(size_t n, size_t p, const float *scores, int32_t *keys,
                                    pawl_ranked *ranked);

/// Those of n scores that are at least `low` and below `high`, best first, equal ones by place.
/// ranked: 2 · n; the answer is at the address that is returned, `count` of them.
/// Cost: one pass over the scores, and a sort of the count.
const pawl_ranked *pawl_scores_between(size_t n, const float *scores, float low, float high,
                                       pawl_ranked *ranked, size_t *count);
