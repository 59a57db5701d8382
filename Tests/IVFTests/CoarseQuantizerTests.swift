import LinearAlgebra
import Testing

@testable import IVF

/// Assignment and the choice of lists, each against the plain way to do it.
@Suite struct CoarseQuantizerTests {
  private func quantizer(_ centroids: [Float], width: Int) throws -> CoarseQuantizer {
    try CoarseQuantizer(centroids: centroids.span, width: width)
  }

  @Test("a vector goes to the list whose centroid has the highest inner product with its code")
  func assignment() throws {
    for (seed, width) in [1, 3, 4, 5, 31, 64, 384].enumerated() {
      for listCount in [1, 2, 31, 32, 33, 100] {
        var numbers = Numbers(seed: 100 * seed + listCount)
        let vectors = numbers.clusters(97, of: 10, width: width, spread: 0.6)
        let centroids = numbers.clusters(listCount, of: 7, width: width, spread: 0.6)
        let quantizer = try quantizer(centroids, width: width)
        let found = quantizer.lists(of: vectors)
        let codes = vectors.rounded(width: width)
        let dequantized = (0..<listCount).map(quantizer.centroid)
        for row in 0..<97 {
          let x = codes[row * width..<(row + 1) * width]
          let scores = dequantized.map { product(x, $0) }
          let best = scores.max() ?? 0
          // Floats of 24 bits cannot tell scores apart that are this close.
          let chosen = scores[Int(found[row])]
          #expect(best - chosen <= 2e-7 * abs(best), "\(width) × \(listCount), vector \(row)")
        }
      }
    }
  }

  @Test("every implementation gives the same lists and the same bits of their scores")
  func twins() throws {
    for width in [1, 2, 7, 8, 33, 128] {
      for (listCount, count) in [(1, 1), (40, 13), (64, 14), (65, 15), (130, 600)] {
        var numbers = Numbers(seed: width + listCount)
        let centroids = numbers.clusters(listCount, of: 9, width: width, spread: 0.5)
        let vectors = SampleVectors(
          numbers.clusters(count, of: 9, width: width, spread: 0.5), width: width)
        let quantizer = try quantizer(centroids, width: width)
        let found = NearestCode.all.map {
          quantizer.assign(vectors, nearest: $0, workerCount: 2)
        }
        for (nearest, other) in zip(NearestCode.all, found) {
          #expect(other.lists == found[0].lists, "\(nearest.name), \(width) × \(listCount)")
          #expect(other.scores.map(\.bitPattern) == found[0].scores.map(\.bitPattern))
        }
      }
    }
  }

  @Test("vectors and centroids are rounded as the int8 codec rounds")
  func rounding() throws {
    for width in [1, 5, 384] {
      var numbers = Numbers(seed: width)
      var vectors = numbers.clusters(60, of: 60, width: width, spread: 1)
      // Zeros, halves of a step, and what is too small for a scale of its own.
      for index in 0..<width {
        vectors[index] = 0
        vectors[width + index] = index == 0 ? 127 : Float(index % 9) + 0.5
        vectors[2 * width + index] = 0x1p-130
      }
      let quantizer = try quantizer(vectors, width: width)
      #expect((0..<60).flatMap(quantizer.centroid) == vectors.rounded(width: width))
    }
  }

  @Test("extreme codes add up without saturation", arguments: [3, 384, 16_384])
  func extremes(width: Int) throws {
    let ones = [Float](repeating: 1, count: width)
    let centroids = ones.map { -$0 } + ones
    let quantizer = try quantizer(centroids, width: width)
    for nearest in NearestCode.all {
      let found = quantizer.assign(
        SampleVectors(ones + ones.map { -$0 }, width: width), nearest: nearest, workerCount: 1)
      #expect(found.lists == [1, 0])
      for score in found.scores {
        #expect(abs(score - Float(width)) <= 1e-5 * Float(width), "\(nearest.name)")
      }
    }
  }

  @Test(
    "of equal centroids the lowest gets the vector; the last one, which fills the tile, nothing")
  func ties() throws {
    var numbers = Numbers(seed: 5)
    let one = numbers.clusters(1, of: 1, width: 20, spread: 0)
    let other = one.map { -$0 }
    let quantizer = try quantizer(other + one + one + one + other, width: 20)
    #expect(quantizer.lists(of: one + other + one) == [1, 0, 1])
  }

  @Test("vectors whose products are all negative still get the nearest list")
  func negative() throws {
    let quantizer = try quantizer([-1, 0.1, -0.5, 0.4, -1, 0.2], width: 2)
    #expect(quantizer.lists(of: [1, 0]) == [1])
  }

  @Test("a code goes where its vector goes", arguments: [1, 6, 24])
  func codes(width: Int) throws {
    var numbers = Numbers(seed: width)
    let vectors = numbers.clusters(1_100, of: 60, width: width, spread: 0.5)
    let quantizer = try quantizer(
      numbers.clusters(50, of: 60, width: width, spread: 0.5), width: width)
    #expect(quantizer.lists(of: vectors.rounded(width: width)) == quantizer.lists(of: vectors))
  }

  @Test("the number of workers does not change the lists")
  func workers() throws {
    var numbers = Numbers(seed: 6)
    let centroids = numbers.clusters(50, of: 50, width: 24, spread: 0.3)
    let vectors = numbers.clusters(3_000, of: 50, width: 24, spread: 0.3)
    let quantizer = try quantizer(centroids, width: 24)
    let expected = quantizer.lists(of: vectors, workers: 1)
    #expect(Set(expected).count > 40)
    for workers in [2, 3, 7] { #expect(quantizer.lists(of: vectors, workers: workers) == expected) }
  }

  @Test("the nearest lists are those of a full sort, best first, equal scores by list")
  func nearest() throws {
    var best = BestScores()
    for (seed, listCount) in [1, 2, 9, 100, 777].enumerated() {
      var numbers = Numbers(seed: seed)
      var centroids = numbers.clusters(listCount, of: 30, width: 16, spread: 0.4)
      // Every fifth centroid is there twice.
      for list in stride(from: 5, to: listCount, by: 5) {
        centroids.replaceSubrange(
          list * 16..<(list + 1) * 16, with: centroids[(list - 5) * 16..<(list - 4) * 16])
      }
      let quantizer = try quantizer(centroids, width: 16)
      let query = numbers.clusters(1, of: 1, width: 16, spread: 0)
      var rounded = RoundedQueries(width: 16)
      rounded.append(query.span)
      var scores = [Float](repeating: 0, count: listCount)
      var view = scores.mutableSpan
      quantizer.table.score(
        0..<listCount, rounded, stride: listCount, kernels: .best, into: &view)
      let sorted = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
      for p in [0, 1, 2, 8, 9, 17, 100, 776, 777, 5_000] {
        best.fill(listCount) { view in
          quantizer.table.score(
            0..<listCount, rounded, stride: listCount, kernels: .best, into: &view)
        }
        best.findBest(p)
        let found = (0..<best.count).map { best[$0].place }
        #expect(found == Array(sorted.prefix(p)), "\(p) of \(listCount)")
        for (position, list) in found.enumerated() { #expect(best[position].score == scores[list]) }
      }
    }
  }

  @Test(
    "the best of any scores are those of a full sort: ties, zeros of both signs, what is no number")
  func bestScores() {
    var best = BestScores()
    let odd: [Float] = [0, -0.0, .infinity, -.infinity, 1, -1, 0x1p-149, .greatestFiniteMagnitude]
    for (seed, count) in [1, 15, 16, 17, 33, 500, 5_000].enumerated() {
      var numbers = Numbers(seed: seed)
      for kind in 0..<4 {
        let scores: [Float] = (0..<count).map { _ in
          switch kind {
          case 0: numbers.float()
          case 1: Float(numbers.below(5)) / 3
          case 2: odd[numbers.below(odd.count)]
          default: numbers.below(9) == 0 ? .nan : numbers.float()
          }
        }
        let values = scores.map { $0.isNaN ? -Float.infinity : $0 }
        let sorted = values.indices.sorted {
          // A NaN is below −∞.
          (values[$1], scores[$0].isNaN ? 1 : 0, $0) < (values[$0], scores[$1].isNaN ? 1 : 0, $1)
        }
        for p in [1, 2, 7, 8, 9, 100, 499, 5_000] {
          best.fill(count) { view in for place in 0..<count { view[place] = scores[place] } }
          best.findBest(p)
          #expect(best.count == min(p, count))
          let found = (0..<best.count).map { best[$0].place }
          #expect(found == Array(sorted.prefix(p)), "\(p) of \(count), kind \(kind)")
        }
      }
    }
  }

  @Test("a table survives its bytes, and damaged ones are refused by name")
  func bytes() throws {
    var numbers = Numbers(seed: 8)
    let made = try quantizer(numbers.clusters(40, of: 40, width: 12, spread: 0.3), width: 12)
    #expect(made.bytes.count == CentroidTable.sizeInBytes(listCount: 40, width: 12))
    let vectors = numbers.clusters(200, of: 40, width: 12, spread: 0.3)
    let read = try CoarseQuantizer(made.bytes.span, listCount: 40, width: 12)
    #expect(read.lists(of: vectors) == made.lists(of: vectors))
    #expect(read.bytes == made.bytes)
    func failure(_ bytes: [UInt8], listCount: Int, width: Int) -> CentroidError? {
      do throws(CentroidError) {
        _ = try CoarseQuantizer(bytes.span, listCount: listCount, width: width)
        return nil
      } catch { return error }
    }
    #expect(
      failure(made.bytes, listCount: 41, width: 12)
        == .wrongLength(byteCount: 640, listCount: 41, width: 12))
    #expect(failure([], listCount: 0, width: 12) != nil)
    #expect(failure([], listCount: .max, width: .max - 4) != nil)
    for scale: Float in [0, -1, .infinity] {
      var damaged = made.bytes
      let place = 40 * 12 + 4 * 39
      let bits = scale.bitPattern
      for byte in 0..<4 { damaged[place + byte] = UInt8(bits >> (8 * UInt32(byte)) & 0xff) }
      #expect(failure(damaged, listCount: 40, width: 12) == .wrongScale(list: 39, scale: scale))
    }
    #expect(failure([], listCount: 70_000, width: 12) == .tooMany(listCount: 70_000))
    #expect(failure([], listCount: 1, width: 20_000) == .tooWide(width: 20_000))
  }

  @Test(
    "errors say what is wrong",
    arguments: [
      (
        CentroidError.wrongLength(byteCount: 640, listCount: 41, width: 12),
        "a table of 41 centroids of 12 dimensions has 640 bytes"
      ),
      (
        .wrongScale(list: 3, scale: 0),
        "the centroid of list 3 has the scale 0.0, not a positive number"
      ),
      (.tooMany(listCount: 70_000), "an index of 70000 lists: at most 65535 can be made"),
      (
        .tooWide(width: 20_000),
        "vectors of 20000 dimensions cannot be clustered: at most 16384 dimensions can"
      ),
    ])
  func descriptions(error: CentroidError, text: String) { #expect(error.description == text) }
}
