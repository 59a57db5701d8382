import FoundationEssentials
import Testing

@testable import Corpus

/// The folder of test collections, where this machine has one.
private let dataPath = ProcessInfo.processInfo.environment["PAWL_TEST_DATA"] ?? ""

@Suite("Real collections", .enabled(if: !dataPath.isEmpty, "needs PAWL_TEST_DATA"))
struct RealDataTests {
  @Test(
    "collections have the passages that were counted outside",
    arguments: [
      ("msmarco_dl19", 30_005), ("medquad", 15_811), ("squad_en", 3_648), ("squad_it", 2_007),
      ("cranfield", 1_398),
    ])
  func collections(name: String, count: Int) throws {
    let path = "\(dataPath)/\(name)/collection.tsv"
    var reader = try CollectionReader(path: path)
    let survey = try reader.survey()
    #expect(survey.passageCount == count)
    var ids: Set<Identifier> = []
    var textSize: Int64 = 0
    var separators = 0
    while let passage = try reader.next() {
      ids.insert(passage.id)
      textSize += Int64(passage.text.utf8.count)
      separators += passage.id.text.utf8.count + 2
    }
    #expect(ids.count == count)
    #expect(textSize == survey.textSizeInBytes)
    // These files end every line with one LF, so ids, tabs, texts and LFs are all of their bytes.
    #expect(textSize + Int64(separators) == survey.fileSizeInBytes)
  }

  @Test(
    "queries, qrels and groups fit each other",
    arguments: [
      ("msmarco_dl19", "dl19", 43, 4_342), ("medquad", "train", 11_980, 13_118),
      ("medquad", "dev", 1_501, 1_639), ("squad_en", "train", 7_938, 7_938),
      ("squad_en", "dev", 10_570, 10_570), ("squad_it", "train", 5_208, 5_209),
      ("squad_it", "dev", 1_163, 1_163), ("cranfield", "test", 225, 1_836),
    ])
  func queries(name: String, split: String, count: Int, judgments: Int) throws {
    let folder = "\(dataPath)/\(name)"
    let queries = try Queries(path: "\(folder)/queries.\(split).tsv")
    let qrels = try Qrels(path: "\(folder)/qrels.\(split).tsv")
    #expect(queries.count == count)
    #expect(qrels.count == judgments)
    #expect(qrels.repeatedCount == 0)
    #expect(qrels.queries.allSatisfy { queries[$0] != nil })
    #expect(queries.allSatisfy { qrels[$0.id].contains { $0.grade > 0 } })
    guard ["train", "dev"].contains(split) else { return }
    let groups = try Groups(path: "\(folder)/groups.\(split).tsv")
    #expect(groups.queryCount == count)
    #expect(queries.allSatisfy { groups[$0.id] != nil })
  }

  @Test("MS MARCO's own files are read: dev queries, full qrels and three runs")
  func msmarco() throws {
    let folder = "\(dataPath)/msmarco_dl19"
    #expect(try Queries(path: "\(folder)/msmarco-dev-subset.queries.txt").count == 6_980)
    #expect(try Qrels(path: "\(folder)/msmarco-dev-subset.qrels.txt").count == 7_437)
    let qrels = try Qrels(path: "\(folder)/full-qrels-dl19.txt")
    #expect(qrels.count == 9_260 && qrels.queries.count == 43)
    for (name, form, hits) in [
      ("run-dl19-BM25.txt", RunForm.trec, 4_300),
      ("run-dl19-D_BERT_KD_TASB.txt", .trec, 4_300),
      ("run-dl19-REP_LLAMA.msmarco.tsv", .msmarcoScored, 43_000),
    ] {
      let run = try Run(path: "\(folder)/\(name)")
      #expect(run.form == form)
      #expect(run.hitCount == hits)
      #expect(run.queries.count == 43)
      #expect(run.tag == (form == .trec ? "rank" : ""))
    }
  }

  @Test("trec_eval's own qrels and results are read")
  func trecEval() throws {
    let folder = "\(dataPath)/trec_eval/test"
    for (name, judgments, queries) in [
      ("qrels.test", 3_681, 3), ("qrels.test.with-comments", 3_681, 3),
      ("qrels.comment.test", 5_890, 31),
      ("qrels.rel_level", 3_681, 3), ("qrels-302.test", 1_061, 1),
    ] {
      let qrels = try Qrels(path: "\(folder)/\(name)")
      #expect(qrels.count == judgments, "\(name)")
      #expect(qrels.queries.count == queries, "\(name)")
    }
    for (name, hits) in [
      ("results.test", 1_500), ("results.comment.test", 30_100), ("results.trunc", 584),
      ("results-302.test", 500),
    ] {
      let run = try Run(path: "\(folder)/\(name)")
      #expect(run.hitCount == hits, "\(name)")
      #expect(run.form == .trec)
    }
    #expect(try Run(path: "\(folder)/results.test").tag == "STANDARD")
    // Three groups of judges in the second column, who disagree: no qrels as Pawl means it.
    #expect(throws: CorpusError.self) { try Qrels(path: "\(folder)/qrels.123") }
  }
}
