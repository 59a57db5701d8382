package import Corpus

/// What trec_eval prints about a run, to the last digit.
package struct TrecReport {
  /// The queries that were evaluated.
  package let queries: [Identifier]
  /// The tag of the run; empty where its form has none.
  package let tag: String

  private let lines: [TrecLine]
  // For each line the values of the queries; none for a line that is no metric.
  private let columns: [[Double]]
  // For each query the grades of its first hits, where a line wants them.
  private let grades: [String]

  /// Evaluates a run.
  ///
  /// - Parameter lines: what to print; `TrecLine.official()` is trec_eval's default.
  /// - Returns: nil where no query is left to evaluate.
  package init?(
    run: Run, qrels: Qrels, lines: [TrecLine], queries selection: QuerySelection = .common,
    options: JudgingOptions = JudgingOptions()
  ) {
    var metrics: [Metric] = []
    var gradeCount: Int?
    for line in lines {
      switch line.value {
      case .metric(let metric): if !metrics.contains(metric) { metrics.append(metric) }
      case .grades(let count): gradeCount = count
      case .runTag: break
      }
    }
    let scores = evaluate(run, qrels: qrels, metrics: metrics, queries: selection, options: options)
    if scores.queries.isEmpty { return nil }
    self.lines = lines
    queries = scores.queries
    tag = run.tag
    columns = lines.map { line in
      if case .metric(let metric) = line.value { scores[metric] } else { [] }
    }
    guard let gradeCount else {
      grades = []
      return
    }
    var judge = Judge(run: run, qrels: qrels, options: options)
    grades = queries.map { judge.ranking(of: $0).gradeCharacters(gradeCount) }
  }

  /// The lines of one query, by its place in `queries`.
  package func text(query place: Int) -> String {
    var text = ""
    let id = queries[place].text
    for (line, column) in zip(lines, columns) {
      switch line.value {
      case .runTag: continue
      case .grades: text += row(line.name, id, "'\(grades[place])'")
      case .metric(let metric):
        if metric.isForSingleQueries {
          text += row(line.name, id, metric.trecText(column[place]))
        }
      }
    }
    return text
  }

  /// The lines for all queries together.
  package var summaryText: String {
    var text = ""
    for (line, column) in zip(lines, columns) {
      switch line.value {
      case .runTag: if !tag.isEmpty { text += row(line.name, "all", tag) }
      case .grades: continue
      case .metric(let metric):
        text += row(line.name, "all", metric.trecText(metric.summarize(column)))
      }
    }
    return text
  }

  /// The values of one query by the names of their lines.
  package func values(query place: Int) -> [String: Double] {
    var values: [String: Double] = [:]
    for (line, column) in zip(lines, columns) {
      guard case .metric(let metric) = line.value, metric.isForSingleQueries else { continue }
      values[line.name] = column[place]
    }
    return values
  }

  /// The values for all queries together by the names of their lines.
  package var summaryValues: [String: Double] {
    var values: [String: Double] = [:]
    for (line, column) in zip(lines, columns) {
      guard case .metric(let metric) = line.value else { continue }
      values[line.name] = metric.summarize(column)
    }
    return values
  }

  private func row(_ name: String, _ query: String, _ value: String) -> String {
    let padding = String(repeating: " ", count: max(0, 22 - name.utf8.count))
    return "\(name)\(padding)\t\(query)\t\(value)\n"
  }
}

extension Metric {
  /// Whether the number says something about one query: a count of queries and a geometric mean do
  /// not.
  var isForSingleQueries: Bool {
    if case .queryCount = self { return false }
    if case .geometricMean = summary { return false }
    return true
  }

  /// Counts as integers, everything else with four digits behind the point.
  func trecText(_ value: Double) -> String {
    if case .sum = summary { return "\(Int(value))" }
    return Decimals.text(value, 4)
  }
}

extension JudgedRanking {
  /// A character for each of the first hits: its grade, `>` for one above 9, `.` for one that the
  /// qrels name without a judgment, and `-` for one that they do not name.
  func gradeCharacters(_ count: Int) -> String {
    var characters = [Character](repeating: "-", count: min(count, retrievedCount))
    for hit in hits where hit.rank <= characters.count {
      characters[hit.rank - 1] =
        switch hit.grade {
        case ..<0: "."
        case 0...9: Character("\(hit.grade)")
        default: ">"
        }
    }
    return String(characters)
  }
}
