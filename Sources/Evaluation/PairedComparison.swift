internal import Glibc
internal import LinearAlgebra

/// How two answers to the same queries differ, and how sure that is.
///
/// Queries that hang together (of one document, say) are one group: groups are resampled and flipped as wholes. With
/// every query a group of its own these are the usual paired tests.
package struct PairedComparison: Sendable, Equatable {
  package struct Settings: Sendable, Equatable {
    package var resampleCount = 10_000
    package var flipCount = 100_000
    /// Of the interval.
    package var confidence = 0.95
    package var seed: UInt64 = 1

    package init() {}
  }

  package let queryCount: Int
  package let groupCount: Int
  package let mean: (a: Double, b: Double)
  /// Mean of b − a.
  package let difference: Double
  /// Of the difference: percentiles of the bootstrap.
  /// Source: Efron & Tibshirani 1993, section 13.3; groups: Davison & Hinkley 1997, section 3.8.
  package let interval: ClosedRange<Double>
  /// The standard error of the difference; for groups the robust one.
  /// Source: Liang & Zeger 1986, for a mean.
  package let standardError: Double
  /// Two-sided p of the paired t-test, with one degree of freedom less than there are groups.
  package let tTest: Double
  /// Two-sided p of the paired randomisation test: exact for up to 20 groups.
  /// Source: Smucker, Allan & Carterette 2007, section 2.
  package let randomization: Double
  /// Queries on which b is above, equal to and below a.
  package let wins: Int
  package let ties: Int
  package let losses: Int

  /// The smallest difference that so many queries of this spread show in four of five cases, at 5 % two-sided.
  /// Source: Cohen 1988, section 2.4.
  package var visibleDifference: Double { 2.8016 * standardError }

  /// - Parameters:
  ///   - a, b: a value a query, in one order.
  ///   - groups: a number a query; nil: each query is a group of its own.
  /// - Returns: nil for fewer than two groups.
  /// - Complexity: resampleCount · groups + flipCount · groups steps: 0.5 s for 5,000 groups.
  package init?(
    _ a: [Double], _ b: [Double], groups: [Int]? = nil, _ settings: Settings = Settings()
  ) {
    precondition(a.count == b.count && groups.map { $0.count == a.count } ?? true)
    let differences = zip(a, b).map { $1 - $0 }
    let sums = GroupSums(differences, groups)
    guard sums.count >= 2 else { return nil }
    queryCount = a.count
    groupCount = sums.count
    let n = Double(a.count)
    mean = (a.reduce(0, +) / n, b.reduce(0, +) / n)
    difference = differences.reduce(0, +) / n
    wins = differences.count { $0 > 0 }
    losses = differences.count { $0 < 0 }
    ties = a.count - wins - losses
    standardError = sums.standardError(mean: difference, queryCount: a.count)
    tTest =
      standardError > 0
      ? Distributions.twoSidedT(difference / standardError, degrees: Double(sums.count - 1))
      : (difference == 0 ? 1 : 0)
    interval = sums.interval(settings)
    randomization = sums.randomization(settings)
  }

  package static func == (x: PairedComparison, y: PairedComparison) -> Bool {
    x.queryCount == y.queryCount && x.groupCount == y.groupCount && x.mean == y.mean
      && x.difference == y.difference && x.interval == y.interval
      && x.standardError == y.standardError && x.tTest == y.tTest
      && x.randomization == y.randomization && x.wins == y.wins && x.losses == y.losses
  }

  /// The bootstrap interval of a mean; groups as of a comparison.
  ///
  /// - Returns: nil for fewer than two groups.
  /// - Complexity: resampleCount · groups steps: 0.1 s for 5,000 groups.
  package static func interval(
    ofMean values: [Double], groups: [Int]? = nil, _ settings: Settings = Settings()
  ) -> ClosedRange<Double>? {
    let sums = GroupSums(values, groups)
    return sums.count < 2 ? nil : sums.interval(settings)
  }

  /// p-values for several comparisons at once, in their order: of those below a level at most that share wrongly.
  ///
  /// Source: Benjamini & Hochberg 1995.
  package static func benjaminiHochberg(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] > values[$1] }
    var (adjusted, lowest) = (values, 1.0)
    for (rank, place) in order.enumerated() {
      lowest = min(lowest, values[place] * Double(values.count) / Double(values.count - rank))
      adjusted[place] = lowest
    }
    return adjusted
  }
}

/// Sums of differences by group, and how many queries each group has.
private struct GroupSums {
  private(set) var sums: [Double] = []
  private(set) var counts: [Double] = []

  init(_ differences: [Double], _ groups: [Int]?) {
    guard let groups else {
      sums = differences
      counts = [Double](repeating: 1, count: differences.count)
      return
    }
    var places: [Int: Int] = [:]
    for (group, difference) in zip(groups, differences) {
      let place = places[group] ?? sums.count
      if place == sums.count {
        places[group] = place
        sums.append(0)
        counts.append(0)
      }
      sums[place] += difference
      counts[place] += 1
    }
  }

  var count: Int { sums.count }

  func standardError(mean: Double, queryCount: Int) -> Double {
    let squares = zip(sums, counts).reduce(0.0) { total, group in
      let rest = group.0 - group.1 * mean
      return total + rest * rest
    }
    let G = Double(count)
    return (G / (G - 1) * squares).squareRoot() / Double(queryCount)
  }

  func interval(_ settings: PairedComparison.Settings) -> ClosedRange<Double> {
    var random = SplitMix64(seed: settings.seed)
    var means = [Double](repeating: 0, count: settings.resampleCount)
    for place in means.indices {
      var (sum, size) = (0.0, 0.0)
      for _ in 0..<count {
        let group = random.below(count)
        sum += sums[group]
        size += counts[group]
      }
      means[place] = sum / size
    }
    means.sort()
    let tail = (1 - settings.confidence) / 2
    return Self.quantile(means, tail)...Self.quantile(means, 1 - tail)
  }

  /// Between the two nearest of sorted values, as numpy's quantile.
  private static func quantile(_ sorted: [Double], _ share: Double) -> Double {
    let place = share * Double(sorted.count - 1)
    let low = Int(place)
    let high = min(low + 1, sorted.count - 1)
    return sorted[low] + (place - Double(low)) * (sorted[high] - sorted[low])
  }

  func randomization(_ settings: PairedComparison.Settings) -> Double {
    let total = sums.reduce(0, +)
    // What adding up in another order may change is no difference.
    let limit = abs(total) - 1e-12 * sums.reduce(0) { $0 + abs($1) }
    if count <= 20 {
      var reached = 0
      for signs in 0..<UInt64(1) << UInt64(count)
      where abs(Self.signed(sums[...], signs)) >= limit { reached += 1 }
      return Double(reached) / Double(1 << count)
    }
    var random = SplitMix64(seed: settings.seed ^ 0xf11b)
    var reached = 0
    for _ in 0..<settings.flipCount {
      var sum = 0.0
      for start in stride(from: 0, to: count, by: 64) {
        sum += Self.signed(sums[start..<min(start + 64, count)], random.next())
      }
      if abs(sum) >= limit { reached += 1 }
    }
    return Double(reached + 1) / Double(settings.flipCount + 1)
  }

  /// The sum with the signs that the bits say.
  private static func signed(_ values: ArraySlice<Double>, _ signs: UInt64) -> Double {
    var (sum, signs) = (0.0, signs)
    for value in values {
      sum += Double(bitPattern: value.bitPattern ^ (signs << 63))
      signs >>= 1
    }
    return sum
  }
}

/// Distributions of test statistics.
enum Distributions {
  /// The chance that |T| is at least |t|, with so many degrees of freedom.
  ///
  /// Source: Abramowitz & Stegun 1964, 26.5.27.
  static func twoSidedT(_ t: Double, degrees: Double) -> Double {
    incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5)
  }

  /// I_x(a, b), the regularised incomplete beta function.
  ///
  /// Source: Abramowitz & Stegun 1964, 26.5.8, by the method of Lentz 1976.
  static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    if x <= 0 { return 0 }
    if x >= 1 { return 1 }
    // The fraction converges fast below the mean.
    if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(1 - x, b, a) }
    let front =
      exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    let tiny = 1e-300
    var (c, d) = (1.0, 1 - (a + b) * x / (a + 1))
    d = 1 / (abs(d) < tiny ? tiny : d)
    var fraction = d
    for step in 1..<10_000 {
      let m = Double(step)
      for numerator in [
        m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
        -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
      ] {
        d = 1 + numerator * d
        d = 1 / (abs(d) < tiny ? tiny : d)
        c = 1 + numerator / c
        c = abs(c) < tiny ? tiny : c
        fraction *= c * d
      }
      if abs(c * d - 1) < 1e-15 { break }
    }
    return front * fraction
  }
}
