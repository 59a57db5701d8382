// The loops of search by inverted lists: which lists are near a query, and which of their codes may be.
//
// A code of one bit a dimension says where a vector o lies seen from its list's centroid c: the signs s of
// r = P(o − c), P a rotation. With two numbers beside it, f = ‖r‖² / Σ|r| and g = ⟨Pc, r⟩ − f ⟨Pc, s⟩,
//   ⟨q, o⟩ ≈ ⟨q, c⟩ + g + f ⟨Pq, s⟩,
// which errs by ⟨P(q − c), r − f s⟩: nothing on average over the rotations.
// Source: Gao & Long 2024, "RaBitQ: quantizing high-dimensional vectors with a theoretical error bound".
//
// Pq is rounded to integers, so that ⟨Pq, s⟩ is a sum of bytes from tables of 16 entries, one table for
// each four dimensions, and 16 codes at once look into a table that lies in a register.
// Source: André, Kermarrec & Le Scouarnec 2015, "Cache locality is not enough".
//
// As with the other loops the twins give the same bits: the sums are exact.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Codes of one group. In a group there are for each four dimensions 16 bytes: the low four bits of byte
/// i are of code i, the high ones of code i + 16. Dimension 4t + b is bit b of table t; a set bit is +1.
#define PAWL_BITS_GROUP 32
/// Dimensions of one block, 64 bytes of a group; behind the last dimension bits are 0.
#define PAWL_BITS_BLOCK 16
/// A table's entries are at most that, so that four of them fit into a byte.
#define PAWL_BITS_LIMIT 63
/// Blocks whose sums fit into 16 bits.
#define PAWL_BITS_STRETCH 256

/// A query as the scan of bits reads it.
typedef struct pawl_bit_query {
  /// ⌈D / 16⌉.
  size_t blocks;
  /// blocks × 64: four tables of 16 entries a block.
  const uint8_t *tables;
  /// ⟨u, s⟩ = 2 · the sum of a code's entries − offset.
  int32_t offset;
  /// Pq ≈ step · u.
  float step;
} pawl_bit_query;

/// One implementation of these loops.
typedef struct pawl_lists {
  /// estimates[i] ← f[i] · (step · ⟨u, s_i⟩) + g[i] + c for n codes, the first product and sum fused.
  /// groups: ⌈n / 32⌉ × blocks × 64 bytes. factors (f), offsets (g): n floats each. All at any address.
  void (*scan_bits)(const pawl_bit_query *query, size_t n, const uint8_t *groups,
                    const void *factors, const void *offsets, float c, float *estimates);

  /// positions ← where scores are at least the threshold, ascending; how many. Room for n is needed.
  size_t (*select_at_least)(size_t n, const float *scores, float threshold, uint32_t *positions);

  /// scores[q · stride + i] ← Σ query q · codes[i] · (factors[q] · scales[i]) for queries of D integers and
  /// `rows` codes of D bytes, the sum exact: queries as `pawl_round_to_int16` makes them, or else the sum
  /// modulo 2^32. codes and scales (floats) at any address.
  void (*scan_int16)(size_t queries, size_t rows, size_t D, const int16_t *query,
                     const float *factors, const int8_t *codes, const void *scales, size_t stride,
                     float *scores);

  /// Rotates D floats in place by Hadamard transforms without their factors, the even ones of the first
  /// 2^k ≤ D floats, the odd ones of the last, a product with a diagonal before each. Where 2^k < D,
  /// (a, b) ← (a + b, a − b) for a in the first ⌊D/2⌋ and b in the last comes before transforms 2, 4, ….
  /// diagonals: transforms × D; they have all the signs and factors.
  void (*rotate)(size_t D, size_t transforms, const float *diagonals, float *x);
} pawl_lists;

/// Makes the tables of a query of D rotated floats; blocks × 64 bytes, and what else the scan needs.
/// A query that has no finite norm or none above 2^-60 is taken as 0.
pawl_bit_query pawl_bits_query(size_t D, const float *rotated, uint8_t *tables);

/// Puts the code of a rotated vector into its place of groups that were zeroed before, and its numbers
/// into factor and offset; 0 both where the vector is the centroid, or so far that a float overflows.
/// rotated, centroid: D floats each, Po and Pc.
void pawl_bits_pack(size_t D, const float *rotated, const float *centroid, size_t place,
                    uint8_t *groups, float *factor, float *offset);

/// out ← x / scale rounded to integers so small that no sum of D products with bytes overflows; the scale.
/// A vector that has a number that is none, or none above 2^-60, becomes 0 with the scale 0.
float pawl_round_to_int16(size_t D, const float *x, int16_t *out);

/// Asks the memory for the codes at some positions, D bytes each, and for their scales: floats at any
/// address.
void pawl_fetch_codes(size_t n, const uint32_t *positions, size_t D, const int8_t *codes,
                      const void *scales);
