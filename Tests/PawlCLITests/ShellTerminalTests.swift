import Foundation
import Testing

@Suite struct ShellTerminalTests {
  let pawl: CommandRunner
  init() throws { pawl = try .withSample() }

  private static let prompt = "pawl>"
  private static let up = "\u{1B}[A"
  private static let marked = "\u{1B}[1;4m"
  /// What stands below every answer.
  private static let footer = "passages compared"

  private var historyPath: String { pawl.folder.path + "/.local/state/pawl/history" }

  private func history() throws -> [String] {
    try String(contentsOfFile: historyPath, encoding: .utf8).split(separator: "\n").map(String.init)
  }

  /// Ctrl-D at the next prompt.
  private func leave(
    _ terminal: PseudoTerminal, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try terminal.expect(Self.prompt)
    terminal.send("\u{4}")
    #expect(try terminal.waitForEnd() == 0, sourceLocation: sourceLocation)
  }

  @Test("a query is answered with its words marked, and Ctrl-D leaves with status 0")
  func query() throws {
    let terminal = try pawl.terminal("-k", "60")
    let banner = try terminal.expect(Self.prompt)
    #expect(banner.contains("s.pawl: 309 passages, version v1, 32 dimensions as int8"))
    terminal.send("the water in time\r")
    let answer = try terminal.expect(Self.footer)
    #expect(answer.contains("\u{1B}[32m"))
    #expect(answer.contains(Self.marked + "water"))
    #expect(!answer.contains(Self.marked + "the"))
    try leave(terminal)
  }

  @Test("the up-arrow brings the last line back, of this shell and of the one before")
  func recall() throws {
    let first = try pawl.terminal("-k", "1")
    try first.expect(Self.prompt)
    first.send("bread that rises\r")
    try first.expect(Self.footer)
    first.send(Self.up + "\r")
    try first.expect("bread that rises")
    try first.expect(Self.footer)
    first.send(".quit\r")
    #expect(try first.waitForEnd() == 0)
    #expect(try history() == ["bread that rises", ".quit"])
    let second = try pawl.terminal()
    try second.expect(Self.prompt)
    second.send(Self.up + Self.up)
    try second.expect("bread that rises")
    // Ctrl-R looks for what is typed.
    second.send("\u{3}\u{12}qui")
    try second.expect(".quit")
  }

  @Test("the history belongs to its user alone, and $XDG_STATE_HOME moves it")
  func historyModes() throws {
    func mode(_ path: String) throws -> Int? {
      try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }
    let state = pawl.folder.path + "/state"
    for (variables, file) in [
      ([:], historyPath), (["XDG_STATE_HOME": state], state + "/pawl/history"),
    ] {
      let terminal = try pawl.terminal(environment: variables)
      try terminal.expect(Self.prompt)
      terminal.send(".k 3\r")
      try leave(terminal)
      #expect(try mode(file) == 0o600)
      #expect(try mode((file as NSString).deletingLastPathComponent) == 0o700)
      #expect(try String(contentsOfFile: file, encoding: .utf8) == ".k 3\n")
    }
  }

  @Test("a history that cannot be written is one warning, and the shell goes on")
  func noHistory() throws {
    let terminal = try pawl.terminal(environment: ["XDG_STATE_HOME": "/proc/none"])
    try terminal.expect(Self.prompt)
    terminal.send("bread\r")
    try terminal.expect("cannot write the history")
    try terminal.expect(Self.footer)
    terminal.send("flour\r")
    #expect(try !terminal.expect(Self.footer).contains("history"))
    terminal.send(Self.up)
    try terminal.expect("flour")
  }

  @Test("Tab completes commands, names of versions and ids, and shows what there is")
  func completion() throws {
    let terminal = try pawl.terminal()
    try terminal.expect(Self.prompt)
    terminal.send(".ver\t")
    try terminal.expect("sion ")
    terminal.send("\t")
    try terminal.expect("active  v1")
    terminal.send("\u{3}.get p00\t")
    try terminal.expect("p001  p002")
    terminal.send("1\t\r")
    try terminal.expect("A tight, gummy crumb")
  }

  @Test("Ctrl-C drops the line and nothing of it is asked or remembered")
  func cancel() throws {
    let terminal = try pawl.terminal("-k", "1")
    try terminal.expect(Self.prompt)
    terminal.send("never asked\u{3}")
    try terminal.expect("^C")
    try terminal.expect(Self.prompt)
    terminal.send("\u{3}")
    try terminal.expect("^C")
    terminal.send("asked\r")
    try terminal.expect(Self.footer)
    try leave(terminal)
    #expect(try history() == ["asked"])
  }

  @Test("the prompt names a chosen version; SIGINT from elsewhere does not end the shell")
  func prompt() throws {
    let terminal = try pawl.terminal("-k", "1")
    try terminal.expect(Self.prompt)
    terminal.send(".version v1\r")
    try terminal.expect("pawl v1>")
    for _ in 0..<3 {
      terminal.signal(SIGINT)
      // libedit drops the line at its own choice; Ctrl-C does it for certain.
      terminal.send("dropped")
      try terminal.expect("dropped")
      terminal.send("\u{3}")
      try terminal.expect("pawl v1>")
    }
    terminal.send("kept\r")
    try terminal.expect(Self.footer)
    try terminal.expect("pawl v1>")
    terminal.send("\u{4}")
    #expect(try terminal.waitForEnd() == 0)
    #expect(try history() == [".version v1", "kept"])
  }

  @Test("Ctrl-Z stops the shell, and continued it shows its line again")
  func suspend() throws {
    let terminal = try pawl.terminal(shell: "\"$PAWL\" shell s.pawl -k 1; echo stop''ped; fg")
    try terminal.expect(Self.prompt)
    terminal.send("half a ")
    try terminal.expect("half a ")
    terminal.send("\u{1A}")
    try terminal.expect("stopped")
    try terminal.expect("half a ")
    terminal.send("query\r")
    try terminal.expect(Self.footer)
    try leave(terminal)
    #expect(try history() == ["half a query"])
  }

  @Test("UTF-8 is edited by characters, whatever the locale is", arguments: ["C.UTF-8", "C"])
  func unicode(locale: String) throws {
    let terminal = try pawl.terminal("-k", "1", environment: ["LANG": locale, "LC_ALL": locale])
    try terminal.expect(Self.prompt)
    // The last letter but one goes, then one comes in before the last.
    terminal.send("größe 日本酒\u{1B}[D\u{7F}é\r")
    try terminal.expect(Self.footer)
    try leave(terminal)
    #expect(try history() == ["größe 日é酒"])
  }

  @Test("NO_COLOR=1 keeps every code out of answers")
  func noColour() throws {
    let terminal = try pawl.terminal("-k", "3", environment: ["NO_COLOR": "1"])
    try terminal.expect(Self.prompt)
    terminal.send("yeast flour dough\r")
    try terminal.expect("\n")
    let answer = try terminal.expect(Self.footer)
    #expect(answer.contains("1  0."))
    #expect(!answer.contains("\u{1B}"), "\(answer.debugDescription)")
  }

  @Test("passages are wrapped to the width of the terminal, a new width being used at once")
  func width() throws {
    let terminal = try pawl.terminal("-k", "3", columns: 120, environment: ["NO_COLOR": "1"])
    func answer() throws -> [Int] {
      try terminal.expect(Self.prompt)
      terminal.send("bread\r")
      try terminal.expect("\n")
      return try terminal.expect(Self.footer).split(whereSeparator: \.isNewline)
        .filter { $0.hasPrefix("    ") }.map(\.count)
    }
    let wide = try answer()
    #expect((60...120).contains(try #require(wide.max())))
    terminal.resize(columns: 40)
    let narrow = try answer()
    #expect((25...40).contains(try #require(narrow.max())))
  }

  @Test("what is ingested by another process is found by the next query")
  func otherProcess() throws {
    let terminal = try pawl.terminal("-k", "1", environment: ["NO_COLOR": "1"])
    try terminal.expect(Self.prompt)
    terminal.send("bread\r")
    try terminal.expect("309 " + Self.footer)
    let file = try pawl.write("more.tsv", "new\tzebra quagga okapi\n")
    #expect(try pawl.run("ingest", "s.pawl", file, "--quiet").status == 0)
    terminal.send("zebra quagga okapi\r")
    #expect(try terminal.expect("310 " + Self.footer).contains("  new"))
  }
}
