internal import CKernels

// The layers of a transformer, each a checked door to its C loop. Letters: T rows (tokens), D width.
extension Kernels {
  /// What a product does with what stands in its output.
  package enum Output { case replacing, adding }

  /// output ← input·Wᵀ + b, or output += input·Wᵀ + b.
  ///
  /// - Parameters:
  ///   - input: rows × linear.inputWidth, row-major.
  ///   - output: rows × linear.outputWidth, row-major.
  /// - Complexity: 2 · rows · inputWidth · outputWidth operations, no allocation.
  package func apply(
    _ linear: borrowing Linear, to input: Span<Float>, rows: Int,
    into output: inout MutableSpan<Float>,
    _ mode: Output = .replacing
  ) {
    apply(
      linear, to: input, inputStride: linear.inputWidth, rows: rows, into: &output,
      outputStride: linear.outputWidth, mode)
  }

  /// The same for rows that lie further apart: parts of wider ones.
  package func apply(
    _ linear: borrowing Linear, to input: Span<Float>, inputStride: Int, rows: Int,
    into output: inout MutableSpan<Float>, outputStride: Int, _ mode: Output
  ) {
    let (K, N) = (linear.inputWidth, linear.outputWidth)
    precondition(inputStride >= K && outputStride >= N, "rows that overlap")
    if rows == 0 { return }
    check(input.count, atLeast: (rows - 1) * inputStride + K)
    check(output.count, atLeast: (rows - 1) * outputStride + N)
    let panels = linear.panels.span
    let bias = linear.bias.span
    unsafe input.withUnsafeBufferPointer { a in
      unsafe panels.withUnsafeBufferPointer { b in
        unsafe bias.withUnsafeBufferPointer { bias in
          unsafe output.withUnsafeMutableBufferPointer { c in
            unsafe table.pointee.gemm(
              rows, N, K, a.baseAddress, inputStride, b.baseAddress, bias.baseAddress,
              c.baseAddress, outputStride, mode == .adding)
          }
        }
      }
    }
  }

  /// Normalises each row of `x` (rows × D) to mean 0 and variance 1, then scales and shifts it.
  ///
  /// Source: Ba, Kiros & Hinton 2016, section 3.
  package func layerNorm(
    _ x: inout MutableSpan<Float>, rows: Int, gamma: Span<Float>, beta: Span<Float>, epsilon: Float
  ) {
    check(x.count, atLeast: rows * gamma.count)
    check(beta.count, atLeast: gamma.count)
    let D = gamma.count
    unsafe x.withUnsafeMutableBufferPointer { x in
      unsafe gamma.withUnsafeBufferPointer { gamma in
        unsafe beta.withUnsafeBufferPointer { beta in
          unsafe table.pointee.layer_norm(
            rows, D, x.baseAddress, gamma.baseAddress, beta.baseAddress, epsilon)
        }
      }
    }
  }

  /// x ← x · Φ(x) with the exact erf, for the first `count` elements.
  package func gelu(_ x: inout MutableSpan<Float>, count: Int) {
    check(x.count, atLeast: count)
    unsafe x.withUnsafeMutableBufferPointer { x in unsafe table.pointee.gelu(count, x.baseAddress) }
  }

  /// Self-attention of some heads, W = heads · headWidth, over one passage of T tokens.
  ///
  /// - Parameters:
  ///   - qkv: T × 3W: queries, keys and values of these heads side by side.
  ///   - output: T × W, `stride` floats from row to row.
  ///   - scratch: `attentionScratch(tokens:headWidth:)` floats.
  /// Source: Vaswani et al. 2017, section 3.2.
  package func attention(
    qkv: Span<Float>, tokens T: Int, heads: Int, headWidth: Int,
    into output: inout MutableSpan<Float>, stride: Int, scratch: inout MutableSpan<Float>
  ) {
    let W = heads * headWidth
    check(qkv.count, atLeast: T * 3 * W)
    check(output.count, atLeast: (T - 1) * stride + W)
    check(scratch.count, atLeast: Kernels.attentionScratch(tokens: T, headWidth: headWidth))
    unsafe qkv.withUnsafeBufferPointer { qkv in
      unsafe output.withUnsafeMutableBufferPointer { output in
        unsafe scratch.withUnsafeMutableBufferPointer { scratch in
          unsafe table.pointee.attention(
            T, heads, headWidth, qkv.baseAddress, output.baseAddress, stride, scratch.baseAddress)
        }
      }
    }
  }

  /// Floats that `attention` needs as scratch for T tokens.
  package static func attentionScratch(tokens T: Int, headWidth: Int) -> Int {
    pawl_attention_scratch(T, headWidth)
  }

  /// mean ← the mean of the rows of `x` (rows × D).
  package func meanRows(_ x: Span<Float>, rows: Int, into mean: inout MutableSpan<Float>) {
    check(x.count, atLeast: rows * mean.count)
    let D = mean.count
    unsafe x.withUnsafeBufferPointer { x in
      unsafe mean.withUnsafeMutableBufferPointer { mean in
        unsafe table.pointee.mean_rows(rows, D, x.baseAddress, mean.baseAddress)
      }
    }
  }

  /// Σ a·b.
  package func dot(_ a: Span<Float>, _ b: Span<Float>) -> Float {
    check(b.count, atLeast: a.count)
    return unsafe a.withUnsafeBufferPointer { x in
      unsafe b.withUnsafeBufferPointer { y in
        unsafe table.pointee.dot(x.count, x.baseAddress, y.baseAddress)
      }
    }
  }

  /// hidden[t] ← words[ids[t]] + positions[t] for the tokens of one passage.
  ///
  /// - Parameters:
  ///   - ids: T ids, each below words.count / D.
  ///   - words: vocabulary × D. positions: at least T × D.
  ///   - hidden: T × D, overwritten.
  package func embed(
    ids: Span<Int32>, words: Span<Float>, positions: Span<Float>, width D: Int,
    into hidden: inout MutableSpan<Float>
  ) {
    check(positions.count, atLeast: ids.count * D)
    check(hidden.count, atLeast: ids.count * D)
    let vocabulary = words.count / D
    for index in 0..<ids.count {
      precondition(
        ids[index] >= 0 && Int(ids[index]) < vocabulary,
        "token id \(ids[index]) in a vocabulary of \(vocabulary)")
    }
    unsafe ids.withUnsafeBufferPointer { ids in
      unsafe words.withUnsafeBufferPointer { words in
        unsafe positions.withUnsafeBufferPointer { positions in
          unsafe hidden.withUnsafeMutableBufferPointer { hidden in
            unsafe pawl_embed_tokens(
              ids.count, D, ids.baseAddress, words.baseAddress, positions.baseAddress,
              hidden.baseAddress)
          }
        }
      }
    }
  }

  /// Whether no element of `x` is an infinity or a NaN.
  package static func allFinite(_ x: Span<Float>) -> Bool {
    unsafe x.withUnsafeBufferPointer { unsafe pawl_all_finite($0.count, $0.baseAddress) }
  }

  @inline(__always)
  func check(_ count: Int, atLeast needed: Int) {
    precondition(count >= needed, "a buffer of \(count) elements where \(needed) are needed")
  }
}
