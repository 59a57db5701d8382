import Testing

@testable import LinearAlgebra

/// Products of 12 bits against exact arithmetic, and what they promise: bits that depend on the row alone.
@Suite struct Int12Tests {
  /// All that this processor runs; portable first.
  static let all = ["portable", "avx2", "avx512", "avx512vnni"].compactMap {
    Kernels.best.withInt12(named: $0)
  }

  /// A layer's weights in memory of their own.
  private struct Layer {
    let (K, N): (Int, Int)
    let weight: [Float]
    let bias: [Float]
    var panels: [Int16]
    var scales: [Float]

    init(inputs K: Int, outputs N: Int, _ numbers: inout Numbers) {
      (self.K, self.N) = (K, N)
      let size = Int12LinearSize(inputWidth: K, outputWidth: N)
      weight = numbers.floats(N * K)
      bias = numbers.floats(N) + [Float](repeating: 0, count: size.outputs - N)
      panels = [Int16](repeating: 0, count: size.panels)
      scales = [Float](repeating: 0, count: size.outputs)
      var (panelView, scaleView) = (panels, scales)
      var panelSpan = panelView.mutableSpan
      var scaleSpan = scaleView.mutableSpan
      // In two parts, as queries, keys and values are.
      let first = N / 2
      Kernels.pack(
        weight: weight.span.extracting(0..<first * K), inputWidth: K, asOutputsFrom: 0,
        panels: &panelSpan, scales: &scaleSpan)
      Kernels.pack(
        weight: weight.span.extracting(first * K..<N * K), inputWidth: K, asOutputsFrom: first,
        panels: &panelSpan, scales: &scaleSpan)
      (panels, scales) = (panelView, scaleView)
    }

    /// Some outputs of all rows of `x`, from row `first`.
    func product(
      _ kernels: Kernels, _ x: [Float], outputs: Range<Int>? = nil, first: Int = 0
    ) -> [Float] {
      let rows = x.count / K
      var rounded = Int12Rows()
      rounded.reserve(rows: rows, width: K)
      kernels.round(x.span, rows: rows, into: &rounded)
      let outputs = outputs ?? 0..<N
      var output = [Float](repeating: .nan, count: (rows - first) * outputs.count)
      var view = output.mutableSpan
      let linear = Int12Linear(
        inputWidth: K, outputWidth: N, panels: panels.span, scales: scales.span, bias: bias.span)
      kernels.apply(
        linear, outputs: outputs, to: rounded, first: first, rows: rows - first, into: &view)
      return output
    }
  }

  @Test("a product is as near to the exact one as 12 bits are", arguments: [7, 384, 512, 1_000])
  func accuracy(K: Int) {
    var numbers = Numbers(seed: K)
    let layer = Layer(inputs: K, outputs: 37, &numbers)
    let x = numbers.floats(11 * K, scale: 3)
    for kernels in Self.all {
      let found = layer.product(kernels, x)
      for row in 0..<11 {
        for output in 0..<37 {
          let (a, w) = (x[row * K..<(row + 1) * K], layer.weight[output * K..<(output + 1) * K])
          var (exact, bound) = (Double(layer.bias[output]), 1e-5)
          // Each factor errs by at most half a step: 1/4,094 of the greatest of its row, 3 and 1.
          for (a, w) in zip(a.map(Double.init), w.map(Double.init)) {
            exact += a * w
            bound += (abs(a) + 3 * abs(w) + 3.0 / 4_094) / 4_094
          }
          let error = abs(Double(found[row * 37 + output]) - exact)
          #expect(error <= bound, "row \(row), output \(output)")
        }
      }
    }
  }

  @Test("a row's outputs depend on the row alone, to the bit, and are the same by all kernels")
  func independence() {
    var numbers = Numbers(seed: 3)
    let layer = Layer(inputs: 600, outputs: 100, &numbers)
    let x = numbers.floats(21 * 600, scale: 2)
    let all = layer.product(Self.all[0], x)
    for kernels in Self.all {
      #expect(layer.product(kernels, x).bits == all.bits)
      for row in 0..<21 {
        let alone = layer.product(kernels, Array(x[row * 600..<(row + 1) * 600]))
        #expect(alone.bits == Array(all[row * 100..<(row + 1) * 100]).bits, "row \(row)")
      }
      let some = layer.product(kernels, x, outputs: 48..<97, first: 8)
      for row in 8..<21 {
        #expect(
          Array(some[(row - 8) * 49..<(row - 7) * 49]).bits
            == Array(all[row * 100 + 48..<row * 100 + 97]).bits, "row \(row)")
      }
    }
  }

  @Test("a row that cannot be rounded is NaN and spoils no other; one of zeros is the bias")
  func oddRows() {
    var numbers = Numbers(seed: 4)
    let layer = Layer(inputs: 40, outputs: 20, &numbers)
    var x = numbers.floats(5 * 40)
    let usual = layer.product(Self.all[0], x)
    x[0] = .nan
    x[2 * 40 + 7] = .infinity
    for k in 0..<40 { x[3 * 40 + k] = 0 }
    for kernels in Self.all {
      let found = layer.product(kernels, x)
      for row in 0..<5 {
        let outputs = Array(found[row * 20..<(row + 1) * 20])
        switch row {
        case 0, 2: #expect(outputs.allSatisfy { $0.isNaN })
        case 3: #expect(outputs == Array(layer.bias[0..<20]))
        default: #expect(outputs.bits == Array(usual[row * 20..<(row + 1) * 20]).bits)
        }
      }
    }
  }
}
