import Testing

@testable import PawlCLI

@Suite struct ShellLineTests {
  /// The message of a line that cannot be understood.
  private func fault(_ line: String) -> String? {
    do throws(ShellFault) {
      _ = try ShellLine(line)
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test("what does not begin with a point is a query, blanks around it left out")
  func queries() throws {
    #expect(try ShellLine("  bread, at home ") == .query("bread, at home"))
    #expect(try ShellLine(" .NET framework") == .query(".NET framework"))
    #expect(try ShellLine("quit") == .query("quit"))
    #expect(try ShellLine(" \t") == .blank)
    #expect(try ShellLine("") == .blank)
  }

  @Test("each command is read with what it takes")
  func commands() throws {
    let lines: [(String, ShellInstruction)] = [
      (".help", .help), (".quit ", .quit), (".k 5", .k(5)), (".exact on", .exact(true)),
      (".recall 0.98", .recall(0.98)), (".probes\t16", .probes(16)),
      (".version", .listVersions), (".version active", .version(nil)),
      (".version v2", .version("v2")), (".compare v2", .compare("v2")),
      (".compare off", .compare(nil)), (".explain", .explain(rank: nil)),
      (".explain 3", .explain(rank: 3)), (".get an id", .get("an id")), (".json off", .json(false)),
      (".timing on", .timing(true)),
    ]
    for (line, instruction) in lines { #expect(try ShellLine(line) == .command(instruction)) }
    #expect(
      Set(lines.map { $0.0.split(whereSeparator: \.isWhitespace)[0] }).count
        == ShellCommandName.allCases.count)
  }

  @Test("every example in the messages is a line that works")
  func examples() throws {
    for command in ShellCommandName.allCases { #expect(fault(command.example) == nil) }
  }

  @Test("an unknown command names the nearest one, if one is near")
  func unknown() {
    let advice = " A query that begins with a point needs a blank before it."
    #expect(
      fault(".versoin v1") == "there is no command .versoin; did you mean .version?" + advice)
    #expect(fault(".ex on")?.contains("did you mean .exact?") == true)
    #expect(fault(".exlpain")?.contains("did you mean .explain?") == true)
    #expect(fault(".qiut")?.contains("did you mean .quit?") == true)
    #expect(
      fault(".frobnicate") == "there is no command .frobnicate; .help shows those that there are."
        + advice)
    #expect(fault(".")?.contains("there is no command .;") == true)
    #expect(fault(".NET")?.contains(".get") == false)
  }

  @Test("an argument that does not fit is answered with what fits")
  func arguments() {
    #expect(fault(".k x") == ".k cannot take \"x\": write .k N, as in .k 5.")
    #expect(fault(".k") == ".k needs something after it: .k N, as in .k 5.")
    for line in [
      ".k 0", ".k -1", ".k 1.5", ".recall 0", ".recall 1.5", ".recall nan", ".probes 0",
      ".exact maybe", ".json", ".timing ON", ".version v1 v2", ".compare", ".explain 0",
      ".explain x", ".get", ".help me", ".quit now", ".k 99999999999999999999",
    ] {
      #expect(fault(line)?.contains("as in .") == true, "\(line)")
    }
  }
}
