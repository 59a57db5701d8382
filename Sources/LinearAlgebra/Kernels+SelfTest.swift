extension Kernels {
  /// Whether these kernels give the portable ones' bits on a small block: a few microseconds.
  func agreesWithPortable() -> Bool {
    guard let portable = try? Kernels(named: "portable") else { return false }
    return probe() == portable.probe()
  }

  /// The bits of one small encoder-like pass over fixed numbers: a product, the activation, a
  /// normalisation, attention. 17 × 40 leaves a rest in every loop.
  private func probe() -> [UInt32] {
    let (rows, heads, headWidth) = (17, 2, 20)
    let D = heads * headWidth
    func numbers(_ count: Int, seed: Int) -> [Float] {
      (0..<count).map { Float(($0 * 7919 + seed * 104_729) % 2_003) / 1_001 - 1 }
    }
    var linear = Linear(inputWidth: D, outputWidth: 3 * D)
    linear.append(
      weight: numbers(3 * D * D, seed: 1).span, bias: numbers(3 * D, seed: 2).span)
    let (input, gamma, beta) = (
      numbers(rows * D, seed: 3), numbers(D, seed: 4), numbers(D, seed: 5)
    )
    var qkv = AlignedBuffer<Float>(repeating: 0, count: rows * 3 * D)
    var output = AlignedBuffer<Float>(repeating: 0, count: rows * D)
    var scratch = AlignedBuffer<Float>(
      repeating: 0, count: Kernels.attentionScratch(tokens: rows, headWidth: headWidth))
    var qkvView = qkv.mutableSpan
    apply(linear, to: input.span, rows: rows, into: &qkvView)
    gelu(&qkvView, count: rows * D)
    var outputView = output.mutableSpan
    var scratchView = scratch.mutableSpan
    attention(
      qkv: qkvView.span, tokens: rows, heads: heads, headWidth: headWidth, into: &outputView,
      scratch: &scratchView)
    layerNorm(&outputView, rows: rows, gamma: gamma.span, beta: beta.span, epsilon: 1e-12)
    return (0..<outputView.count).map { outputView[$0].bitPattern }
  }
}
