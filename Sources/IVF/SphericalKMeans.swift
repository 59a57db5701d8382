package import LinearAlgebra
internal import Synchronization

/// Finds centroids of unit length so that every vector of a sample is near one of them: k-means by angle.
///
/// The same sample and seed give the same centroids, whatever the number of workers: the list of a vector
/// is decided by exact sums, and each list's vectors are added up by one worker in the sample's order.
///
/// Source: Dhillon & Modha 2001, "Concept decompositions for large sparse text data using clustering".
package struct SphericalKMeans: Sendable {
  /// L, how many lists are wanted; fewer become of it where there are fewer different vectors.
  package var listCount: Int
  /// Most passes over the sample. The recall at equal probes hardly grows after ten.
  package var iterationCount = 10
  package var seed: UInt64 = 1
  package var workerCount: Int
  package var kernels: Kernels

  /// A pass that makes the mean cosine greater by less than this share is the last.
  private static let leastGain = 1e-4
  /// Lists with more than so many times the mean are parted: a query that looks into one pays for all of
  /// it. On 62,984 passages in 1,003 lists, 4 instead of 8 takes the imbalance from 1.53 to 1.43 and .003 of
  /// the recall@10 at equal probes, with 1 % fewer vectors scored.
  private static let mostOfMean = 4
  /// After the last pass only lists with more than so many times the mean are worth another.
  private static let mostOfMeanInTheEnd = 8
  /// Passes that only mend lists which are empty or too long after the last one.
  private static let mendingCount = 8
  /// Lists whose sums a worker makes before it asks for more.
  private static let listsAtOnce = 8

  package init(listCount: Int, workerCount: Int, kernels: Kernels) {
    self.listCount = listCount
    self.workerCount = workerCount
    self.kernels = kernels
  }

  /// Trains centroids on a sample.
  ///
  /// - Parameter progress: told after each pass how many of how many are done; false stops the training.
  /// - Returns: nil where it was stopped.
  /// - Throws: `.tooMany`, `.tooWide`.
  /// - Complexity: iterationCount · N · L · D multiplications of bytes, side by side. Memory: 12 bytes a
  ///   vector, 10 · D a list.
  package func train(
    on sample: SampleVectors, progress: (_ pass: Int, _ of: Int) -> Bool = { _, _ in true }
  ) throws(CentroidError) -> TrainedLists? {
    precondition(listCount >= 1 && sample.count >= 1, "\(listCount) lists of \(sample.count)")
    let nearest = NearestCode(for: kernels)
    var bisection = Bisection(sample, kernels: kernels)
    var centroids = firstCentroids(of: sample)
    var (last, pass, mendings) = (-Double.infinity, 0, 0)
    while true {
      let quantizer = try CoarseQuantizer(centroids: centroids.span, width: sample.width)
      let assignment = quantizer.assign(sample, nearest: nearest, workerCount: workerCount)
      pass += 1
      guard progress(min(pass, iterationCount), iterationCount) else { return nil }
      let mean = assignment.scores.reduce(0) { $0 + Double($1) } / Double(sample.count)
      var members = ListMembers(assignment.lists, listCount: quantizer.listCount)
      let sizes = members.sizes
      let isLast = pass >= iterationCount
      let most = isLast ? Self.mostOfMeanInTheEnd : Self.mostOfMean
      let isMended =
        members.repair(limit: most * sample.count / quantizer.listCount, with: &bisection) > 0
      let isSettled = mean - last < Self.leastGain * mean.magnitude
      if isLast || (isSettled && !isMended) {
        mendings += 1
        if !isMended || mendings > Self.mendingCount {
          return try finish(centroids, sizes: sizes, meanCosine: mean, passCount: pass, sample)
        }
      }
      last = mean
      update(&centroids, members, sample)
    }
  }

  /// Vectors of the sample, chosen by the seed: each as likely as any other, none twice.
  ///
  /// k-means++ (Arthur & Vassilvitskii 2007) on four vectors a list was no better on 62,984 passages and
  /// 1,003 lists: mean cosine .7205 instead of .7208, recall@10 in 4 lists .778 instead of .783.
  private func firstCentroids(of sample: SampleVectors) -> [Float] {
    let (count, width) = (min(listCount, sample.count), sample.width)
    var random = SplitMix64(seed: seed)
    var chosen: [Int] = []
    var isChosen: Set<Int> = []
    // Source: Bentley & Floyd 1987, "A sample of brilliance".
    for last in sample.count - count..<sample.count {
      let number = random.below(last + 1)
      let taken = isChosen.insert(number).inserted ? number : last
      isChosen.insert(taken)
      chosen.append(taken)
    }
    var centroids = [Float](repeating: 0, count: count * width)
    var view = centroids.mutableSpan
    for (list, number) in chosen.enumerated() {
      var row = view.part(list * width..<(list + 1) * width)
      sample.fill(number..<number + 1, into: &row)
    }
    return centroids
  }

  /// Moves each centroid to the direction of the sum of its list; one without stays where it is.
  private func update(
    _ centroids: inout [Float], _ members: ListMembers, _ sample: SampleVectors
  ) {
    let width = sample.width
    let moved = Mutex(centroids)
    inStretches(
      of: members.ranges.count, size: Self.listsAtOnce, workerCount: workerCount
    ) { next in
      var vector = [Float](repeating: 0, count: width)
      while let lists = next() {
        for list in lists {
          var sum = [Float](repeating: 0, count: width)
          for place in members.ranges[list] {
            let number = Int(members.order[place])
            var view = vector.mutableSpan
            sample.fill(number..<number + 1, into: &view)
            var sumView = sum.mutableSpan
            Kernels.add(vector.span, times: 1, to: &sumView)
          }
          guard sum.normalise(kernels: kernels) else { continue }
          moved.withLock { moved in
            for index in 0..<width { moved[list * width + index] = sum[index] }
          }
        }
      }
    }
    centroids = moved.withLock { $0 }
  }

  /// Leaves out lists without vectors and numbers the others so that neighbours resemble each other.
  private func finish(
    _ centroids: [Float], sizes: [Int], meanCosine: Double, passCount: Int, _ sample: SampleVectors
  ) throws(CentroidError) -> TrainedLists {
    let width = sample.width
    let kept = sizes.indices.filter { sizes[$0] > 0 }
    let vectors = kept.flatMap { centroids[$0 * width..<($0 + 1) * width] }
    let order = ListOrder(vectors, width: width, kernels: kernels).order.map(Int.init)
    let ordered = order.flatMap { vectors[$0 * width..<($0 + 1) * width] }
    return TrainedLists(
      quantizer: try CoarseQuantizer(centroids: ordered.span, width: width),
      sizes: order.map { sizes[kept[$0]] }, meanCosine: meanCosine, passCount: passCount)
  }
}

/// What a training made.
package struct TrainedLists: Sendable {
  package let quantizer: CoarseQuantizer
  /// How many vectors of the sample are in each list.
  package let sizes: [Int]
  /// The mean cosine of a vector of the sample and its centroid: what the training makes great.
  package let meanCosine: Double
  /// Passes over the sample.
  package let passCount: Int

  package var imbalance: Double { Self.imbalance(of: sizes) }

  /// L · Σ nᵢ² / N²: how many times more vectors a query scores, by expectation, than if all lists were
  /// equally long.
  ///
  /// Source: Jégou, Douze & Schmid 2010, "Improving bag-of-features for large scale image search"; faiss
  /// reports the same figure.
  package static func imbalance(of sizes: [Int]) -> Double {
    let total = sizes.reduce(0.0) { $0 + Double($1) }
    let squares = sizes.reduce(0.0) { $0 + Double($1) * Double($1) }
    return total > 0 ? Double(sizes.count) * squares / (total * total) : 1
  }
}
