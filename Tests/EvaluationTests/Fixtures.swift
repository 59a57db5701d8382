import Corpus
import FoundationEssentials

@testable import Evaluation

/// Files that the tests read.
enum Fixtures {
  private static var root: URL {
    URL(filePath: #filePath).deletingLastPathComponent()
  }

  /// A file that `tools/goldens/metrics` writes.
  static func golden(_ name: String) -> String {
    root.appending(path: "Goldens/\(name)").path
  }

  /// The folder of test collections, where this machine has one.
  static let dataPath = ProcessInfo.processInfo.environment["PAWL_TEST_DATA"] ?? ""

  static func text(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
  }
}

/// Qrels from `query: [passage: grade]`.
func makeQrels(_ judgments: [String: [String: Int32]]) -> Qrels {
  Qrels(
    judgments.sorted { $0.key < $1.key }.flatMap { query, grades in
      grades.map { Judgment(query: Identifier(query), passage: Identifier($0), grade: $1) }
    })
}

/// A run from the passages of each query, best first.
func makeRun(_ answers: [(query: String, passages: [String])]) -> Run {
  var run = Run(tag: "test")
  for (query, passages) in answers {
    run.append(
      query: Identifier(query),
      hits: passages.enumerated().map {
        RunHit(passage: Identifier($1), rank: Int32($0 + 1), score: -Float($0))
      })
  }
  return run
}

/// A judged ranking from the grades of the hits, best first, nil for one that nobody judged, and
/// the grades of the passages that were not retrieved.
func makeRanking(
  _ grades: [Int32?], missed: [Int32] = [], minimumGrade: Int32 = 1
) -> JudgedRanking {
  let hits = grades.enumerated().compactMap { index, grade in
    grade.map { JudgedRanking.Hit(rank: index + 1, grade: $0) }
  }
  return JudgedRanking(
    retrievedCount: grades.count, hits: hits, grades: hits.map(\.grade) + missed,
    minimumGrade: minimumGrade)
}
