/// The parameters of one of trec_eval's measures.
struct MeasureParameters {
  /// As they were given; nil where those count that trec_eval has without.
  private(set) var text: String?
  /// Rising.
  private(set) var ranks: [Int] = []
  private(set) var numbers: [Double] = []
  private(set) var gains = GradeGains()
  private(set) var persistence = 0.9

  var utilityWeights: UtilityWeights {
    var weights = UtilityWeights()
    guard numbers.count == 4 else { return weights }
    weights.relevantRetrieved = numbers[0]
    weights.nonrelevantRetrieved = numbers[1]
    weights.relevantMissed = numbers[2]
    weights.nonrelevantMissed = numbers[3]
    return weights
  }

  /// The ones that count where none are given.
  init(_ defaults: TrecMeasure.Parameters) {
    switch defaults {
    case .ranks(let ranks): self.ranks = ranks
    case .shares(let numbers), .numbers(let numbers, _): self.numbers = numbers
    case .none, .gains: break
    }
  }

  init(_ text: String, for measure: TrecMeasure) throws(EvaluationError) {
    self.init(measure.parameters)
    self.text = text
    let fields = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    func fault(_ expected: String) -> EvaluationError {
      .parameters(measure: measure.rawValue, found: text, expected: expected)
    }
    switch measure.parameters {
    case .none: throw fault("no parameters")
    case .ranks:
      // A rank is cut to an integer, as trec_eval does.
      let read = fields.compactMap(Self.number).filter { $0 >= 1 && $0 < 0x1p53 }.map { Int($0) }
      ranks = read.sorted()
      guard read.count == fields.count, Set(read).count == read.count else {
        throw fault("ranks from 1, each once: \(measure.rawValue).5,10")
      }
    case .shares:
      numbers = fields.compactMap(Self.number).sorted()
      guard numbers.count == fields.count, Set(numbers).count == numbers.count else {
        throw fault("numbers, each once: \(measure.rawValue).0.25,0.5")
      }
    case .numbers(let defaults, let count):
      numbers = fields.compactMap(Self.number)
      guard numbers.count == fields.count, count.contains(fields.count) else {
        let shown = defaults.map { Decimals.text($0, 1) }.joined(separator: ",")
        throw fault("numbers like \(measure.rawValue).\(shown)")
      }
    case .gains(let withPersistence):
      for field in fields {
        guard take(pair: field, withPersistence: withPersistence) else {
          throw fault(
            "grade=gain for grades from 0: \(measure.rawValue).\(withPersistence ? "p=0.8," : "")1=3,2=9"
          )
        }
      }
    }
  }

  private mutating func take(pair: String, withPersistence: Bool) -> Bool {
    let sides = pair.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
    guard sides.count == 2, let value = Self.number(sides[1]) else { return false }
    if withPersistence, sides[0] == "p" {
      persistence = value
      return (0..<1).contains(value)
    }
    guard let grade = Int32(sides[0]), grade >= 0 else { return false }
    gains.overrides.append(GradeGains.Override(grade: grade, gain: value))
    return true
  }

  /// A finite decimal number; ".5" and "1." too.
  private static func number(_ text: String) -> Double? {
    let isDecimal = text.utf8.allSatisfy { (0x2B...0x39).contains($0) && $0 != 0x2C && $0 != 0x2F }
    guard isDecimal, let value = Double(text), value.isFinite else { return nil }
    return value
  }
}
