import Foundation
import LMDB
import Testing

@testable import Pawl
@testable import PawlCLI

@Suite struct ShellSessionTests {
  let folder: CommandRunner.Folder
  let store: Store
  private let page = AnswerText(style: Style(isOn: false), width: 80, isTerminal: true)

  init() throws {
    folder = try CommandRunner.Folder()
    store = try Store.create(
      at: folder.path + "/s.pawl", StoreSettings(model: CommandRunner.tinyModel))
    _ = try store.ingest(CommandRunner.sample, IngestOptions()) { _ in true }
  }

  private func session(_ settings: ShellSettings = ShellSettings()) -> ShellSession {
    var settings = settings
    settings.showsTiming = false
    return ShellSession(store, settings)
  }

  private func object(_ line: String?) throws -> [String: Any] {
    let data = Data(try #require(line).utf8)
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  /// A second version on the same vectors, whose queries have a prefix.
  private func addVersion() throws {
    var write = try store.environment.beginWrite()
    var record = try store.version("v1", in: write)
    record.name = "v2"
    record.queryPrefix = "find: "
    record.parent = "v1"
    try store.tables.versions.put(record: record, at: Key("v2"), in: &write)
    try write.commit()
  }

  private func promote(_ name: String) throws {
    var write = try store.environment.beginWrite()
    try store.tables.pointer.put(
      record: PointerRecord(version: name), at: "active", in: &write)
    try write.commit()
  }

  private func addWithoutEmbedding(_ line: String) throws {
    let file = folder.path + "/\(UUID().uuidString).tsv"
    try (line + "\n").write(toFile: file, atomically: true, encoding: .utf8)
    var options = IngestOptions()
    options.textOnly = true
    _ = try store.ingest(file, options) { _ in true }
  }

  @Test("a query is answered as `pawl query` answers it, k passages")
  func query() throws {
    var shell = session()
    #expect(shell.evaluate(".k 3", on: page) == ShellReply())
    let reply = shell.evaluate("bread that rises", on: page)
    let answer = try store.query("bread that rises", k: 3)
    #expect(reply.lines == page.lines(answer, marking: QueryWords("bread that rises")))
    #expect(reply.fault == nil && reply.notices == [] && !reply.isEnd)
    #expect(shell.evaluate("  ", on: page) == ShellReply())
    #expect(shell.evaluate(".quit", on: page).isEnd)
  }

  @Test("with .timing on, the line below says the steps and how many were compared")
  func timing() {
    var shell = session()
    _ = shell.evaluate(".timing on", on: page)
    let line = shell.evaluate("bread", on: page).lines.last ?? ""
    #expect(
      line.wholeMatch(
        of:
          /encode [0-9.]+ ms, search [0-9.]+ ms, fetch [0-9.]+ ms; 309 passages compared/
      )
        != nil, "\(line)")
    _ = shell.evaluate(".timing off", on: page)
    #expect(shell.evaluate("bread", on: page).lines.last?.contains("compared") == false)
  }

  @Test("with .json on, answers, explanations and passages are one object a line")
  func json() throws {
    var shell = session()
    _ = shell.evaluate(".json on", on: page)
    let answer = shell.evaluate("bread", on: page).lines
    #expect(answer.count == 1)
    #expect(
      Set(try object(answer.first).keys)
        == [
          "query", "version", "searched", "scanned", "probes", "exact", "pending", "hits",
          "milliseconds",
        ])
    let explained = try object(shell.evaluate(".explain", on: page).lines.first)
    #expect(explained["scored"] as? Int == 309 && explained["isExact"] as? Bool == true)
    let tokens = (explained["explanation"] as? [String: Any])?["tokens"] as? [String]
    #expect(tokens?.first == "[CLS]" && tokens?.last == "[SEP]")
    let hit = try object(shell.evaluate(".explain 2", on: page).lines.first)
    #expect(hit["rank"] as? Int == 2)
    #expect(
      try object(shell.evaluate(".get p002", on: page).lines.first)["id"] as? String == "p002")
    _ = shell.evaluate(".json off", on: page)
    #expect(shell.evaluate("bread", on: page).lines.count > 1)
  }

  @Test(
    "without lists a recall and a number of lists can be set, and a sentence says what of it comes")
  func effortWithoutLists() {
    var shell = session()
    let sentence = "This version's index has no lists yet, so every search is exact."
    for line in [".recall 0.98", ".probes 16"] {
      #expect(shell.evaluate(line, on: page) == ShellReply(notices: [sentence]))
    }
    #expect(shell.settings.effort == .probes(16))
    #expect(shell.evaluate(".exact on", on: page) == ShellReply())
    #expect(shell.settings.effort == .exact)
    #expect(shell.evaluate(".exact off", on: page) == ShellReply())
    #expect(shell.settings.effort == .usual)
  }

  @Test("with lists, .probes, .recall and .exact decide how many of them a query looks into")
  func effort() throws {
    var options = ReindexOptions()
    options.listCount = 20
    _ = try store.reindex(options)
    var shell = session()
    _ = shell.evaluate(".json on", on: page)
    func probes(_ line: String) throws -> Int? {
      #expect(shell.evaluate(line, on: page) == ShellReply())
      return try object(shell.evaluate("bread", on: page).lines.first)["probes"] as? Int
    }
    #expect(try probes(".probes 3") == 3)
    #expect(try probes(".probes 1000") == 20)
    #expect(try probes(".exact on") == 0)
    let few = try #require(try probes(".recall 0.5"))
    #expect(few >= 1 && few < 20)
    _ = shell.evaluate(".json off", on: page)
    _ = shell.evaluate(".probes 2", on: page)
    _ = shell.evaluate("bread", on: page)
    let text = shell.evaluate(".explain", on: page).lines.joined(separator: " ")
    #expect(text.contains("int8, 40 bytes a passage, 20 lists "), "\(text)")
    #expect(text.contains("of 309 passages compared, in 2 of 20 lists; none pending"), "\(text)")
  }

  @Test("passages that wait are told once, and again only after none waited")
  func pending() throws {
    var shell = session()
    #expect(shell.evaluate("bread", on: page).notices == [])
    try addWithoutEmbedding("w1\tone that waits")
    let notice = "1 passage is not embedded yet; any ingest goes on with it"
    #expect(shell.evaluate("bread", on: page).notices == [notice])
    #expect(shell.evaluate("bread", on: page).notices == [])
    _ = try store.ingest(CommandRunner.sample, IngestOptions()) { _ in true }
    #expect(shell.evaluate("bread", on: page).notices == [])
    try addWithoutEmbedding("w2\tanother")
    #expect(shell.evaluate("bread", on: page).notices == [notice])
  }

  @Test("the active version is looked up for each query, a chosen one stays")
  func version() throws {
    try addVersion()
    var shell = session()
    func used() throws -> String? {
      _ = shell.evaluate("bread", on: page)
      return shell.last?.answer.version
    }
    #expect(try used() == "v1")
    try promote("v2")
    #expect(try used() == "v2")
    #expect(shell.evaluate(".version v1", on: page) == ShellReply())
    #expect(try used() == "v1")
    let list = shell.evaluate(".version", on: page).lines
    #expect(
      list.contains { $0.hasPrefix(">  v1") } && list.contains { $0.contains("v2       active") })
    #expect(shell.evaluate(".version active", on: page) == ShellReply())
    #expect(try used() == "v2")
    #expect(
      shell.evaluate(".version v9", on: page).fault == "there is no version v9; there is: v1, v2.")
    #expect(try used() == "v2")
  }

  @Test("with .compare, both versions answer: side by side, or as two lines of JSON")
  func comparison() throws {
    try addVersion()
    var shell = session(ShellSettings(k: 5))
    #expect(shell.evaluate(".compare v2", on: page) == ShellReply())
    let lines = shell.evaluate("bread", on: page).lines
    #expect(lines.first?.split(separator: " ") == ["v1", "v2"])
    #expect(lines.last?.contains(" in both, ") == true)
    let (first, second) = (
      try store.query("bread", k: 5), try store.query("bread", k: 5, version: "v2")
    )
    #expect(lines.contains { $0.contains(first.hits[4].id) && $0.contains(second.hits[4].id) })
    _ = shell.evaluate(".json on", on: page)
    let reports = try shell.evaluate("bread", on: page).lines.map {
      try object($0)["version"] as? String
    }
    #expect(reports == ["v1", "v2"])
    _ = shell.evaluate(".compare off", on: page)
    #expect(shell.evaluate("bread", on: page).lines.count == 1)
    #expect(shell.evaluate(".compare v9", on: page).fault?.contains("no version v9") == true)
    #expect(
      shell.evaluate(".compare v1", on: page).fault
        == "v1 is the version that answers already; compare it with another one.")
    _ = shell.evaluate(".compare v2", on: page)
    _ = shell.evaluate(".version v2", on: page)
    #expect(shell.settings.comparison == nil, "v2 answers now")
  }

  @Test(".explain says how the query was read and what was searched")
  func explanation() throws {
    try addVersion()
    var shell = session(ShellSettings(version: "v2"))
    #expect(
      shell.evaluate(".explain", on: page).fault
        == "there is no answer to explain yet: ask something first.")
    let words = (1...30).map { "w\($0)" }.joined(separator: " ")
    _ = shell.evaluate("bread \(words)", on: page)
    let explanation = try store.explain("bread \(words)", version: "v2")
    #expect(explanation.tokenLimit == 16 && explanation.tokens.count == 16)
    #expect(explanation.tokenCount > 32)
    let text = shell.evaluate(".explain", on: page).lines.joined(separator: "\n")
    #expect(text.contains("prefix   \"find: \""))
    #expect(
      text.contains(
        "tokens   \(explanation.tokenCount) of at most 16, so the last "
          + "\(explanation.tokenCount - 16) were cut off: [CLS] "), "\(text)")
    #expect(text.contains("version  v2\n"))
    #expect(text.contains("index    1, int8, 40 bytes a passage"))
    #expect(text.contains("search   all 309 passages compared, since the index has no lists; none"))
    #expect(text.contains("time     encode "))
  }

  @Test(".explain with a rank says where the passage lies and which words it shares")
  func hitExplanation() throws {
    var shell = session(ShellSettings(k: 2))
    _ = shell.evaluate("bread", on: page)
    let hit = try #require(shell.last?.answer.hits.first)
    let word = try #require(QueryWords(hit.text).words.first)
    _ = shell.evaluate("\(word) xyzzy", on: page)
    let found = try #require(shell.last?.answer.hits.last)
    let stored = try #require(try store.passages([found.id]).first)
    let text = shell.evaluate(".explain 2", on: page).lines.joined(separator: "\n")
    #expect(text.contains("hit     2 of 2 by v1: \(found.id)"))
    #expect(text.contains("row     \(stored.row), \(stored.storedSizeInBytes) bytes stored ("))
    let shared = QueryWords("\(word) xyzzy").shared(with: found.text)
    #expect(text.contains("shared  " + (shared.first ?? "no word of the query")))
    #expect(!text.contains("another text since"))
    #expect(
      shell.evaluate(".explain 3", on: page).fault
        == "the last answer has no hit 3, only 1 to 2.")
    try addWithoutEmbedding("\(found.id)\tnow something else")
    #expect(
      shell.evaluate(".explain 2", on: page).lines.last?
        .contains("the passage has another text since this answer") == true)
  }

  @Test(".get prints a passage, in one line where nobody looks")
  func passage() {
    var shell = session()
    let whole = shell.evaluate(".get p001", on: page).lines
    #expect(whole.first == "p001" && whole.count > 4)
    let plain = AnswerText(style: Style(isOn: false), width: 80, isTerminal: false)
    #expect(shell.evaluate(".get p001", on: plain).lines.first?.hasPrefix("p001\tA tight") == true)
    #expect(
      shell.evaluate(".get nobody", on: page).fault?.contains("no passage with the id") == true)
  }

  @Test(".help has a line for each command")
  func help() {
    var shell = session()
    let lines = shell.evaluate(".help", on: page).lines
    for command in ShellCommandName.allCases {
      #expect(lines.contains { $0.hasPrefix(command.usage + " ") && $0.contains(command.purpose) })
    }
    #expect(lines.allSatisfy { $0.count < 80 })
  }

  @Test("completion knows commands, versions, switches and ids, and what these have in common")
  func completion() throws {
    try addVersion()
    let completer = ShellCompleter(store: store)
    func candidates(_ text: String) -> [String]? { completer.complete(text)?.candidates }
    #expect(candidates(".e") == [".exact", ".explain"])
    #expect(completer.complete(".e")?.continuation == "x")
    #expect(completer.complete(".ver")?.continuation == "sion")
    #expect(candidates(".version ") == ["active", "v1", "v2"])
    #expect(candidates(".compare v") == ["v1", "v2"])
    #expect(candidates(".compare o") == ["off"])
    #expect(candidates(".json o") == ["on", "off"])
    #expect(candidates(".get p00") == (1...9).map { "p00\($0)" })
    #expect(completer.complete(".get p0")?.continuation == "")
    #expect(completer.complete(".get p01")?.candidates.count == 10)
    #expect(candidates(".get ")?.count == ShellCompleter.candidateLimit)
    #expect(candidates(".get zzz") == [])
    #expect(completer.complete("bread") == nil)
    #expect(completer.complete(".k ") == nil)
    #expect(completer.complete(".nothing x") == nil)
  }
}
