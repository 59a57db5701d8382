internal import Evaluation

/// Two versions' answers to the same judged queries side by side: a is what serves, as a rule, b what may.
public struct VersionComparison: Sendable, Equatable, Encodable {
  /// One measure of both.
  public struct Measure: Sendable, Equatable, Encodable {
    public let name: String
    public let a: Double
    public let b: Double
    /// b − a, with its 95 % interval.
    public let difference: Double
    public let low: Double
    public let high: Double
    /// Two-sided.
    public let tTest: Double
    public let randomization: Double
    /// The smallest difference that these queries show in four of five cases.
    public let visibleDifference: Double
    public let wins: Int
    public let ties: Int
    public let losses: Int

    init(_ name: String, _ comparison: PairedComparison) {
      self.name = name
      a = comparison.mean.a
      b = comparison.mean.b
      difference = comparison.difference
      low = comparison.interval.lowerBound
      high = comparison.interval.upperBound
      tTest = comparison.tTest
      randomization = comparison.randomization
      visibleDifference = comparison.visibleDifference
      wins = comparison.wins
      ties = comparison.ties
      losses = comparison.losses
    }
  }

  /// Some of the queries.
  public struct Slice: Sendable, Equatable, Encodable {
    public let name: String
    public let queryCount: Int
    public let measure: Measure
    /// p of the randomisation test, adjusted for the number of slices.
    public let adjusted: Double
  }

  /// A query whose measure moved far.
  public struct Mover: Sendable, Equatable, Encodable {
    public let id: String
    public let text: String
    public let a: Double
    public let b: Double
    /// The first hits' ids, and the first's text.
    public let before: [String]
    public let after: [String]
    public let beforeText: String
    public let afterText: String
  }

  /// What a version costs to serve.
  public struct Cost: Sendable, Equatable, Encodable {
    /// Seconds of one query, one thread, beside the other version's.
    public let median: Double
    public let p99: Double
    public let bytesPerPassage: Double
  }

  public enum Verdict: String, Sendable, Encodable {
    case win = "WIN"
    case tie = "TIE"
    case loss = "LOSS"
    case notEnoughEvidence = "NOT-ENOUGH-EVIDENCE"
  }

  public let a: String
  public let b: String
  public let queryCount: Int
  /// Queries left out because one of the versions, or an ancestor, has learned from them.
  public let usedCount: Int
  /// Queries that share an id, but no text, with one of those: both sets number theirs, and they are others.
  public let foreignCount: Int
  /// Passages that are stored, but not embedded by a and by b: neither can find what it lacks.
  public let pendingCounts: [Int]
  /// Passages that came while the comparison ran, and that a and b lacked at its end.
  public internal(set) var laterCounts = [0, 0]
  /// Stored passages at its end; 0 where a pool was ranked.
  public internal(set) var passageCount = 0
  /// Nil where queries are taken as independent.
  public let groupCount: Int?
  /// At served settings; the first decides.
  public let measures: [Measure]
  /// The first, every passage compared: what the encoders alone do.
  public let exact: Measure
  public let slices: [Slice]
  public let movers: [Mover]
  /// None where a pool was ranked; nor are there spaces.
  public internal(set) var costs: [Cost] = []
  /// Ratio of b's time to a's over interleaved queries, with its 95 % interval; nil where none were timed.
  public internal(set) var latency: Latency?
  public internal(set) var spaces: [EmbeddingReport] = []
  /// Share of b's best ten that are among a's.
  public let overlap: Double
  /// Share of the exact best ten that b's served setting finds.
  public let recall: Double
  /// Its 95 % interval.
  public let recallLow: Double
  public let recallHigh: Double
  public let minimumEffect: Double
  /// Passages that were ranked, where it was a pool and not all of them.
  public internal(set) var poolCount: Int?

  public struct Latency: Sendable, Equatable, Encodable {
    public let ratio: Double
    public let low: Double
    public let high: Double
    public let queryCount: Int
  }

  public var verdict: Verdict {
    guard let first = measures.first else { return .notEnoughEvidence }
    if first.low > 0, first.difference >= minimumEffect { return .win }
    if first.high < 0 { return .loss }
    if first.low > -minimumEffect, first.high < minimumEffect { return .tie }
    return .notEnoughEvidence
  }
}

/// How a version's embeddings lie in their space.
public struct EmbeddingReport: Sendable, Equatable, Encodable {
  /// Effective rank (RankMe) and mean cosine of two passages.
  public let effectiveRank: Double
  public let meanCosine: Double
  /// Mean squared distance of a query and what answers it: less is better. Source: Wang & Isola 2020, section 4.1.
  public let alignment: Double
  /// log of the mean of exp(−2 d²) over pairs of passages: less is better. Source: the same.
  public let uniformity: Double
  /// Skewness of how often a passage is among the ten nearest of others. Source: Radovanović et al. 2010, section 3.
  public let hubness: Double
  /// Whether all vectors are finite and of unit length, within 1 %.
  public let areUnit: Bool
}
