extension Kernels {
  /// Whether these kernels give the portable ones' bits on a small block: a few microseconds.
  func agreesWithPortable() -> Bool {
    guard let portable = try? Kernels(named: "portable") else { return false }
    return probe() == portable.probe() && int12Probe() == portable.int12Probe()
      && listProbe() == portable.listProbe()
  }

  /// The bits of search by inverted lists over fixed numbers: a rotation, centroids, 1-bit codes, a
  /// selection. 37 codes of 83 dimensions leave a rest in every loop, as do 5 queries.
  private func listProbe() -> [UInt32] {
    let (rows, D, transforms, queryCount) = (37, 83, 3, 5)
    let diagonals = Self.numbers(transforms * D, seed: 1)
    var query = Self.numbers(D, seed: 2)
    var queryView = query.mutableSpan
    rotate(&queryView, diagonals: diagonals.span, transforms: transforms)
    var tables = BitTables(width: D)
    tables.set(rotated: queryView.span)
    var rounded = RoundedQueries(width: D)
    for start in 0..<queryCount {
      rounded.append(diagonals.span.extracting(start..<start + D))
    }
    // Any bytes are codes, for both scans.
    let bytes = Self.numbers(rows * D, seed: 3).map { UInt8(truncatingIfNeeded: Int($0 * 1000)) }
    let scales = Self.numbers(rows, seed: 4)
    var scores = [Float](repeating: 0, count: queryCount * rows)
    var scoresView = scores.mutableSpan
    var positions = [UInt32](repeating: 0, count: rows)
    var positionsView = positions.mutableSpan
    // Sound: bytes and floats are read as what they are.
    let (codes, numbers) = unsafe (bytes.span.bytes, scales.span.bytes)
    scanInt8(
      rounded, codes: codes, scales: numbers, rows: rows, stride: rows, into: &scoresView)
    var bits = (0..<queryCount * rows).map { scoresView[$0].bitPattern }
    scanBits(
      queries: tables, query: 0, groups: codes, factors: numbers, offsets: numbers, count: rows,
      centroidScore: 0.5, allowance: 0, into: &scoresView)
    bits += (0..<rows).map { scoresView[$0].bitPattern }
    let count = select(atLeast: 0.5, of: scoresView.span.extracting(0..<rows), into: &positionsView)
    return bits + (0..<count).map { positionsView[$0] }
  }

  /// The bits of a product of 12 bits over fixed numbers. 13 rows of 515 are full and part tiles of all
  /// twins and two blocks; 70 outputs are three panels, one, and a part of one.
  private func int12Probe() -> [UInt32] {
    let (rows, K, N) = (13, 515, 70)
    let size = Int12LinearSize(inputWidth: K, outputWidth: N)
    var panels = [Int16](repeating: 0, count: size.panels)
    var scales = [Float](repeating: 0, count: size.outputs)
    var panelView = panels.mutableSpan
    var scaleView = scales.mutableSpan
    Self.pack(
      weight: Self.numbers(N * K, seed: 1).span, inputWidth: K, asOutputsFrom: 0,
      panels: &panelView, scales: &scaleView)
    var rounded = Int12Rows()
    rounded.reserve(rows: rows, width: K)
    round(Self.numbers(rows * K, seed: 2).span, rows: rows, into: &rounded)
    var output = [Float](repeating: 0, count: rows * N)
    var view = output.mutableSpan
    let bias = Self.numbers(size.outputs, seed: 3)
    let linear = Int12Linear(
      inputWidth: K, outputWidth: N, panels: panels.span, scales: scales.span, bias: bias.span)
    apply(linear, outputs: 0..<N, to: rounded, rows: rows, into: &view)
    return output.map(\.bitPattern)
  }

  private static func numbers(_ count: Int, seed: Int) -> [Float] {
    (0..<count).map { Float(($0 * 7919 + seed * 104_729) % 2_003) / 1_001 - 1 }
  }

  /// The bits of one small encoder-like pass over fixed numbers: a product, the activation, a
  /// normalisation, attention. 17 × 40 leaves a rest in every loop.
  private func probe() -> [UInt32] {
    let (rows, heads, headWidth) = (17, 2, 20)
    let D = heads * headWidth
    var linear = Linear(inputWidth: D, outputWidth: 3 * D)
    linear.append(
      weight: Self.numbers(3 * D * D, seed: 1).span, bias: Self.numbers(3 * D, seed: 2).span)
    let (input, gamma, beta) = (
      Self.numbers(rows * D, seed: 3), Self.numbers(D, seed: 4), Self.numbers(D, seed: 5)
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
      stride: D, scratch: &scratchView)
    layerNorm(&outputView, rows: rows, gamma: gamma.span, beta: beta.span, epsilon: 1e-12)
    return (0..<outputView.count).map { outputView[$0].bitPattern }
  }
}
