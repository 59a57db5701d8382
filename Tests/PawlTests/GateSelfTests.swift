import Evaluation
import Foundation
import LinearAlgebra
import Testing

@testable import Pawl

/// How often the gate is wrong: what two real versions did with thousands of queries (`tools/goldens/gate`) is drawn
/// again and again, whole groups at a time, with a difference that is known.
@Suite struct GateSelfTests {
  /// A query: what both versions made of it.
  struct Row {
    var group: Int
    var rank: [Double]
    var recall: [Double]
    let slices: [Int]
  }

  private let rows: [Row]
  private let groups: [[Row]]

  init() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Goldens/gate.tsv")
    rows = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
      let columns = line.split(separator: "\t")
      let numbers = try columns[1...4].map { try #require(Double($0)) }
      return Row(
        group: try #require(Int(columns[0])), rank: Array(numbers[0...1]),
        recall: Array(numbers[2...3]),
        slices: columns[5].split(separator: ",").compactMap { Int($0) })
    }
    groups = Dictionary(grouping: rows, by: \.group).sorted { $0.key < $1.key }.map(\.value)
  }

  private static let queryCount = 2_000

  /// Queries by the group, drawn with repeats.
  private func drawn(_ random: inout SplitMix64) -> [Row] {
    var drawn: [Row] = []
    var number = 0
    while drawn.count < Self.queryCount {
      for var row in groups[random.below(groups.count)] {
        row.group = number
        drawn.append(row)
      }
      number += 1
    }
    return drawn
  }

  /// Both versions change places in half of the groups: nobody is better.
  private func withoutDifference(_ rows: [Row], _ random: inout SplitMix64) -> [Row] {
    var isFlipped: [Int: Bool] = [:]
    return rows.map { row in
      if isFlipped[row.group] == nil { isFlipped[row.group] = random.below(2) == 1 }
      guard isFlipped[row.group] == true else { return row }
      var row = row
      row.rank.reverse()
      row.recall.reverse()
      return row
    }
  }

  private func compared(_ rows: [Row], _ path: KeyPath<Row, [Double]>) -> PairedComparison? {
    var settings = PairedComparison.Settings()
    (settings.resampleCount, settings.flipCount) = (1_000, 1_000)
    return PairedComparison(
      rows.map { $0[keyPath: path][0] }, rows.map { $0[keyPath: path][1] },
      groups: rows.map(\.group), settings)
  }

  private func measure(_ name: String, _ rows: [Row], _ path: KeyPath<Row, [Double]>) throws
    -> VersionComparison.Measure
  {
    VersionComparison.Measure(name, try #require(compared(rows, path)))
  }

  /// The slices of at least 100 queries.
  private func slices(_ rows: [Row]) throws -> [VersionComparison.Slice] {
    var members: [Int: [Row]] = [:]
    for row in rows { for slice in row.slices { members[slice, default: []].append(row) } }
    var found: [(number: Int, count: Int, comparison: PairedComparison)] = []
    for (number, rows) in members.sorted(by: { $0.key < $1.key }) where rows.count >= 100 {
      if let comparison = compared(rows, \.rank) { found.append((number, rows.count, comparison)) }
    }
    let adjusted = PairedComparison.benjaminiHochberg(found.map(\.comparison.randomization))
    return zip(found, adjusted).map { slice, p in
      VersionComparison.Slice(
        name: "\(slice.number)", queryCount: slice.count,
        measure: VersionComparison.Measure("mrr@10", slice.comparison), adjusted: p)
    }
  }

  /// What the gate says of two versions that did so, all else being equal.
  ///
  /// - Parameter recalls: of the index, and its interval.
  private func gate(_ rows: [Row], recalls: [Double] = [1, 1, 1]) throws -> Gate {
    let rank = try measure("mrr@10", rows, \.rank)
    let recall = try measure("recall@100", rows, \.recall)
    let space = EmbeddingReport(
      effectiveRank: 200, meanCosine: 0, alignment: 1, uniformity: -3, hubness: 1, areUnit: true)
    let cost = VersionComparison.Cost(median: 1, p99: 2, bytesPerPassage: 392)
    let groupCount = Set(rows.map(\.group)).count
    let comparison = VersionComparison(
      a: "v1", b: "v2", queryCount: rows.count, usedCount: 0, foreignCount: 0,
      pendingCounts: [0, 0],
      groupCount: groupCount, measures: [rank, recall], exact: rank, slices: try slices(rows),
      movers: [], costs: [cost, cost], spaces: [space, space], overlap: 0.9, recall: recalls[0],
      recallLow: recalls[1], recallHigh: recalls[2],
      minimumEffect: 0.01)
    var gate = Gate(comparison, SettingsRecord(), GateOptions())
    gate.judgeMeasures(hasGrades: false)
    gate.judgeSlices()
    gate.judgeIndex()
    gate.judgeCost()
    gate.judgeSpace()
    gate.judgePassages()
    return gate
  }

  /// Of so many draws the share that is promoted, and how often each condition refused.
  private func promotions(
    _ count: Int, seed: UInt64, _ change: ([Row], inout SplitMix64) -> [Row]
  ) throws -> (share: Double, failures: [String: Int]) {
    var random = SplitMix64(seed: seed)
    var promoted = 0
    var failures: [String: Int] = [:]
    for _ in 0..<count {
      let rows = drawn(&random)
      let lines = try gate(change(rows, &random)).lines
      if lines.allSatisfy(\.isPassed) { promoted += 1 }
      for line in lines where !line.isPassed { failures[line.name, default: 0] += 1 }
    }
    return (Double(promoted) / Double(count), failures)
  }

  @Test("of versions that differ in nothing at most 2.5 % are promoted")
  func same() throws {
    let found = try promotions(400, seed: 1) { rows, random in
      withoutDifference(rows, &random)
    }
    #expect(found.share <= 0.025, "\(found)")
    #expect((found.failures["mrr@10"] ?? 0) > 350, "\(found)")
  }

  @Test("of versions that are better by .02 at least 90 % are promoted")
  func better() throws {
    let differences = rows.map { $0.rank[1] - $0.rank[0] }
    let mean = differences.reduce(0, +) / Double(rows.count)
    let variance = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rows.count)
    #expect(variance.squareRoot() <= 0.25, "the bar is for a spread of .25 at most")
    let found = try promotions(200, seed: 2) { rows, _ in
      rows.map { row in
        var row = row
        row.rank[1] += 0.02 - mean
        return row
      }
    }
    #expect(found.share >= 0.9, "\(found)")
  }

  @Test("of versions that are worse by .02 none is promoted")
  func worse() throws {
    let mean = rows.reduce(0) { $0 + $1.rank[1] - $1.rank[0] } / Double(rows.count)
    let found = try promotions(50, seed: 3) { rows, _ in
      rows.map { row in
        var row = row
        row.rank[1] -= 0.02 + mean
        return row
      }
    }
    #expect(found.share == 0, "\(found)")
  }

  @Test("an index is refused where it surely finds less than the bound")
  func index() throws {
    let found: [(recalls: [Double], isPassed: Bool)] = [
      ([0.9799, 0.9781, 0.9816], true), ([0.985, 0.981, 0.989], true),
      ([0.9302, 0.9250, 0.9350], false), ([0.9796, 0.9793, 0.9799], false),
    ]
    for (recalls, isPassed) in found {
      let lines = try gate(Array(rows.prefix(100)), recalls: recalls).lines
      let line = try #require(lines.first { $0.name == "index, recall@10" })
      #expect(line.isPassed == isPassed, "\(line)")
    }
  }

  @Test("codes are refused where they surely cost more than the bound")
  func codec() throws {
    let costs: [(difference: Double, interval: ClosedRange<Double>, isPassed: Bool)] = [
      (0.0033, 0.0004...0.0080, false), (0.0033, -0.0010...0.0080, true),
      (0.0015, 0.0004...0.0030, true), (-0.0033, -0.0080 ... -0.0004, true),
    ]
    for cost in costs {
      var gate = try gate(Array(rows.prefix(100)))
      gate.judge(
        codec: CodecCost(queryCount: 300, difference: cost.difference, interval: cost.interval))
      let line = try #require(gate.lines.last)
      #expect(line.name == "codes cost" && line.isPassed == cost.isPassed, "\(line)")
    }
  }
}
