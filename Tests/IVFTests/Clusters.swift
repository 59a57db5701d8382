import LinearAlgebra

@testable import IVF

extension Numbers {
  /// Unit vectors around `centreCount` directions, row-major: what k-means should find.
  mutating func clusters(_ count: Int, of centreCount: Int, width: Int, spread: Float) -> [Float] {
    let centres = (0..<centreCount).map { _ in vector(width) }
    return (0..<count).flatMap { row in
      let mixed = zip(centres[row % centreCount], vector(width)).map { $0 + spread * $1 }
      let norm = mixed.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return mixed.map { $0 / norm }
    }
  }
}

extension NearestCode {
  /// What this processor runs.
  static let all = ["portable", "avx2", "avx512vnni"].compactMap(NearestCode.init(named:))
}

extension CoarseQuantizer {
  /// A centroid as D floats.
  func centroid(_ list: Int) -> [Float] {
    var x = [Float](repeating: 0, count: width)
    var view = x.mutableSpan
    table.copyCentroid(list, into: &view)
    return x
  }

  func lists(of vectors: [Float], workers: Int = 2) -> [UInt16] {
    assign(
      SampleVectors(vectors, width: width), nearest: NearestCode(for: .best), workerCount: workers
    ).lists
  }
}

extension [Float] {
  /// Rounded by the int8 codec, and made floats again.
  func rounded(width: Int) -> [Float] {
    var rounded: [Float] = []
    for start in stride(from: 0, to: count, by: width) {
      var code: [UInt8] = []
      let scale = Codec.int8.encode(
        span.extracting(start..<start + width), kernels: .best, into: &code)
      rounded += code.map { Float(Int8(bitPattern: $0)) * scale }
    }
    return rounded
  }
}

/// Σ a·b, in double precision.
func product(_ a: ArraySlice<Float>, _ b: [Float]) -> Double {
  zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}
