// The best few of many scores, written so that the compiler's vectors do the passes.
#include "probes.h"

#include <string.h>

#include "kernels.h"

#pragma STDC FP_CONTRACT OFF

enum {
  /// Runs of so many are sorted by insertion before any are merged.
  RUN = 8,
  /// Of so many keys only the greatest counts at first, where few of many scores are wanted.
  BLOCK = 16,
};

/// An integer in the order of the scores.
static inline int32_t key_of(float given) {
  // Plus 0: −0 and 0 are one score.
  const float score = given + 0.0f;
  int32_t bits;
  memcpy(&bits, &score, sizeof bits);
  // Of negative floats the one with more bits is lower.
  const int32_t key = bits ^ (int32_t)((uint32_t)(bits >> 31) >> 1);
  return score == score ? key : INT32_MIN;
}

static void make_keys(size_t n, const float *scores, int32_t *keys) {
  for (size_t i = 0; i < n; i++) keys[i] = key_of(scores[i]);
}

/// Greater keys are smaller numbers: the sort ascends.
static inline pawl_ranked ranked_of(int32_t key, size_t place) {
  return (uint64_t)((uint32_t)~key ^ 0x80000000u) << 32 | place;
}

static size_t count_from(size_t n, int32_t lowest, const int32_t *keys) {
  // 32 bits, as wide as the keys, because all of them then fit into a vector's lanes.
  uint32_t count = 0;
  for (size_t i = 0; i < n; i++) count += keys[i] >= lowest;
  return count;
}

/// A number that p keys reach and no more, or else the pth greatest key, to which several are equal.
static int32_t threshold(size_t n, size_t p, const int32_t *keys) {
  int32_t low = keys[0], high = keys[0];
  for (size_t i = 1; i < n; i++) {
    low = keys[i] < low ? keys[i] : low;
    high = keys[i] > high ? keys[i] : high;
  }
  // At least p keys reach `low`, fewer than p surpass `high`.
  for (size_t reaching = n; low < high && reaching > p;) {
    const uint32_t distance = (uint32_t)high - (uint32_t)low;
    const int32_t middle = (int32_t)((uint32_t)low + distance / 2 + distance % 2);
    const size_t count = count_from(n, middle, keys);
    if (count >= p) low = middle, reaching = count;
    else high = middle - 1;
  }
  return low;
}

/// Merges two sorted runs without a branch on what they hold.
static void merge(const pawl_ranked *a, size_t count_a, const pawl_ranked *b, size_t count_b,
                  pawl_ranked *out) {
  size_t i = 0, j = 0;
  while (i < count_a && j < count_b) {
    const bool first = a[i] <= b[j];
    *out++ = first ? a[i] : b[j];
    i += first, j += !first;
  }
  memcpy(out, a + i, (count_a - i) * sizeof *a);
  memcpy(out + (count_a - i), b + j, (count_b - j) * sizeof *b);
}

/// Sorts n numbers, with n places behind them as scratch; where they are then.
static const pawl_ranked *sort(size_t n, pawl_ranked *ranked) {
  for (size_t start = 0; start < n; start += RUN) {
    const size_t end = n - start < RUN ? n : start + RUN;
    for (size_t i = start + 1; i < end; i++) {
      const pawl_ranked moving = ranked[i];
      size_t place = i;
      for (; place > start && ranked[place - 1] > moving; place--) ranked[place] = ranked[place - 1];
      ranked[place] = moving;
    }
  }
  pawl_ranked *from = ranked, *to = ranked + n;
  for (size_t width = RUN; width < n; width *= 2) {
    for (size_t start = 0; start < n; start += 2 * width) {
      const size_t middle = n - start < width ? n : start + width;
      const size_t end = n - middle < width ? n : middle + width;
      merge(from + start, middle - start, from + middle, end - middle, to + start);
    }
    pawl_ranked *const other = from;
    from = to, to = other;
  }
  return from;
}

/// The greatest key of each block.
static void make_maxima(size_t n, const int32_t *keys, int32_t *maxima) {
  for (size_t start = 0; start < n; start += BLOCK) {
    const size_t end = n - start < BLOCK ? n : start + BLOCK;
    int32_t greatest = keys[start];
    for (size_t i = start + 1; i < end; i++) greatest = keys[i] > greatest ? keys[i] : greatest;
    maxima[start / BLOCK] = greatest;
  }
}

/// Puts the keys from `start` to `end` that are not below the lowest behind `taken` others; how many there
/// are then.
static size_t gather(size_t start, size_t end, const int32_t *keys, int32_t lowest, size_t taken,
                     pawl_ranked *ranked) {
  for (size_t i = start; i < end; i++) {
    ranked[taken] = ranked_of(keys[i], i);
    taken += keys[i] >= lowest;
  }
  return taken;
}

const pawl_ranked *pawl_best_scores(size_t n, size_t p, const float *scores, int32_t *keys,
                                    pawl_ranked *ranked) {
  make_keys(n, scores, keys);
  const size_t blocks = (n + BLOCK - 1) / BLOCK;
  size_t taken = 0;
  if (blocks < 2 * p) {
    taken = gather(0, n, keys, threshold(n, p, keys), 0, ranked);
  } else {
    // What p blocks' greatest keys reach, at least p keys reach, and hardly more than p where these are few.
    int32_t *const maxima = keys + n;
    make_maxima(n, keys, maxima);
    const int32_t lowest = threshold(blocks, p, maxima);
    for (size_t block = 0; block < blocks; block++) {
      if (maxima[block] < lowest) continue;
      const size_t start = block * BLOCK, end = n - start < BLOCK ? n : start + BLOCK;
      taken = gather(start, end, keys, lowest, taken, ranked);
    }
  }
  return sort(taken, ranked);
}

const pawl_ranked *pawl_scores_between(size_t n, const float *scores, float low, float high,
                                       pawl_ranked *ranked, size_t *count) {
  size_t taken = 0;
  for (size_t i = 0; i < n; i++) {
    ranked[taken] = ranked_of(key_of(scores[i]), i);
    taken += scores[i] >= low && scores[i] < high;
  }
  *count = taken;
  return sort(taken, ranked);
}
