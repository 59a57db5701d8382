import Foundation
import Testing

@testable import Evaluation

/// Paired tests against scipy (tools/goldens/statistics).
@Suite struct PairedComparisonTests {
  private struct Golden: Decodable {
    struct Case: Decodable, CustomTestStringConvertible {
      let name: String
      let a: [Double]
      let b: [Double]
      let groupSize: Int
      let tTest: Double
      let randomization: Double
      let isExact: Bool
      let low: Double
      let high: Double
      let standardError: Double

      var testDescription: String { name }
    }
    let cases: [Case]
    let pvalues: [Double]
    let benjaminiHochberg: [Double]
    let tTails: [[Double]]
  }

  private static func golden() throws -> Golden {
    let path = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Goldens/statistics.json")
    return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: path))
  }

  @Test("differences, intervals and both tests are scipy's")
  func cases() throws {
    for golden in try Self.golden().cases {
      let groups = golden.groupSize > 1 ? golden.a.indices.map { $0 / golden.groupSize } : nil
      let found = try #require(PairedComparison(golden.a, golden.b, groups: groups))
      #expect(found.groupCount == golden.a.count / golden.groupSize)
      #expect(abs(found.tTest - golden.tTest) < 1e-9, "\(golden.name)")
      #expect(abs(found.standardError - golden.standardError) < 1e-12, "\(golden.name)")
      // Four standard errors of a share p of the flips, ours and scipy's.
      let p = golden.randomization
      let error = golden.isExact ? 1e-9 : 4 * (p * (1 - p) * (1e-5 + 5e-6)).squareRoot() + 1e-5
      #expect(abs(found.randomization - p) < error, "\(golden.name): \(found.randomization), \(p)")
      // The 2.5th percentile of 10,000 resamples lies within 4 · √(.025 · .975 / 10,000) of its place: as many
      // standard errors as that share's density, .06 a standard error, makes of it.
      let slack = 4 * (0.025 * 0.975 / 10_000).squareRoot() / 0.058 * golden.standardError
      #expect(abs(found.interval.lowerBound - golden.low) < slack, "\(golden.name)")
      #expect(abs(found.interval.upperBound - golden.high) < slack, "\(golden.name)")
    }
  }

  @Test("tails of Student's distribution are scipy's")
  func tails() throws {
    for tail in try Self.golden().tTails {
      let found = Distributions.twoSidedT(tail[0], degrees: tail[1])
      #expect(abs(found - tail[2]) <= 1e-10 * tail[2] + 1e-300, "\(tail): \(found)")
    }
  }

  @Test("values for several comparisons are adjusted as Benjamini and Hochberg say")
  func several() throws {
    let golden = try Self.golden()
    let found = PairedComparison.benjaminiHochberg(golden.pvalues)
    #expect(found.count == golden.benjaminiHochberg.count)
    #expect(zip(found, golden.benjaminiHochberg).allSatisfy { abs($0 - $1) < 1e-12 }, "\(found)")
  }

  @Test("the same seed gives the same figures, and equal answers no difference")
  func edges() throws {
    let a = (0..<50).map { Double($0 % 7) / 7 }
    let b = (0..<50).map { Double($0 % 5) / 5 }
    #expect(PairedComparison(a, b) == PairedComparison(a, b))
    var settings = PairedComparison.Settings()
    settings.seed = 2
    let other = try #require(PairedComparison(a, b, settings))
    #expect(other.interval != PairedComparison(a, b)?.interval)
    let same = try #require(PairedComparison(a, a))
    #expect(same.difference == 0 && same.tTest == 1 && same.randomization == 1)
    #expect(same.interval == 0...0 && same.ties == 50)
    let above = try #require(PairedComparison(a, a.map { $0 + 1 }))
    #expect(above.wins == 50 && above.tTest == 0 && above.visibleDifference < 1e-9)
    #expect(PairedComparison([1], [0]) == nil)
    #expect(PairedComparison(a, b, groups: a.map { _ in 1 }) == nil)
  }
}
