import LinearAlgebra
import Synchronization
import Testing

@testable import IVF

/// What a training promises, on vectors whose clusters are known.
@Suite struct SphericalKMeansTests {
  private func train(
    _ vectors: [Float], width: Int, lists: Int, workers: Int = 2, seed: UInt64 = 1
  ) throws -> TrainedLists {
    var training = SphericalKMeans(listCount: lists, workerCount: workers, kernels: .best)
    training.seed = seed
    return try #require(try training.train(on: SampleVectors(vectors, width: width)))
  }

  private func available(_ name: String) -> Kernels? {
    do { return try Kernels(named: name) } catch { return nil }
  }

  @Test("clusters that lie apart are found, each by one list or more, none mixed", arguments: 1...5)
  func separated(seed: UInt64) throws {
    var numbers = Numbers(seed: Int(seed))
    let vectors = numbers.clusters(2_000, of: 20, width: 32, spread: 0.05)
    let trained = try train(vectors, width: 32, lists: 40, seed: seed)
    #expect(trained.meanCosine > 0.99)
    let lists = trained.quantizer.lists(of: vectors)
    var owners: [UInt16: Set<Int>] = [:]
    for (row, list) in lists.enumerated() { owners[list, default: []].insert(row % 20) }
    #expect(owners.values.allSatisfy { $0.count == 1 })
  }

  @Test(
    "the same seed gives the same bytes for any number of workers and any kernels, another seed others"
  )
  func determinism() throws {
    var numbers = Numbers(seed: 2)
    let vectors = numbers.clusters(3_000, of: 200, width: 20, spread: 0.7)
    let expected = try train(vectors, width: 20, lists: 60, workers: 1)
    for workers in [2, 5] {
      let found = try train(vectors, width: 20, lists: 60, workers: workers)
      #expect(found.quantizer.bytes == expected.quantizer.bytes)
      #expect(found.sizes == expected.sizes)
    }
    for name in ["portable", "avx2"] {
      guard let kernels = available(name) else { continue }
      let training = SphericalKMeans(listCount: 60, workerCount: 2, kernels: kernels)
      let found = try training.train(on: SampleVectors(vectors, width: 20))
      #expect(found?.quantizer.bytes == expected.quantizer.bytes, "\(name)")
    }
    let other = try train(vectors, width: 20, lists: 60, seed: 2)
    #expect(other.quantizer.bytes != expected.quantizer.bytes)
  }

  @Test("centroids have unit length, sizes are those of the assignment, the mean cosine is true")
  func report() throws {
    var numbers = Numbers(seed: 3)
    let vectors = numbers.clusters(1_500, of: 100, width: 24, spread: 0.7)
    let trained = try train(vectors, width: 24, lists: 50)
    let quantizer = trained.quantizer
    let centroids = (0..<quantizer.listCount).map(quantizer.centroid)
    for centroid in centroids {
      // Each of 24 elements may be half a step of 1/127 off.
      #expect(abs(product(centroid[...], centroid).squareRoot() - 1) < 0.01)
    }
    let lists = quantizer.lists(of: vectors)
    var sizes = [Int](repeating: 0, count: quantizer.listCount)
    var sum = 0.0
    for (row, list) in lists.enumerated() {
      sizes[Int(list)] += 1
      sum += product(vectors[row * 24..<(row + 1) * 24], centroids[Int(list)])
    }
    #expect(sizes == trained.sizes)
    #expect(abs(sum / 1_500 - trained.meanCosine) < 1e-3)
  }

  @Test("fewer different vectors than lists give fewer lists, one vector gives one")
  func duplicates() throws {
    var numbers = Numbers(seed: 4)
    for kindCount in [1, 2, 30] {
      let kinds = numbers.clusters(kindCount, of: kindCount, width: 16, spread: 0)
      let vectors = (0..<900).flatMap { _ in
        let kind = numbers.below(kindCount)
        return kinds[kind * 16..<(kind + 1) * 16]
      }
      let trained = try train(vectors, width: 16, lists: 100)
      #expect(trained.quantizer.listCount == kindCount)
      #expect(trained.meanCosine > 0.99)
    }
    let single = try train([0.6, 0.8], width: 2, lists: 9)
    #expect(single.sizes == [1])
  }

  @Test("zeros, opposite vectors and odd numbers neither stop nor break a training")
  func oddNumbers() throws {
    let width = 5
    var vectors = [Float](repeating: 0, count: 50 * width)
    for sign: Float in [1, -1] { vectors += [sign, 0, 0, 0, 0] + [0, sign, 0, 0, 0] }
    vectors += [.nan, 0, 0, 0, 1] + [.infinity, 0, 0, 0, 0] + [0x1p-149, 0, 0, 0, 0]
    let trained = try train(vectors, width: width, lists: 12)
    #expect(trained.sizes.reduce(0, +) == 57)
    #expect(trained.sizes.allSatisfy { $0 > 0 })
  }

  @Test("lists that would be too long are parted, and no list is empty", arguments: 1...4)
  func limits(seed: UInt64) throws {
    // Nine of ten vectors lie in one narrow cluster, which few of the first centroids can hit.
    var numbers = Numbers(seed: Int(seed))
    let vectors =
      numbers.clusters(9_000, of: 1, width: 16, spread: 0.1)
      + numbers.clusters(1_000, of: 300, width: 16, spread: 0.2)
    let trained = try train(vectors, width: 16, lists: 100, seed: seed)
    #expect(trained.quantizer.listCount == 100)
    #expect((trained.sizes.max() ?? 0) <= 8 * 100)
    #expect(trained.sizes.allSatisfy { $0 > 0 })
  }

  @Test("lists with near numbers have centroids that resemble each other")
  func order() throws {
    var numbers = Numbers(seed: 7)
    let vectors = numbers.clusters(4_000, of: 16, width: 32, spread: 0.4)
    let quantizer = try train(vectors, width: 32, lists: 160).quantizer
    let centroids = (0..<quantizer.listCount).map(quantizer.centroid)
    var (near, all, count) = (0.0, 0.0, 0.0)
    for list in centroids.indices.dropLast() {
      near += product(centroids[list][...], centroids[list + 1])
      for other in centroids.indices where other > list {
        all += product(centroids[list][...], centroids[other])
        count += 1
      }
    }
    near /= Double(centroids.count - 1)
    // The 16 directions are as good as orthogonal, and neighbours mostly share one.
    #expect(near > all / count + 0.5, "\(near) against \(all / count)")
  }

  @Test("progress is told, and its false stops the training")
  func progress() throws {
    var numbers = Numbers(seed: 9)
    let sample = SampleVectors(numbers.clusters(500, of: 90, width: 8, spread: 0.9), width: 8)
    var training = SphericalKMeans(listCount: 20, workerCount: 2, kernels: .best)
    training.iterationCount = 4
    var told: [Int] = []
    let trained = try training.train(on: sample) { pass, of in
      #expect(of == 4)
      told.append(pass)
      return pass < 3
    }
    #expect(trained == nil)
    #expect(told == [1, 2, 3])
  }

  @Test("imbalance is 1 for equal lists and grows with the share of one")
  func imbalance() {
    #expect(TrainedLists.imbalance(of: [5, 5, 5]) == 1)
    #expect(TrainedLists.imbalance(of: [0, 0, 9]) == 3)
    #expect(TrainedLists.imbalance(of: [1, 3]) == 1.25)
  }
}
