import Foundation
import Testing

@Suite struct MetricsCommandTests {
  let pawl: CommandRunner
  let qrels: String
  let run: String

  init() throws {
    pawl = try CommandRunner()
    qrels = try pawl.write("qrels", "1 0 a 1\n1 0 b 0\n2 0 a 2\n3 0 a 1\n")
    run = try pawl.write("run", "1 Q0 b 1 2 tag\n1 Q0 a 2 1 tag\n2 Q0 a 9 1 tag\n")
  }

  private func metrics(_ options: [String], run other: String? = nil) throws -> CommandRunner.Result
  {
    try pawl.run(["metrics", "--qrels", qrels, "--run", other ?? run] + options)
  }

  @Test("without -m it prints trec_eval's default measures, with -q those of each query before")
  func official() throws {
    let result = try metrics([])
    #expect(result.status == 0 && result.error == "")
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 30)
    #expect(lines.first == "runid                 \tall\ttag")
    #expect(lines.contains("map                   \tall\t0.7500"))
    let each = try metrics(["-q", "-m", "map", "-mP.1"])
    #expect(
      each.output == """
        map                   \t1\t0.5000
        P_1                   \t1\t0.0000
        map                   \t2\t1.0000
        P_1                   \t2\t1.0000
        map                   \tall\t0.7500
        P_1                   \tall\t0.5000

        """)
    #expect(try metrics(["-q", "-n", "-m", "map"]).output.contains("all") == false)
  }

  @Test("-c, -l, -M and -J do what they do in trec_eval")
  func options() throws {
    func map(_ options: String...) throws -> String {
      let output = try metrics(options + ["-m", "map"]).output
      return String(output.split(separator: "\t").last?.dropLast() ?? "")
    }
    #expect(try map("-c") == "0.5000")
    #expect(try map("-l2") == "0.5000")
    #expect(try map("-l", "2", "-c") == "0.3333")
    #expect(try map("-M1") == "0.5000")
    #expect(try map("-J", "-M", "5") == "0.7500")
  }

  @Test("--json is an object, with -q one a query before it")
  func json() throws {
    let result = try metrics(["--json", "-m", "mrr@10", "-m", "num_ret", "-q"])
    #expect(
      result.output == """
        {"metrics":{"mrr@10":0.5,"num_ret":2},"query":"1"}
        {"metrics":{"mrr@10":1,"num_ret":1},"query":"2"}
        {"metrics":{"mrr@10":0.75,"num_ret":3},"queries":2,"run":"tag"}

        """)
    let marco = try metrics(["--json", "--protocol", "msmarco"])
    #expect(
      marco.output == "{\"metrics\":{\"mrr@10\":0.20370370370370372},\"queries\":3,\"ranked\":2}\n")
  }

  @Test(
    "--protocol msmarco goes by the rank column of MS MARCO's forms too, from standard input too")
  func marco() throws {
    let result = try pawl.run(
      "metrics", "--qrels", qrels, "--run", "-", "--protocol", "msmarco",
      input: "1\ta\t2\n2\tx\t1\n")
    #expect(result.status == 0)
    #expect(result.output.contains("\nMRR @10: 0.16666666666666666\nQueriesRanked: 2\n"))
  }

  @Test("wishes that make no sense are usage errors, bad files are bad data with their place")
  func refused() throws {
    for options in [
      ["-m", "ndgc"], ["-m", "P.0"], ["-l", "-1"], ["-M", "0"], ["-N", "-1"],
      ["--protocol", "msmarco", "-m", "map"], ["--protocol", "trek"],
    ] {
      let result = try metrics(options)
      #expect(result.status == 64 && result.output == "", "\(options)")
    }
    #expect(try metrics(["-m", "ndgc"]).error.contains("there is no measure \"ndgc\""))
    let bad = try pawl.write("bad", "1 Q0 a 1 1 t\n1 Q0 a 2 1 t\n")
    let repeated = try metrics([], run: bad)
    #expect(repeated.status == 65 && repeated.output == "")
    #expect(repeated.error.contains("bad:2: qid \"1\" has pid \"a\" twice, first in line 1."))
    let foreign = try metrics([], run: pawl.write("foreign", "9 Q0 a 1 1 t\n"))
    #expect(foreign.status == 65)
    #expect(foreign.error.contains("no query of the run is judged in"))
    #expect(try metrics([], run: "nowhere").status == 74)
    #expect(try metrics(["-c"], run: pawl.write("empty", "")).status == 0)
  }
}
