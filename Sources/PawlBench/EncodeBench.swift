internal import Dispatch
internal import Encoding
internal import LinearAlgebra

/// Times an encoder and the products it is made of.
struct EncodeBench {
  let encoder: TextEncoder

  /// All texts, tokenizing included, side by side: seconds and the vectors.
  func encode(_ texts: [String], threads: Int) -> (seconds: Double, vectors: [Float]) {
    var vectors = [Float](repeating: 0, count: texts.count * encoder.width)
    var view = vectors.mutableSpan
    encoder.encode(Array(texts.prefix(16)), workerCount: threads, into: &view)
    let seconds = Self.time { encoder.encode(texts, workerCount: threads, into: &view) }
    return (seconds, vectors)
  }

  /// One text at a time, one thread, tokenizing included, as a query is encoded: seconds of each, sorted.
  func latencies(_ texts: [String]) -> [Double] {
    texts.map { text in Self.time { _ = encoder.encode(text) } }.sorted()
  }

  /// Multiplications and additions of the layers' products for one token, attention left out.
  var operationsPerToken: Int {
    let shape = encoder.directory.configuration
    let (D, I) = (shape.width, shape.intermediateWidth)
    return 2 * shape.layerCount * (4 * D * D + 2 * D * I)
  }

  /// Operations a second of a float32 product, K = D and N = I, weights packed, each thread with rows of its
  /// own: the best of several.
  static func floatProductRate(threads: Int, kernels: Kernels) -> Double {
    let (rows, K, N, repeats) = (504, 384, 1_536, 8)
    var rates: [Double] = []
    for _ in 0..<9 {
      let seconds = time {
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
          product(rows: rows, K, N, repeats: repeats, kernels)
        }
      }
      // What filling the operands takes is measured by itself and left out.
      let filling = time {
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
          product(rows: rows, K, N, repeats: 0, kernels)
        }
      }
      rates.append(2 * Double(rows * K * N * repeats * threads) / (seconds - filling))
    }
    return rates.max() ?? 0
  }

  private static func product(rows: Int, _ K: Int, _ N: Int, repeats: Int, _ kernels: Kernels) {
    var linear = Linear(inputWidth: K, outputWidth: N)
    let weight = [Float](repeating: 0.5, count: K * N)
    linear.append(weight: weight.span, bias: [Float](repeating: 0, count: N).span)
    let input = [Float](repeating: 0.25, count: rows * K)
    var output = [Float](repeating: 0, count: rows * N)
    var view = output.mutableSpan
    for _ in 0..<repeats { kernels.apply(linear, to: input.span, rows: rows, into: &view) }
  }

  static func time(_ work: () -> Void) -> Double {
    ContinuousClock().measure(work) / .seconds(1)
  }
}
