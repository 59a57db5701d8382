import Foundation
import Testing

@Suite struct ShellInputTests {
  let pawl: CommandRunner
  init() throws { pawl = try .withSample() }

  @Test("piped lines are answered as `pawl query` answers them, without prompt or colour")
  func piped() throws {
    let result = try pawl.run(
      "shell", "s.pawl", "-k", "3", input: "bread that rises\n\n.k 1\r\nthe far side of the moon")
    let first = try pawl.run("query", "s.pawl", "bread that rises", "-k", "3")
    let second = try pawl.run("query", "s.pawl", "the far side of the moon", "-k", "1")
    #expect(result.output == first.output + second.output)
    #expect(result.error == "")
    #expect(result.status == 0)
  }

  @Test("--json answers each query with the line of `pawl query --json`")
  func json() throws {
    let result = try pawl.run("shell", "s.pawl", "-k", "2", "--json", input: "bread\nmoon\n")
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 2)
    for (line, query) in zip(lines, ["bread", "moon"]) {
      let single = try pawl.run("query", "s.pawl", query, "-k", "2", "--json").output
      func hits(_ text: some StringProtocol) throws -> NSDictionary {
        var object = try #require(
          JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        object["milliseconds"] = nil
        return object as NSDictionary
      }
      #expect(try hits(line) == hits(single))
    }
  }

  @Test("a line that fails is told by its number, the others are answered, the status is 1")
  func faults() throws {
    let file = try pawl.write(
      "lines",
      Array(".k 1\n.frobnicate\nbread\n".utf8) + [0xff, 0x0a] + Array(".version v9\nmoon\n".utf8))
    let shell = pawl.shell("\"$PAWL\" shell s.pawl < '\(file)' > out 2> err")
    try shell.run()
    shell.waitUntilExit()
    #expect(shell.terminationStatus == 1)
    func text(_ name: String) throws -> String {
      try String(contentsOfFile: pawl.folder.path + "/" + name, encoding: .utf8)
    }
    let answers = try text("out").split(separator: "\n").filter { $0.hasPrefix("1  ") }
    #expect(answers.count == 2)
    let errors = try text("err").split(separator: "\n")
    #expect(errors.count == 3)
    #expect(errors[0].hasPrefix("line 2: there is no command .frobnicate;"))
    #expect(errors[1].hasPrefix("line 4: this line is not UTF-8."))
    #expect(errors[2].hasPrefix("line 5: there is no version v9; there is: v1."))
  }

  @Test("a line without end takes no more memory than the limit, and the next ones are answered")
  func endlessLine() throws {
    let shell = pawl.shell(
      "(head -c 300000000 /dev/zero | tr '\\0' x; printf '\\n.k 1\\nbread\\n'; printf moon) "
        + "| (ulimit -d 200000; \"$PAWL\" shell s.pawl > out 2> err)")
    try shell.run()
    shell.waitUntilExit()
    #expect(shell.terminationStatus == 1)
    func text(_ name: String) throws -> String {
      try String(contentsOfFile: pawl.folder.path + "/" + name, encoding: .utf8)
    }
    let answers = try text("out").split(separator: "\n").filter { $0.hasPrefix("1  ") }
    #expect(answers.count == 2)
    #expect(try text("err").hasPrefix("line 1: this line is longer than 1 MiB"))
  }

  @Test("after .quit nothing more is read")
  func quit() throws {
    let result = try pawl.run("shell", "s.pawl", input: ".help\n.quit\n.frobnicate\n")
    #expect(result.status == 0 && result.error == "")
    #expect(result.output.hasSuffix("Every other line is a query.\n"))
  }

  @Test("an answer comes as soon as its line, not at the end of the input")
  func coprocess() throws {
    let process = pawl.process(["shell", "s.pawl", "-k", "1", "--json"])
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    for query in ["bread", "moon"] {
      input.fileHandleForWriting.write(Data("\(query)\n".utf8))
      let answer = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
      #expect(answer.contains("\"query\":\"\(query)\""))
    }
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  @Test("settings that cannot be are refused before the first line")
  func settings() throws {
    #expect(try pawl.run("shell", "s.pawl", "-k", "0", input: "bread\n").status == 64)
    let version = try pawl.run("shell", "s.pawl", "--version", "v9", input: "bread\n")
    #expect(version.status == 1 && version.output == "" && version.error.contains("no version v9"))
    let compare = try pawl.run("shell", "s.pawl", "--compare", "v9", input: "bread\n")
    #expect(compare.status == 1 && compare.error.contains("no version v9"))
    #expect(try pawl.run("shell", "none.pawl", input: "bread\n").status == 65)
  }

  @Test("an answer that cannot be written ends the shell with an error")
  func fullOutput() throws {
    let shell = pawl.shell("echo bread | \"$PAWL\" shell s.pawl > /dev/full")
    shell.standardError = FileHandle.nullDevice
    try shell.run()
    shell.waitUntilExit()
    #expect(shell.terminationStatus == 75)
  }
}
