internal import IVF
internal import LMDB

/// How well searching through the lists of an index finds what exact search finds, measured.
public struct Calibration: Codable, Equatable, Sendable {
  /// What the queries were.
  public enum Source: Codable, Equatable, Sendable {
    /// A stored evaluation set.
    case set(name: String)
    /// A file of queries, or of their vectors.
    case file(path: String)
    /// Words in a row from stored passages: where there are no real queries.
    case spans
    /// Stored vectors, where there is no text either.
    case vectors
  }

  /// A ladder of efforts for one k.
  public struct Curve: Codable, Equatable, Sendable {
    public let k: Int
    /// From the least effort on.
    public let points: [Point]

    /// What has to be done for a promised recall: between two points that were measured, as much between
    /// them; nil where nothing less than exact search promises it.
    public func point(promising recall: Double) -> Point? {
      guard recall < 1, let place = points.firstIndex(where: { $0.promised >= recall }) else {
        return nil
      }
      let upper = points[place]
      guard place > 0 else { return upper }
      return points[place - 1].mixed(
        with: upper,
        share: (recall - points[place - 1].promised)
          / (upper.promised - points[place - 1].promised))
    }
  }

  public struct Point: Codable, Equatable, Sendable {
    /// The effort, as the search takes it (see `Probing.margin`).
    public let margin: Float
    /// Mean share of the k best of exact search that were found.
    public let recall: Double
    /// What the recall of other queries of this kind reaches, by all odds: what is promised.
    public let promised: Double
    /// Lists that a query looked into, and codes that it was compared with, on average.
    public let meanProbes: Double
    public let meanScanned: Double

    /// - Parameter share: of the other point.
    func mixed(with other: Point, share: Double) -> Point {
      func mix(_ mine: Double, _ its: Double) -> Double { mine + share * (its - mine) }
      return Point(
        margin: margin + Float(share) * (other.margin - margin),
        recall: mix(recall, other.recall), promised: mix(promised, other.promised),
        meanProbes: mix(meanProbes, other.meanProbes),
        meanScanned: mix(meanScanned, other.meanScanned))
    }
  }

  public let source: Source
  public let queryCount: Int
  public let created: String
  public let curves: [Curve]
  /// Rows that the index had looked at by then.
  var rowEnd: UInt32?

  /// Where a calibration lies: versions that share an index may ask it in ways of their own.
  static func key(_ index: UInt32, _ queryDigest: UInt64) -> Key {
    var key = Key(index)
    key.append(queryDigest)
    return key
  }

  /// The ladder's k; others take the next larger one's.
  static let ks = [1, 10, 100, 1_000]

  /// What a search for the best k has to do for a promised recall.
  ///
  /// - Returns: the effort, and the k that it was measured for, which the search has to take; nil where
  ///   nothing less than exact search promises it.
  func probing(k: Int, recall: Double) -> (probing: Probing, k: Int)? {
    guard let curve = curves.filter({ $0.k >= k }).min(by: { $0.k < $1.k }),
      let point = curve.point(promising: recall)
    else { return nil }
    return (.margin(point.margin), curve.k)
  }
}

extension Calibration {
  /// The file of queries that it was measured with; nil where it was something else.
  var file: String? {
    if case .file(let path) = source { path } else { nil }
  }
}

extension Calibration.Source: CustomStringConvertible {
  public var description: String {
    switch self {
    case .set(let name): "the evaluation set \(name)"
    case .file(let path): path
    case .spans:
      "words in a row from stored passages, since there is no set with the role calibration"
    case .vectors: "stored vectors, since there are no queries"
    }
  }

  /// The share of misses that is allowed for queries of another kind than these.
  ///
  /// On six collections, real queries missed 0.2 to 1.5 times as many passages as spans of 3 to 6 words at
  /// the same effort (tools/bench/promise); stored vectors lie where the codes are dense, and tell less.
  var missShare: Double {
    switch self {
    case .set, .file: 1
    case .spans: 0.8
    case .vectors: 0.5
    }
  }
}
