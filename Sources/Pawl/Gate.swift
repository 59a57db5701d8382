internal import Corpus
internal import Encoding
internal import Evaluation
internal import IVF
internal import LMDB
internal import LinearAlgebra

/// What the gate asks for beside its bounds.
public struct GateOptions: Sendable {
  /// A version that is no worse will do: for one that costs less, say.
  public var isNonInferior = false
  /// More bytes a passage are accepted.
  public var acceptsBytes = false
  public var comparison = ComparisonOptions()

  public init() {}
}

/// What the gate says of a candidate.
public struct GateReport: Sendable, Equatable, Encodable {
  /// One condition: what was found, what it has to be, and whether it is.
  public struct Line: Sendable, Equatable, Codable {
    public let name: String
    public let figure: String
    public let bound: String
    public let isPassed: Bool
  }

  public let version: String
  public let active: String
  /// The version's, when it was looked at.
  let index: UInt32
  public let lines: [Line]
  /// Nil where too few queries were left to compare by.
  public let comparison: VersionComparison?
  /// How often the gate has judged by this stored set; nil for files.
  public internal(set) var looks: Int?

  public var isPassed: Bool { lines.allSatisfy(\.isPassed) }
}

extension Store {
  /// Judges whether a version may take the active one's place; recall that is due to be measured is measured first.
  ///
  /// - Parameters:
  ///   - setName: of the set, where it is a stored one: the look is counted.
  ///   - progress: answering false stops.
  /// - Returns: nil where it was stopped.
  /// - Throws: what a comparison throws but `StoreError.nothingToCompare`, which is a refusal.
  /// - Complexity: that of a comparison for the set and for each probe, and float32 vectors of some thousand
  ///   passages.
  public func judge(
    _ candidate: String, by set: EvaluationSet, named setName: String? = nil,
    _ options: GateOptions = GateOptions(), progress: @escaping ProgressHandler = { _ in true }
  ) throws -> GateReport? {
    // What cannot be measured now is searched exactly, and judged by that.
    _ = measureIfDue(candidate, progress: progress)
    let (active, index, settings) = try judged(candidate)
    let comparing: Comparing
    do { comparing = try Comparing(self, active, candidate, set, options.comparison) } catch {
      guard case StoreError.nothingToCompare(_, let queryCount, let usedCount) = error else {
        throw error
      }
      return GateReport(
        version: candidate, active: active, index: index,
        lines: [Gate.tooFew(queryCount, usedCount: usedCount, settings)], comparison: nil)
    }
    guard let comparison = try comparing.run(progress) else { return nil }
    var gate = Gate(comparison, settings, options)
    gate.judgeMeasures(hasGrades: set.hasGrades)
    gate.judgeSlices()
    var probe = options.comparison
    probe.timedCount = 0
    for stored in try sets() where stored.role == .probe {
      guard
        let found = try look(
          at: stored, active, candidate, probe, progress: progress)
      else { return nil }
      gate.judge(probe: stored, found)
    }
    gate.judgeIndex()
    let cost = try CodecCost(
      self, candidate, comparing.set, minimumGrade: options.comparison.minimumGrade,
      progress: progress)
    guard let cost else { return nil }
    gate.judge(codec: cost)
    gate.judgeCost()
    gate.judgeSpace()
    gate.judgePassages()
    var report = GateReport(
      version: candidate, active: active, index: index, lines: gate.lines, comparison: comparison)
    if let setName { report.looks = try countLook(at: setName) }
    return report
  }

  /// What is found of a probe.
  fileprivate enum ProbeLook {
    case compared(VersionComparison)
    /// Only so many of its queries have an answer in the store that no version has learned from.
    case tooFew(Int)
  }

  /// - Returns: nil where it was stopped.
  private func look(
    at probe: StoredSet, _ active: String, _ candidate: String, _ options: ComparisonOptions,
    progress: @escaping ProgressHandler
  ) throws -> ProbeLook? {
    do {
      let set = try set(named: probe.name).restricted(
        toStoredIn: self, relevantFrom: options.minimumGrade)
      guard let found = try compare(active, candidate, set, options, progress: progress) else {
        return nil
      }
      return found.queryCount < Gate.leastProbed ? .tooFew(found.queryCount) : .compared(found)
    } catch StoreError.nothingStored {
      return .tooFew(0)
    } catch StoreError.nothingToCompare(_, let queryCount, _) {
      return .tooFew(queryCount)
    }
  }

  /// The version that serves, the candidate's index, and the bounds, all of one moment.
  private func judged(
    _ candidate: String
  ) throws -> (active: String, index: UInt32, settings: SettingsRecord) {
    let snapshot = try environment.snapshot()
    return (
      try activeVersion(in: snapshot), try version(candidate, in: snapshot).index,
      try settingsRecord(in: snapshot)
    )
  }
}

/// The conditions, one after another.
struct Gate {
  private let comparison: VersionComparison
  private let settings: SettingsRecord
  private let options: GateOptions
  private(set) var lines: [GateReport.Line] = []

  init(_ comparison: VersionComparison, _ settings: SettingsRecord, _ options: GateOptions) {
    self.comparison = comparison
    self.settings = settings
    self.options = options
  }

  private mutating func add(_ name: String, _ figure: String, _ bound: String, _ isPassed: Bool) {
    lines.append(
      GateReport.Line(name: name, figure: figure, bound: bound, isPassed: isPassed))
  }

  /// What is said of queries that are not enough to judge by.
  static func tooFew(
    _ queryCount: Int, usedCount: Int, _ settings: SettingsRecord
  ) -> GateReport.Line {
    let used = usedCount > 0 ? ", \(usedCount) more were learned from" : ""
    return GateReport.Line(
      name: "queries", figure: "\(queryCount)\(used): NOT-ENOUGH-EVIDENCE",
      bound: "at least \(Int(settings[.gateQueries]))", isPassed: false)
  }

  private static func text(_ value: Double) -> String {
    let rounded = (abs(value) * 10_000).rounded()
    let digits = String(Int(min(rounded, 1e15)) % 10_000)
    return (value < 0 && rounded > 0 ? "-" : "") + "\(Int(min(rounded, 1e15)) / 10_000)."
      + String(repeating: "0", count: 4 - digits.count) + digits
  }

  private static func signed(_ value: Double) -> String {
    let text = text(value)
    return text.hasPrefix("-") ? text : "+" + text
  }

  private static func signed(_ measure: VersionComparison.Measure) -> String {
    "\(signed(measure.difference)) [\(signed(measure.low)), \(signed(measure.high))]"
  }

  mutating func judgeMeasures(hasGrades: Bool) {
    let least = Int(settings[.gateQueries])
    if comparison.queryCount >= least {
      add("queries", "\(comparison.queryCount)", "at least \(least)", true)
    } else {
      lines.append(
        Self.tooFew(comparison.queryCount, usedCount: comparison.usedCount, settings))
    }
    guard let first = comparison.measures.first else { return }
    if options.isNonInferior {
      let bound = -settings[.gateLoss]
      add(
        first.name, Self.signed(first), "low end above \(Self.text(bound))", first.low > bound)
    } else {
      let effect = settings[.gateEffect]
      add(
        first.name, Self.signed(first), "at least +\(Self.text(effect)), low end above 0",
        first.difference >= effect && first.low > 0)
    }
    let others = ["recall@100"] + (hasGrades ? ["ndcg@10"] : [])
    let loss = -settings[.gateLoss]
    for measure in comparison.measures.dropFirst() where others.contains(measure.name) {
      add(
        measure.name, Self.signed(measure), "low end above \(Self.text(loss)), or not below 0",
        measure.low > loss || measure.difference >= 0)
    }
  }

  mutating func judgeSlices() {
    let bound = -settings[.gateSlice]
    let failed = comparison.slices.filter {
      $0.measure.high < 0 && $0.adjusted < 0.05 && $0.measure.difference < bound
    }
    let worst = (failed.isEmpty ? comparison.slices : failed).min {
      $0.measure.difference < $1.measure.difference
    }
    guard let worst else { return }
    add(
      "slices",
      "\(comparison.slices.count); the lowest, \(worst.name): \(Self.signed(worst.measure))",
      "none surely below \(Self.text(bound))", failed.isEmpty)
  }

  /// Queries of a probe that say something.
  fileprivate static let leastProbed = 100

  /// What has no answer here, or was learned from, says nothing of what is forgotten.
  fileprivate mutating func judge(probe: StoredSet, _ found: Store.ProbeLook) {
    let name = "probe \(probe.name)"
    let bound = -settings[.gateForgetting]
    switch found {
    case .compared(let found):
      guard let first = found.measures.first else { return }
      add(
        name, "\(Self.signed(first)) of \(found.queryCount) queries",
        "not surely below \(Self.text(bound))", !(first.high < 0 && first.difference < bound))
    case .tooFew(let count):
      add(
        name,
        "\(count) of \(probe.queryCount) queries have an answer here and were not learned from",
        "not looked at below \(Self.leastProbed)", true)
    }
  }

  mutating func judgeIndex() {
    let bound = settings[.gateRecall]
    add(
      "index, recall@10",
      "\(Self.text(comparison.recall)) [\(Self.text(comparison.recallLow)), \(Self.text(comparison.recallHigh))]",
      "not surely below \(Self.text(bound))", comparison.recallHigh >= bound)
  }

  mutating func judge(codec cost: CodecCost) {
    let bound = settings[.gateCodec]
    let (difference, interval) = (cost.difference, cost.interval)
    add(
      "codes cost",
      "\(Self.signed(difference)) [\(Self.signed(interval.lowerBound)), \(Self.signed(interval.upperBound))] of "
        + "\(cost.queryCount) queries",
      "not surely above \(Self.text(bound))", !(interval.lowerBound > 0 && difference > bound))
  }

  mutating func judgeCost() {
    if let latency = comparison.latency {
      let bound = settings[.gateLatency]
      add(
        "time of a query",
        "\(Self.text(latency.ratio)) × [\(Self.text(latency.low)), \(Self.text(latency.high))]",
        "low end at most \(Self.text(bound)) ×", latency.low <= bound)
    }
    let bytes = comparison.costs.map(\.bytesPerPassage)
    guard bytes.count == 2, bytes[0] > 0 else { return }
    let (ratio, bound) = (bytes[1] / bytes[0], settings[.gateBytes])
    add(
      "bytes of a passage", "\(Int(bytes[1])) after \(Int(bytes[0]))",
      options.acceptsBytes ? "accepted" : "at most \(Self.text(bound)) ×",
      options.acceptsBytes || ratio <= bound)
  }

  mutating func judgeSpace() {
    let (before, after) = (comparison.spaces[0], comparison.spaces[1])
    let share = settings[.gateRank]
    add(
      "effective rank", "\(Int(after.effectiveRank)) after \(Int(before.effectiveRank))",
      "at least \(Self.text(share)) of it", after.effectiveRank >= share * before.effectiveRank)
    let rise = settings[.gateCosine]
    add(
      "mean cosine", "\(Self.text(after.meanCosine)) after \(Self.text(before.meanCosine))",
      "at most \(Self.text(rise)) more", after.meanCosine <= before.meanCosine + rise)
    add(
      "vectors", after.areUnit ? "all of unit length" : "some are not of unit length",
      "unit length, within 1 %", after.areUnit)
  }

  /// What one of them lacks looks like a gain of the other, or leaves it less to choose from. Of what comes while
  /// the gate judges, a few passages are too few to matter, and the candidate gets them before it serves.
  mutating func judgePassages() {
    func told(_ counts: [Int], _ more: String) -> [String] {
      zip([comparison.a, comparison.b], counts).filter { $0.1 > 0 }
        .map { "\($0) lacks \($1)\(more)" }
    }
    let later = comparison.laterCounts
    let lacking =
      told(comparison.pendingCounts, "") + told(later, " that came meanwhile")
    let isFair =
      comparison.pendingCounts.allSatisfy { $0 == 0 }
      && later.allSatisfy { Self.mostLater * $0 <= comparison.passageCount }
    add(
      "passages", lacking.isEmpty ? "all embedded" : lacking.joined(separator: ", "),
      "all embedded by both", isFair)
  }

  /// One of so many passages may be of later than the comparison's beginning.
  private static let mostLater = 1_000
}
