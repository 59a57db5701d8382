internal import CKernels

// The loops of training, each a checked door to its C loop. Letters: T rows (tokens), D width.
extension Kernels {
  /// Rows that lie side by side in an operand packed by `packGroups`.
  package static let groupWidth = Int(PAWL_GROUP)
  /// Columns that lie side by side in an operand packed by `packPanels`.
  package static let panelWidth = Int(PAWL_PANEL)

  /// output ← Aᵀ·B, or output += Aᵀ·B, for T rows of A and B as `packGroups` and `packPanels` leave them.
  ///
  /// - Parameters:
  ///   - groups: from the first of M columns of A on, `groupStride` floats from group to group.
  ///   - panels: from the first of N columns of B on, `panelStride` floats from panel to panel.
  ///   - output: M × N, `stride` floats from row to row.
  /// - Complexity: 2 · T · M · N operations, no allocation.
  package func multiplyPacked(
    rows M: Int, columns N: Int, depth T: Int, groups: Span<Float>, groupStride: Int,
    panels: Span<Float>, panelStride: Int, into output: inout MutableSpan<Float>, stride: Int,
    _ mode: Output
  ) {
    let (groupWidth, panelWidth) = (Self.groupWidth, Self.panelWidth)
    check(groups.count, atLeast: (M - 1) / groupWidth * groupStride + T * groupWidth)
    check(panels.count, atLeast: (N - 1) / panelWidth * panelStride + T * panelWidth)
    check(output.count, atLeast: (M - 1) * stride + N)
    unsafe groups.withUnsafeBufferPointer { a in
      unsafe panels.withUnsafeBufferPointer { b in
        unsafe output.withUnsafeMutableBufferPointer { c in
          unsafe table.pointee.training.pointee.gemm_packed(
            M, N, T, a.baseAddress, groupStride, b.baseAddress, panelStride, c.baseAddress, stride,
            mode == .adding)
        }
      }
    }
  }

  /// Packs T rows of M floats as rows `first` … of the left operand of `multiplyPacked`.
  ///
  /// - Parameters:
  ///   - x: `stride` floats from row to row.
  ///   - groups: ⌈M/12⌉ groups, `groupStride` floats from group to group.
  package static func packGroups(
    _ x: Span<Float>, rows T: Int, width M: Int, stride: Int, first: Int,
    into groups: inout MutableSpan<Float>, groupStride: Int
  ) {
    let part = checkedPart(
      x.count, rows: T, width: M, stride: stride, first: first, of: groupWidth, groupStride,
      groups.count)
    unsafe x.withUnsafeBufferPointer { x in
      unsafe groups.withUnsafeMutableBufferPointer { out in
        guard let start = out.baseAddress else { return }
        unsafe pawl_pack_groups(T, M, x.baseAddress, stride, start + part, groupStride)
      }
    }
  }

  /// Packs T rows of N floats as rows `first` … of the right operand of `multiplyPacked`.
  ///
  /// - Parameter panels: ⌈N/16⌉ panels, `panelStride` floats from panel to panel.
  package static func packPanels(
    _ x: Span<Float>, rows T: Int, width N: Int, first: Int, into panels: inout MutableSpan<Float>,
    panelStride: Int
  ) {
    let part = checkedPart(
      x.count, rows: T, width: N, stride: N, first: first, of: panelWidth, panelStride,
      panels.count)
    unsafe x.withUnsafeBufferPointer { x in
      unsafe panels.withUnsafeMutableBufferPointer { out in
        guard let start = out.baseAddress else { return }
        unsafe pawl_pack_panels(T, N, x.baseAddress, N, start + part, panelStride)
      }
    }
  }

  /// Where row `first` of packed blocks of `blockWidth` columns begins, all that is read and written being there.
  private static func checkedPart(
    _ count: Int, rows: Int, width: Int, stride: Int, first: Int, of blockWidth: Int,
    _ blockStride: Int, _ room: Int
  ) -> Int {
    precondition(width <= stride && rows > 0, "\(rows) rows of \(width) with stride \(stride)")
    precondition(
      count >= (rows - 1) * stride + width,
      "\(count) floats for \(rows) rows of \(width) with stride \(stride)")
    let end = (width - 1) / blockWidth * blockStride + (first + rows) * blockWidth
    precondition(room >= end, "room for \(room) floats where \(end) are needed")
    return first * blockWidth
  }

  /// The first `count` random numbers of a stream.
  ///
  /// Source: Salmon et al. 2011, Philox4x32-10.
  package static func random(_ count: Int, key: UInt64) -> [UInt32] {
    unsafe [UInt32](unsafeUninitializedCapacity: count) { buffer, filled in
      unsafe pawl_random(count, key, 0, buffer.baseAddress)
      filled = count
    }
  }

  /// x[i] ← x[i] / (1 − rate) where number `start` + i of the stream is at least rate · 2^32, else 0.
  ///
  /// Source: Srivastava et al. 2014.
  package static func dropout(
    _ x: inout MutableSpan<Float>, key: UInt64, start: UInt64, rate: Float
  ) {
    unsafe x.withUnsafeMutableBufferPointer {
      unsafe pawl_dropout($0.count, key, start, rate, $0.baseAddress)
    }
  }

  /// Normalises rows of `x` and keeps what going back needs.
  ///
  /// - Parameters:
  ///   - x: rows × D.
  ///   - normalized: rows × D: mean 0, variance 1. scales: the rows' factors.
  ///   - output: rows × D: normalized · gamma + beta.
  /// Source: Ba, Kiros & Hinton 2016, section 3.
  package func layerNorm(
    _ x: Span<Float>, rows: Int, gamma: Span<Float>, beta: Span<Float>, epsilon: Float,
    normalized: inout MutableSpan<Float>, scales: inout MutableSpan<Float>,
    into output: inout MutableSpan<Float>
  ) {
    let D = gamma.count
    for count in [x.count, normalized.count, output.count] { check(count, atLeast: rows * D) }
    check(beta.count, atLeast: D)
    check(scales.count, atLeast: rows)
    unsafe x.withUnsafeBufferPointer { x in
      unsafe gamma.withUnsafeBufferPointer { gamma in
        unsafe beta.withUnsafeBufferPointer { beta in
          unsafe normalized.withUnsafeMutableBufferPointer { normalized in
            unsafe scales.withUnsafeMutableBufferPointer { scales in
              unsafe output.withUnsafeMutableBufferPointer { output in
                unsafe table.pointee.training.pointee.layer_norm(
                  rows, D, x.baseAddress, gamma.baseAddress, beta.baseAddress, epsilon,
                  normalized.baseAddress, scales.baseAddress, output.baseAddress)
              }
            }
          }
        }
      }
    }
  }

  /// output ← normalized · gamma + beta: the output of `layerNorm` again, to the bit.
  package func scaleShift(
    _ normalized: Span<Float>, rows: Int, gamma: Span<Float>, beta: Span<Float>,
    into output: inout MutableSpan<Float>
  ) {
    let D = gamma.count
    check(normalized.count, atLeast: rows * D)
    check(output.count, atLeast: rows * D)
    check(beta.count, atLeast: D)
    unsafe normalized.withUnsafeBufferPointer { normalized in
      unsafe gamma.withUnsafeBufferPointer { gamma in
        unsafe beta.withUnsafeBufferPointer { beta in
          unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe table.pointee.training.pointee.scale_shift(
              rows, D, normalized.baseAddress, gamma.baseAddress, beta.baseAddress,
              output.baseAddress)
          }
        }
      }
    }
  }

  /// gradient ← the gradient of `layerNorm`'s input from that of its output, in place.
  ///
  /// With x̂ the normalised row, s its factor and g = dy · gamma: dx = s · (g − mean(g) − x̂ · mean(g · x̂)).
  /// - Parameters:
  ///   - gammaGradient, betaGradient: D each, to which the rows' Σ dy · x̂ and Σ dy are added.
  package func layerNormBackward(
    normalized: Span<Float>, scales: Span<Float>, gamma: Span<Float>, rows: Int,
    gradient: inout MutableSpan<Float>, gammaGradient: inout MutableSpan<Float>,
    betaGradient: inout MutableSpan<Float>
  ) {
    let D = gamma.count
    check(normalized.count, atLeast: rows * D)
    check(gradient.count, atLeast: rows * D)
    check(scales.count, atLeast: rows)
    check(min(gammaGradient.count, betaGradient.count), atLeast: D)
    unsafe normalized.withUnsafeBufferPointer { normalized in
      unsafe scales.withUnsafeBufferPointer { scales in
        unsafe gamma.withUnsafeBufferPointer { gamma in
          unsafe gradient.withUnsafeMutableBufferPointer { gradient in
            unsafe gammaGradient.withUnsafeMutableBufferPointer { dgamma in
              unsafe betaGradient.withUnsafeMutableBufferPointer { dbeta in
                unsafe table.pointee.training.pointee.layer_norm_backward(
                  rows, D, normalized.baseAddress, scales.baseAddress, gamma.baseAddress,
                  gradient.baseAddress, dgamma.baseAddress, dbeta.baseAddress)
              }
            }
          }
        }
      }
    }
  }

  /// gradient ← the gradient of u from that of gelu(u), in place; output ← gelu(u), which was not kept.
  package func geluBackward(
    _ u: Span<Float>, gradient: inout MutableSpan<Float>, output: inout MutableSpan<Float>
  ) {
    let count = u.count
    check(gradient.count, atLeast: count)
    check(output.count, atLeast: count)
    unsafe u.withUnsafeBufferPointer { u in
      unsafe gradient.withUnsafeMutableBufferPointer { gradient in
        unsafe output.withUnsafeMutableBufferPointer { output in
          unsafe table.pointee.training.pointee.gelu_backward(
            count, u.baseAddress, gradient.baseAddress, output.baseAddress)
        }
      }
    }
  }

  /// What `attention` turns around: the gradient of queries, keys and values from that of its output.
  ///
  /// The shares are computed again. With P the shares and dP = dO·Vᵀ: dS = P ∘ (dP − Σ P ∘ dP), dQ = dS·K,
  /// dK = dSᵀ·Q, dV = Pᵀ·dO.
  /// - Parameters:
  ///   - qkv, qkvGradient: T × 3W. gradient: T × W.
  ///   - scratch: `attentionBackwardScratch(tokens:headWidth:)` floats.
  package func attentionBackward(
    qkv: Span<Float>, gradient: Span<Float>, tokens T: Int, heads: Int, headWidth: Int,
    into qkvGradient: inout MutableSpan<Float>, scratch: inout MutableSpan<Float>
  ) {
    let W = heads * headWidth
    check(min(qkv.count, qkvGradient.count), atLeast: T * 3 * W)
    check(gradient.count, atLeast: T * W)
    check(scratch.count, atLeast: Self.attentionBackwardScratch(tokens: T, headWidth: headWidth))
    unsafe qkv.withUnsafeBufferPointer { qkv in
      unsafe gradient.withUnsafeBufferPointer { gradient in
        unsafe qkvGradient.withUnsafeMutableBufferPointer { output in
          unsafe scratch.withUnsafeMutableBufferPointer { scratch in
            unsafe table.pointee.training.pointee.attention_backward(
              T, heads, headWidth, qkv.baseAddress, gradient.baseAddress, W, output.baseAddress,
              scratch.baseAddress)
          }
        }
      }
    }
  }

  /// Floats that `attentionBackward` needs as scratch for T tokens.
  package static func attentionBackwardScratch(tokens T: Int, headWidth: Int) -> Int {
    pawl_attention_backward_scratch(T, headWidth)
  }

  /// sums ← sums + the rows of `x` (rows × D), one after the other.
  package func addRows(_ x: Span<Float>, rows: Int, to sums: inout MutableSpan<Float>) {
    let D = sums.count
    check(x.count, atLeast: rows * D)
    unsafe x.withUnsafeBufferPointer { x in
      unsafe sums.withUnsafeMutableBufferPointer { sums in
        unsafe table.pointee.training.pointee.add_rows(rows, D, x.baseAddress, sums.baseAddress)
      }
    }
  }

  /// One step of AdamW on parts of four blocks.
  ///
  /// Source: Loshchilov & Hutter 2019, algorithm 2, in PyTorch's order of operations.
  package func adamW(
    _ step: AdamWStep, gradient: Span<Float>, values: inout MutableSpan<Float>,
    first: inout MutableSpan<Float>, second: inout MutableSpan<Float>
  ) {
    let count = values.count
    check(min(gradient.count, first.count, second.count), atLeast: count)
    var settings = step.settings
    unsafe gradient.withUnsafeBufferPointer { gradient in
      unsafe values.withUnsafeMutableBufferPointer { values in
        unsafe first.withUnsafeMutableBufferPointer { first in
          unsafe second.withUnsafeMutableBufferPointer { second in
            unsafe table.pointee.training.pointee.adamw(
              count, &settings, gradient.baseAddress, values.baseAddress, first.baseAddress,
              second.baseAddress)
          }
        }
      }
    }
  }

  /// One step of Lion on parts of three blocks.
  ///
  /// Source: Chen et al. 2023, algorithm 2.
  package func lion(
    _ step: LionStep, gradient: Span<Float>, values: inout MutableSpan<Float>,
    mean: inout MutableSpan<Float>
  ) {
    let count = values.count
    check(min(gradient.count, mean.count), atLeast: count)
    var settings = step.settings
    unsafe gradient.withUnsafeBufferPointer { gradient in
      unsafe values.withUnsafeMutableBufferPointer { values in
        unsafe mean.withUnsafeMutableBufferPointer { mean in
          unsafe table.pointee.training.pointee.lion(
            count, &settings, gradient.baseAddress, values.baseAddress, mean.baseAddress)
        }
      }
    }
  }
}

/// The settings of one step of AdamW, each rounded once.
package struct AdamWStep: Sendable {
  let settings: pawl_adamw

  /// - Parameters:
  ///   - number: 1 for the first step.
  ///   - decay: rate · weight decay.
  ///   - gradientScale: what gradients are multiplied by first.
  package init(
    number: Int, rate: Double, decay: Double, beta1: Double, beta2: Double, epsilon: Double,
    gradientScale: Double
  ) {
    let first = rate / (1 - power(beta1, number))
    let second = 1 / (1 - power(beta2, number)).squareRoot()
    settings = pawl_adamw(
      gradient_scale: Float(gradientScale), decay: Float(1 - decay),
      first_share: Float(1 - beta1), second_keep: Float(beta2), second_share: Float(1 - beta2),
      step_size: Float(first), second_scale: Float(second), epsilon: Float(epsilon))
  }
}

/// The settings of one step of Lion, each rounded once.
package struct LionStep: Sendable {
  let settings: pawl_lion

  /// - Parameters:
  ///   - decay: rate · weight decay.
  ///   - gradientScale: what gradients are multiplied by first.
  package init(rate: Double, decay: Double, beta1: Double, beta2: Double, gradientScale: Double) {
    settings = pawl_lion(
      gradient_scale: Float(gradientScale), decay: Float(1 - decay),
      direction_share: Float(1 - beta1), mean_share: Float(1 - beta2), rate: Float(rate))
  }
}

private func power(_ base: Double, _ exponent: Int) -> Double {
  // pow is libm's and differs between machines; this is the same everywhere.
  var (result, square, left) = (1.0, base, exponent)
  while left > 0 {
    if left & 1 == 1 { result *= square }
    square *= square
    left >>= 1
  }
  return result
}
