import Testing

@testable import Evaluation

@Suite("trec_eval's names of measures")
struct TrecLineTests {
  private func names(_ wishes: String...) throws -> [String] {
    try TrecLine.parse(wishes).map(\.name)
  }

  @Test("lines come in trec_eval's order, each once, whatever the order of the wishes")
  func order() throws {
    #expect(try names("P.10,5", "map", "num_q", "map") == ["num_q", "map", "P_5", "P_10"])
    #expect(
      try names("set_F.0.5", "set")
        == [
          "runid", "num_q", "num_ret", "num_rel", "num_rel_ret", "utility", "set_P",
          "set_relative_P", "set_recall", "set_map", "set_F_0.5",
        ])
    #expect(TrecLine.official().map(\.name) == (try names("official")))
    #expect(TrecLine.official().count == 30)
  }

  @Test("parameters of a measure replace those of its group")
  func groups() throws {
    let found = try names("all_trec", "P.7", "relstring.20")
    #expect(found.filter { $0.hasPrefix("P_") } == ["P_7"])
    #expect(found.contains("relstring_20") && !found.contains("relstring"))
  }

  @Test("Pawl's names are lines too, after trec_eval's")
  func own() throws {
    #expect(try names("mrr@10", "map", "NDCG@5") == ["map", "mrr@10", "ndcg@5"])
  }

  @Test("parameters are read as trec_eval reads them")
  func parameters() throws {
    #expect(try names("ndcg_cut.23.9") == ["ndcg_cut_23"])
    #expect(
      try names("iprec_at_recall..5,0.25") == ["iprec_at_recall_0.25", "iprec_at_recall_0.50"])
    let rbp = try TrecLine.parse(["rbp.p=0.8,1=0.5"])
    let gains = GradeGains([GradeGains.Override(grade: 1, gain: 0.5)])
    #expect(
      rbp == [
        TrecLine(
          name: "rbp_p=0.8,1=0.5",
          value: .metric(.rankBiasedPrecision(persistence: 0.8, gains)))
      ])
  }

  @Test(
    "parameters that do not fit are refused, with what would",
    arguments: [
      ("P.0", "measure P: \"0\" does not fit. Expected ranks from 1, each once: P.5,10."),
      ("P.5,5", "measure P: \"5,5\" does not fit. Expected ranks from 1, each once: P.5,10."),
      ("P.", "measure P: \"\" does not fit. Expected ranks from 1, each once: P.5,10."),
      ("P.5x", "measure P: \"5x\" does not fit. Expected ranks from 1, each once: P.5,10."),
      ("P.1e999", "measure P: \"1e999\" does not fit. Expected ranks from 1, each once: P.5,10."),
      ("map.5", "measure map: \"5\" does not fit. Expected no parameters."),
      ("all_trec.5", "measure all_trec: \"5\" does not fit. Expected none."),
      (
        "utility.1,2",
        "measure utility: \"1,2\" does not fit. Expected numbers like utility.1.0,-1.0,0.0,0.0."
      ),
      (
        "ndcg.-1=2",
        "measure ndcg: \"-1=2\" does not fit. Expected grade=gain for grades from 0: ndcg.1=3,2=9."
      ),
      (
        "rbp.p=2",
        """
        measure rbp: "p=2" does not fit. Expected grade=gain for grades from 0: rbp.p=0.8,1=3,2=9.
        """
      ),
      (
        "iprec_at_recall.nan",
        """
        measure iprec_at_recall: "nan" does not fit. Expected numbers, each once: \
        iprec_at_recall.0.25,0.5.
        """
      ),
    ])
  func refused(wish: String, message: String) {
    #expect {
      try TrecLine.parse([wish])
    } throws: {
      "\($0)" == message
    }
  }

  @Test("a measure with two sets of parameters, and one that is unknown, are refused")
  func others() {
    #expect(throws: EvaluationError.repeatedMeasure(name: "P")) {
      try TrecLine.parse(["P.5", "P.10"])
    }
    #expect {
      try TrecLine.parse(["ndgc"])
    } throws: {
      "\($0)".hasPrefix("there is no measure \"ndgc\". Known are trec_eval's runid, num_q,")
        && "\($0)".contains("the groups official, all_trec, set, and mrr, mrr@K")
    }
  }
}
