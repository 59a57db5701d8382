// The parts of a transformer around its matrix products: packing, embeddings, attention.
#include <math.h>
#include <string.h>

#include "CKernels.h"

/// Query rows whose scores are in cache at once: a multiple of every tile height.
enum { QUERY_ROWS = 84 };

static size_t padded(size_t n) { return (n + PAWL_PANEL - 1) / PAWL_PANEL * PAWL_PANEL; }

size_t pawl_attention_scratch(size_t T, size_t head_width) {
  const size_t queries = T < QUERY_ROWS ? T : QUERY_ROWS;
  return padded(T) * head_width + T * padded(head_width) + queries * padded(T);
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

/// panels ← B packed for `gemm`, where B[k][n] = w[k · ldw + n].
static void pack_columns(size_t K, size_t N, const float *w, size_t ldw, float *panels) {
  for (size_t n = 0; n < N; n += PAWL_PANEL, panels += K * PAWL_PANEL) {
    const size_t columns = N - n < PAWL_PANEL ? N - n : PAWL_PANEL;
    if (columns < PAWL_PANEL) memset(panels, 0, K * PAWL_PANEL * sizeof(float));
    for (size_t k = 0; k < K; k++)
      memcpy(panels + k * PAWL_PANEL, w + k * ldw + n, columns * sizeof(float));
  }
}

void pawl_attention(const pawl_kernels *kernels, size_t T, size_t heads, size_t head_width,
                    const float *qkv, float *out, float *scratch) {
  const size_t D = heads * head_width, ld = 3 * D, score_ld = padded(T);
  float *keys = scratch, *values = keys + padded(T) * head_width;
  float *scores = values + T * padded(head_width);
  const float scale = 1.0f / sqrtf((float)head_width);
  // The last panel's padding takes part in products that are thrown away; it must only be finite.
  memset(keys + T / PAWL_PANEL * PAWL_PANEL * head_width, 0,
         (padded(T) - T / PAWL_PANEL * PAWL_PANEL) * head_width * sizeof(float));
  for (size_t h = 0; h < heads; h++) {
    const float *head = qkv + h * head_width;
    pawl_pack_rows(0, T, head_width, head + D, ld, keys);
    pack_columns(T, head_width, head + 2 * D, ld, values);
    for (size_t t = 0; t < T; t += QUERY_ROWS) {
      const size_t rows = T - t < QUERY_ROWS ? T - t : QUERY_ROWS;
      kernels->gemm(rows, T, head_width, head + t * ld, ld, keys, NULL, scores, score_ld, false);
      kernels->softmax(rows, T, scores, score_ld, scale);
      kernels->gemm(rows, head_width, T, scores, score_ld, values, NULL,
                    out + t * D + h * head_width, D, false);
    }
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
