import CKernels
import Testing

@testable import LinearAlgebra

/// Every vector twin gives the bits of the portable kernels, for all small sizes: each rest of each
/// vector and tile occurs.
@Suite(.enabled(if: !Kernels.twins.isEmpty, "this processor runs only the portable kernels"))
struct KernelTwinTests {
  private let portable = Kernels.portable

  /// C after one product; the gaps of its rows, which no kernel may touch, hold 7.
  private func product(
    _ kernels: Kernels, _ M: Int, _ N: Int, _ K: Int, hasBias: Bool, accumulates: Bool
  ) -> [UInt32] {
    var numbers = Numbers(seed: M << 20 | N << 10 | K)
    let (lda, ldc) = (K + 3, N + 5)
    let a = numbers.floats(M * lda)
    let panels = numbers.floats((N + 15) / 16 * 16 * K)
    let bias = numbers.floats(N)
    var c = [Float](repeating: 7, count: M * ldc)
    unsafe bias.withUnsafeBufferPointer { bias in
      unsafe kernels.table.pointee.gemm(
        M, N, K, a, lda, panels, hasBias ? bias.baseAddress : nil, &c, ldc, accumulates)
    }
    return c.bits
  }

  @Test("products agree for all sizes up to three tiles", arguments: Kernels.twins)
  func products(twin: Kernels) {
    for M in 1...31 {
      for N in 1...50 {
        for K in [1, 2, 17] {
          let expected = product(portable, M, N, K, hasBias: true, accumulates: false)
          let found = product(twin, M, N, K, hasBias: true, accumulates: false)
          #expect(found == expected, "\(M) × \(N) × \(K)")
        }
      }
    }
  }

  @Test("products agree without bias, and where they are added", arguments: Kernels.twins)
  func additions(twin: Kernels) {
    for M in [1, 6, 14, 15, 167, 168, 169, 183, 350] {
      for N in [1, 16, 33, 48] {
        for hasBias in [false, true] {
          let expected = product(portable, M, N, 5, hasBias: hasBias, accumulates: true)
          let found = product(twin, M, N, 5, hasBias: hasBias, accumulates: true)
          #expect(found == expected, "\(M) × \(N), bias: \(hasBias)")
        }
      }
    }
  }

  @Test("dot products and means agree for 1 to 70 floats", arguments: Kernels.twins)
  func reductions(twin: Kernels) {
    for count in 1...70 {
      var numbers = Numbers(seed: count)
      let (a, b) = (numbers.floats(count), numbers.floats(count))
      let (expected, found) = (portable.dot(a.span, b.span), twin.dot(a.span, b.span))
      #expect(found.bitPattern == expected.bitPattern, "dot of \(count)")
      let rows = numbers.floats(count * 5)
      #expect(mean(twin, rows, count).bits == mean(portable, rows, count).bits, "mean of \(count)")
    }
  }

  private func mean(_ kernels: Kernels, _ rows: [Float], _ width: Int) -> [Float] {
    var mean = [Float](repeating: 7, count: width)
    var view = mean.mutableSpan
    kernels.meanRows(rows.span, rows: rows.count / width, into: &view)
    return mean
  }

  @Test("normalisation agrees for rows of 1 to 70 floats", arguments: Kernels.twins)
  func normalisation(twin: Kernels) {
    func normalised(_ kernels: Kernels, _ D: Int) -> [UInt32] {
      var numbers = Numbers(seed: D)
      var x = numbers.floats(3 * D + 1, scale: 9)
      let (gamma, beta) = (numbers.floats(D), numbers.floats(D))
      var view = x.mutableSpan
      kernels.layerNorm(&view, rows: 3, gamma: gamma.span, beta: beta.span, epsilon: 1e-5)
      return x.bits
    }
    for D in 1...70 { #expect(normalised(twin, D) == normalised(portable, D), "rows of \(D)") }
  }

  @Test("the activation agrees for 0 to 70 floats of every size", arguments: Kernels.twins)
  func activation(twin: Kernels) {
    func activated(_ kernels: Kernels, _ values: [Float], _ count: Int) -> [UInt32] {
      var x = values
      var view = x.mutableSpan
      kernels.gelu(&view, count: count)
      return x.bits
    }
    for count in 0...70 {
      var numbers = Numbers(seed: count)
      let values = numbers.floats(count + 1, scale: 6)
      #expect(activated(twin, values, count) == activated(portable, values, count), "\(count)")
    }
    let edges: [Float] = [
      0, -0.0, 0x1p-149, -0x1p-149, 1e-38, 5.5, -5.5, 5.56, -5.56, 1e30, -1e30,
      .greatestFiniteMagnitude,
      -.greatestFiniteMagnitude, .infinity, 1, -1,
    ]
    #expect(activated(twin, edges, edges.count) == activated(portable, edges, edges.count))
  }

  @Test("scans agree for codes of 1 to 40 elements and 0 to 9 rows", arguments: Kernels.twins)
  func scans(twin: Kernels) {
    for D in 1...40 {
      for rows in 0...9 {
        #expect(scores(twin, rows, D) == scores(portable, rows, D), "\(rows) codes of \(D)")
      }
    }
  }

  /// The scores by all three scans, one behind another.
  private func scores(_ kernels: Kernels, _ rows: Int, _ D: Int) -> [[UInt32]] {
    var numbers = Numbers(seed: rows << 10 | D)
    let (query, scales) = (numbers.floats(D), numbers.floats(rows))
    let (bytes, floats) = (numbers.bytes(rows * D), numbers.floats(rows * D))
    let halves = floats.map { Float16($0).bitPattern }
    var found = [[Float]](repeating: [Float](repeating: 7, count: rows + 1), count: 3)
    var view = found[0].mutableSpan
    kernels.scanInt8(
      query: query.span, codes: unsafe bytes.span.bytes, scales: unsafe scales.span.bytes,
      rows: rows,
      into: &view)
    var second = found[1].mutableSpan
    kernels.scanFloat16(
      query: query.span, codes: unsafe halves.span.bytes, rows: rows, into: &second)
    var third = found[2].mutableSpan
    kernels.scanFloat32(
      query: query.span, codes: unsafe floats.span.bytes, rows: rows, into: &third)
    return found.map(\.bits)
  }

  @Test(
    "attention agrees over 1 to 40 tokens and across a block of queries", arguments: Kernels.twins)
  func attention(twin: Kernels) {
    func output(_ kernels: Kernels, _ T: Int, _ heads: Int, _ headWidth: Int) -> [UInt32] {
      var numbers = Numbers(seed: T << 10 | headWidth)
      let qkv = numbers.floats(T * 3 * heads * headWidth, scale: 3)
      return kernels.attended(qkv, tokens: T, heads: heads, headWidth: headWidth).bits
    }
    for T in Array(1...40) + [83, 84, 85, 169] {
      for headWidth in [1, 8, 17, 32, 45] {
        #expect(
          output(twin, T, 2, headWidth) == output(portable, T, 2, headWidth),
          "\(T) tokens, heads of \(headWidth)")
      }
    }
  }
}

extension Kernels {
  /// Attention into a buffer that starts as 7s, with scratch memory that starts as NaNs.
  func attended(_ qkv: [Float], tokens T: Int, heads: Int, headWidth: Int) -> [Float] {
    var output = [Float](repeating: 7, count: T * heads * headWidth)
    var scratch = [Float](
      repeating: .nan, count: Kernels.attentionScratch(tokens: T, headWidth: headWidth))
    var view = output.mutableSpan
    var work = scratch.mutableSpan
    attention(
      qkv: qkv.span, tokens: T, heads: heads, headWidth: headWidth, into: &view,
      stride: heads * headWidth, scratch: &work)
    return output
  }
}
