import CKernels
import Foundation
import Testing

@testable import LinearAlgebra

/// The portable kernels against the same thing written plainly in double precision. The twins have
/// the portable kernels' bits, so what holds here holds for them.
@Suite struct KernelReferenceTests {
  private let kernels = Kernels.portable

  @Test("a product is within K half units in the last place of the exact one")
  func product() {
    let (rows, K, N) = (5, 40, 23)
    var numbers = Numbers(seed: 1)
    let (input, weight, bias) = (numbers.floats(rows * K), numbers.floats(N * K), numbers.floats(N))
    // Two small layers side by side: the second begins inside a panel.
    var linear = Linear(inputWidth: K, outputWidth: N)
    linear.append(weight: Array(weight[..<(9 * K)]).span, bias: Array(bias[..<9]).span)
    linear.append(weight: Array(weight[(9 * K)...]).span, bias: Array(bias[9...]).span)
    var output = [Float](repeating: 0, count: rows * N)
    var view = output.mutableSpan
    kernels.apply(linear, to: input.span, rows: rows, into: &view)
    var exact: [Double] = []
    for row in 0..<rows {
      for n in 0..<N {
        let products = (0..<K).map { Double(input[row * K + $0]) * Double(weight[n * K + $0]) }
        exact.append(products.reduce(Double(bias[n]), +))
      }
    }
    // Sums stay below 16, so each of the K + 1 steps is off by at most 16 · 2^-24 / 2.
    #expect(output.error(to: exact) <= 41 * 0x1p-21)
    var again = output.mutableSpan
    kernels.apply(linear, to: input.span, rows: rows, into: &again, .adding)
    #expect(output.error(to: exact.map { 2 * $0 }) <= 83 * 0x1p-21)
  }

  @Test("the activation is within 2e-6 of x·Φ(x) from -10 to 10")
  func activation() {
    let x = (-100_000...100_000).map { Float($0) / 10_000 }
    var y = x
    var view = y.mutableSpan
    kernels.gelu(&view, count: x.count)
    #expect(y.error(to: x.map { 0.5 * Double($0) * erfc(-Double($0) / 2.0.squareRoot()) }) <= 2e-6)
  }

  /// What one query takes of values that are 1 at one key's place, one head of T numbers: its shares.
  private func shares(_ scores: [Float]) -> [Float] {
    let T = scores.count
    var qkv = [Float](repeating: 0, count: T * 3 * T)
    // The first query is (√T, 0, …), so that the score of a key is its first number.
    qkv[0] = Float(T).squareRoot()
    for t in 0..<T {
      qkv[(t * 3 + 1) * T] = scores[t]
      qkv[(t * 3 + 2) * T + t] = 1
    }
    return Array(kernels.attended(qkv, tokens: T, heads: 1, headWidth: T)[0..<T])
  }

  @Test("the shares of attention are within 5e-7 of the exact ones, and their sum is 1")
  func sharesOfKeys() {
    var numbers = Numbers(seed: 2)
    for n in [1, 2, 15, 16, 17, 100, 256] {
      let scores = numbers.floats(n, scale: 8)
      let found = shares(scores)
      let highest = Double(scores.max() ?? 0)
      let powers = scores.map { exp(Double($0) - highest) }
      let sum = powers.reduce(0, +)
      // √n · 1 / √n is 1 but for a rounding, so a score of 8 errs by 5e-7.
      #expect(found.error(to: powers.map { $0 / sum }) <= 5e-7, "\(n) scores")
      #expect(abs(found.map(Double.init).reduce(0, +) - 1) <= 1e-6, "\(n) scores")
    }
  }

  @Test("attention to keys far apart is a choice, and to equal ones a tie")
  func farKeys() {
    let choice = shares([-3e38, 0, -1e30, -500])
    #expect(choice[1] == 1)
    #expect(choice.allSatisfy { $0 >= 0 && $0 <= 1 })
    // exp is cut at -87, so that nothing is subnormal: 1.6e-38.
    #expect(choice[0] < 2e-38)
    let tie = shares([Float](repeating: 1e38, count: 16))
    #expect(tie == [Float](repeating: 0.0625, count: 16))
  }

  @Test("normalisation is within 2e-6 of the exact one")
  func normalisation() {
    var numbers = Numbers(seed: 3)
    for D in [1, 7, 16, 33, 384] {
      let (x, gamma, beta) = (numbers.floats(D, scale: 4), numbers.floats(D), numbers.floats(D))
      var y = x
      var view = y.mutableSpan
      kernels.layerNorm(&view, rows: 1, gamma: gamma.span, beta: beta.span, epsilon: 1e-12)
      let mean = x.map(Double.init).reduce(0, +) / Double(D)
      let variance = x.map { (Double($0) - mean) * (Double($0) - mean) }.reduce(0, +) / Double(D)
      let exact = (0..<D).map {
        (Double(x[$0]) - mean) / (variance + 1e-12).squareRoot() * Double(gamma[$0])
          + Double(beta[$0])
      }
      #expect(y.error(to: exact) <= 2e-6, "rows of \(D)")
    }
  }

  @Test("a row of equal numbers is normalised to the shift")
  func constantRow() {
    var x = [Float](repeating: 3, count: 20)
    var view = x.mutableSpan
    let gamma = [Float](repeating: 2, count: 20)
    let beta = (0..<20).map { Float($0) }
    kernels.layerNorm(&view, rows: 1, gamma: gamma.span, beta: beta.span, epsilon: 1e-12)
    #expect(x == beta)
  }

  @Test("attention is within 2e-6 of the exact one")
  func attention() {
    let (T, heads, width) = (90, 3, 10)
    let D = heads * width
    var numbers = Numbers(seed: 4)
    let qkv = numbers.floats(T * 3 * D, scale: 2)
    func value(_ token: Int, _ part: Int, _ head: Int, _ i: Int) -> Double {
      Double(qkv[(token * 3 + part) * D + head * width + i])
    }
    var exact = [Double](repeating: 0, count: T * D)
    for head in 0..<heads {
      for t in 0..<T {
        let powers = (0..<T).map { s in
          exp(
            (0..<width).map { value(t, 0, head, $0) * value(s, 1, head, $0) }.reduce(0, +)
              / Double(width).squareRoot())
        }
        let sum = powers.reduce(0, +)
        for i in 0..<width {
          exact[t * D + head * width + i] =
            (0..<T).map { powers[$0] / sum * value($0, 2, head, i) }.reduce(0, +)
        }
      }
    }
    let found = kernels.attended(qkv, tokens: T, heads: heads, headWidth: width)
    #expect(found.error(to: exact) <= 2e-6)
  }

  @Test("scans are within 1e-5 of exact scores, from codes at any address")
  func scans() {
    let (rows, D) = (7, 45)
    var numbers = Numbers(seed: 5)
    let (query, scales) = (numbers.floats(D), numbers.floats(rows, scale: 0.01))
    let floats = numbers.floats(rows * D)
    let halves = floats.map { Float16($0) }
    let bytes = numbers.bytes(rows * D)
    func exact(_ code: (Int) -> Double) -> [Double] {
      (0..<rows).map { r in (0..<D).map { Double(query[$0]) * code(r * D + $0) }.reduce(0, +) }
    }
    var scores = [Float](repeating: 0, count: rows)
    var first = scores.mutableSpan
    kernels.scanInt8(
      query: query.span, codes: unsafe bytes.span.bytes,
      scales: unsafe unaligned(scales).span.bytes.extracting(1...), rows: rows, into: &first)
    let plain = exact { Double(bytes[$0]) }
    #expect(scores.error(to: (0..<rows).map { plain[$0] * Double(scales[$0]) }) <= 1e-5)

    var second = scores.mutableSpan
    kernels.scanFloat16(
      query: query.span, codes: unsafe halves.span.bytes, rows: rows, into: &second)
    #expect(scores.error(to: exact { Double(halves[$0]) }) <= 1e-5)

    var third = scores.mutableSpan
    kernels.scanFloat32(
      query: query.span, codes: unsafe unaligned(floats).span.bytes.extracting(1...),
      rows: rows, into: &third)
    #expect(scores.error(to: exact { Double(floats[$0]) }) <= 1e-5)
  }

  /// The bytes of floats after one of another kind.
  private func unaligned(_ floats: [Float]) -> [UInt8] {
    [0] + floats.flatMap { float in (0..<4).map { UInt8(float.bitPattern >> ($0 * 8) & 255) } }
  }

  @Test("embedding adds word and position")
  func embedding() {
    let words = (0..<12).map { Float($0) }
    let positions = (0..<6).map { Float($0) * 100 }
    let ids: [Int32] = [3, 0]
    var hidden = [Float](repeating: 0, count: 6)
    var view = hidden.mutableSpan
    kernels.embed(
      ids: ids.span, words: words.span, positions: positions.span, width: 3, into: &view)
    #expect(hidden == [9, 110, 211, 300, 401, 502])
  }

  private func allFinite(_ values: [Float]) -> Bool { Kernels.allFinite(values.span) }

  @Test("an infinity or a NaN is found wherever it stands")
  func finite() {
    for count in 0...40 {
      let plain = [Float](repeating: -.greatestFiniteMagnitude, count: count)
      #expect(allFinite(plain))
      for index in 0..<count {
        for bad: Float in [.infinity, -.infinity, .nan, .signalingNaN] {
          var values = plain
          values[index] = bad
          #expect(!allFinite(values), "\(bad) at \(index) of \(count)")
        }
      }
    }
  }
}
