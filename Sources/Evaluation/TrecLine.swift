/// A line of trec_eval's output: a name and where its value comes from.
package struct TrecLine: Sendable, Equatable {
  package enum Value: Sendable, Equatable {
    /// The tag of the run; for all queries only.
    case runTag
    /// The grades of the first hits as characters; for single queries only.
    case grades(count: Int)
    case metric(Metric)
  }

  package let name: String
  package let value: Value

  /// The lines of trec_eval's default output.
  package static func official(collectionSize: Int = 0) -> [TrecLine] {
    (TrecMeasure.group("official") ?? []).flatMap {
      lines(of: $0, MeasureParameters($0.parameters), collectionSize: collectionSize)
    }
  }

  /// Reads what the options `-m` say: trec_eval's names with parameters and its groups, and Pawl's
  /// own names, whose lines come last.
  package static func parse(
    _ wishes: [String], collectionSize: Int = 0
  ) throws(EvaluationError) -> [TrecLine] {
    var wanted: Set<TrecMeasure> = []
    var given: [TrecMeasure: String] = [:]
    var own: [TrecLine] = []
    for wish in wishes {
      let parts = wish.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts.first ?? "")
      let text = parts.count > 1 ? String(parts[1]) : nil
      if let measures = TrecMeasure.group(name) {
        if let text { throw .parameters(measure: name, found: text, expected: "none") }
        wanted.formUnion(measures)
      } else if let measure = TrecMeasure(rawValue: name) {
        wanted.insert(measure)
        guard let text else { continue }
        if let before = given[measure], before != text { throw .repeatedMeasure(name: name) }
        given[measure] = text
      } else {
        guard let metric = try? Metric(name: wish), let name = metric.name else {
          throw .unknownMeasure(name: wish)
        }
        own.append(TrecLine(name: name, value: .metric(metric)))
      }
    }
    var result: [TrecLine] = []
    for measure in TrecMeasure.allCases where wanted.contains(measure) {
      let parameters =
        if let text = given[measure] {
          try MeasureParameters(text, for: measure)
        } else {
          MeasureParameters(measure.parameters)
        }
      result += lines(of: measure, parameters, collectionSize: collectionSize)
    }
    return result + own
  }
}

extension TrecLine {
  private static func lines(
    of measure: TrecMeasure, _ parameters: MeasureParameters, collectionSize: Int
  ) -> [TrecLine] {
    let name = measure.rawValue
    switch measure.parameters {
    case .ranks:
      return parameters.ranks.map {
        TrecLine(name: "\(name)_\($0)", value: .metric(measure.metric(rank: $0)))
      }
    case .shares:
      return parameters.numbers.map {
        let metric: Metric =
          measure == .rprec_mult ? .rPrecisionMultiple($0) : .interpolatedPrecision(recall: $0)
        return TrecLine(name: "\(name)_\(Decimals.text($0, 2))", value: .metric(metric))
      }
    case .none, .numbers, .gains:
      let suffix = parameters.text.map { "_" + $0 } ?? ""
      let value: Value =
        switch measure {
        case .runid: .runTag
        case .relstring: .grades(count: Int(min(max(parameters.numbers[0], 0), 1_000_000)))
        default: .metric(measure.metric(parameters, collectionSize: collectionSize))
        }
      return [TrecLine(name: name + suffix, value: value)]
    }
  }
}
