// The parts of a transformer around its loops: packing, embeddings, sizes.
#include <string.h>

#include "kernels.h"

size_t pawl_attention_scratch(size_t T, size_t head_width) {
  return (T + head_width) * PAWL_ATTENTION_QUERIES;
}

void pawl_pack_rows(size_t first, size_t N, size_t K, const float *w, size_t ldw, float *panels) {
  for (size_t n = 0; n < N;) {
    const size_t lane = (first + n) % PAWL_PANEL;
    const size_t lanes = N - n < PAWL_PANEL - lane ? N - n : PAWL_PANEL - lane;
    float *panel = panels + (first + n) / PAWL_PANEL * PAWL_PANEL * K + lane;
    // Up to sixteen rows are read side by side, so that each written line of the panel is whole.
    for (size_t k = 0; k < K; k++)
      for (size_t j = 0; j < lanes; j++) panel[k * PAWL_PANEL + j] = w[(n + j) * ldw + k];
    n += lanes;
  }
}

void pawl_embed_tokens(size_t T, size_t D, const int32_t *ids, const float *words,
                       const float *positions, float *out) {
  for (size_t t = 0; t < T; t++, positions += D, out += D) {
    const float *word = words + (size_t)ids[t] * D;
    for (size_t i = 0; i < D; i++) out[i] = word[i] + positions[i];
  }
}

bool pawl_all_finite(size_t n, const float *x) {
  // An exponent of all ones, and only that, carries into the sign bit when one unit is added.
  uint32_t carry = 0;
  for (size_t i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, sizeof bits);
    carry |= (bits & 0x7fffffff) + 0x00800000;
  }
  return carry < 0x80000000;
}
