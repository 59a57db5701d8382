internal import Pawl

/// What a shell is set to.
struct ShellSettings: Equatable {
  /// How many passages answer a query.
  var k = 10
  var effort = SearchEffort.usual
  /// Nil: the version that is active when the query is asked.
  var version: String?
  /// The version to compare with.
  var comparison: String?
  var isJSON = false
  var showsTiming = true
}

/// What a line brought.
struct ShellReply: Equatable {
  /// For stdout.
  var lines: [String] = []
  /// For stderr.
  var notices: [String] = []
  /// Why the line could not be done.
  var fault: String?
  var isEnd = false
}

/// A shell without its terminal: settings, and lines that become replies.
///
/// The store stays open and its encoder loaded; every query reads a snapshot of its own, so that what
/// other processes ingest or promote is seen by the next one.
struct ShellSession {
  let store: Store
  var settings: ShellSettings
  private(set) var last: (query: String, answer: Answer)?
  private var hasToldPending = false

  init(_ store: Store, _ settings: ShellSettings = ShellSettings()) {
    self.store = store
    self.settings = settings
  }

  /// Does one line.
  ///
  /// - Parameter page: how answers look.
  mutating func evaluate(_ line: String, on page: AnswerText) -> ShellReply {
    do {
      switch try ShellLine(line) {
      case .blank: return ShellReply()
      case .query(let text): return try answer(text, on: page)
      case .command(let instruction): return try follow(instruction, on: page)
      }
    } catch {
      return ShellReply(fault: "\(error)")
    }
  }

  // MARK: Queries

  private mutating func answer(_ text: String, on page: AnswerText) throws -> ShellReply {
    let answer = try store.query(
      text, k: settings.k, settings.effort, version: settings.version)
    last = (text, answer)
    var reply = ShellReply()
    if let other = settings.comparison {
      let second = try store.query(text, k: settings.k, settings.effort, version: other)
      if settings.isJSON {
        reply.lines = try [answer, second].map { try Self.json(text, $0) }
      } else {
        reply.lines = ComparisonText(page: page, words: QueryWords(text)).lines(answer, second)
        if settings.showsTiming {
          reply.lines += [answer, second].flatMap {
            page.remark("\($0.version): \(Self.timing($0))")
          }
        }
      }
    } else if settings.isJSON {
      reply.lines = [try Self.json(text, answer)]
    } else {
      reply.lines = page.lines(answer, marking: QueryWords(text))
      if settings.showsTiming { reply.lines += page.remark(Self.timing(answer)) }
    }
    reply.notices = pendingNotice(answer)
    return reply
  }

  private static func json(_ query: String, _ answer: Answer) throws -> String {
    try JSONOutput.line(AnswerReport(query: query, answer))
  }

  /// Once for each time that passages are found to wait.
  private mutating func pendingNotice(_ answer: Answer) -> [String] {
    defer { hasToldPending = answer.pendingCount > 0 }
    return hasToldPending
      ? []
      : AnswerText.pendingNotice(
        answer, of: settings.version, in: store.path
      ).map { [$0] } ?? []
  }

  private static func timing(_ answer: Answer) -> String {
    let cost = CostText(cost: answer.cost, searchedCount: answer.searchedCount)
    return "\(steps(answer.timing)); \(cost.shortLine)"
  }

  static func steps(_ timing: Answer.Timing) -> String {
    func milliseconds(_ seconds: Double) -> String { "\(Figures.fixed(1_000 * seconds, 1)) ms" }
    return "encode \(milliseconds(timing.encode)), search \(milliseconds(timing.search)), "
      + "fetch \(milliseconds(timing.fetch))"
  }

  // MARK: Commands

  private mutating func follow(
    _ instruction: ShellInstruction, on page: AnswerText
  ) throws -> ShellReply {
    switch instruction {
    case .help: return ShellReply(lines: Self.help(on: page))
    case .quit: return ShellReply(isEnd: true)
    case .k(let count): settings.k = count
    case .json(let isOn): settings.isJSON = isOn
    case .timing(let isOn): settings.showsTiming = isOn
    case .exact(let isOn): settings.effort = isOn ? .exact : .usual
    case .recall(let recall): return try use(.recall(recall))
    case .probes(let count): return try use(.probes(count))
    case .listVersions: return ShellReply(lines: try versionList())
    case .version(let name): return try use(name)
    case .compare(let name): return try compare(with: name)
    case .explain(let rank): return ShellReply(lines: try explain(rank: rank, on: page))
    case .get(let id): return ShellReply(lines: try passage(id, on: page))
    }
    return ShellReply()
  }

  private static func help(on page: AnswerText) -> [String] {
    page.table(ShellCommandName.allCases.map { ($0.usage, $0.purpose) })
      + page.paragraph("Every other line is a query.")
  }

  private mutating func use(_ effort: SearchEffort) throws -> ShellReply {
    settings.effort = effort
    let version = try existing(settings.version)
    let isClustered = try store.versions().contains { $0.name == version && $0.clustering != nil }
    return ShellReply(notices: isClustered ? [] : [Self.noLists])
  }

  private static let noLists = "This version's index has no lists yet, so every search is exact."

  private mutating func use(_ name: String?) throws -> ShellReply {
    let used = try existing(name)
    try store.loadEncoder(version: used)
    settings.version = name
    if settings.comparison == used { settings.comparison = nil }
    return ShellReply()
  }

  private mutating func compare(with name: String?) throws -> ShellReply {
    if let name {
      guard try existing(name) != existing(settings.version) else {
        throw ShellFault.sameVersion(name: name)
      }
      try store.loadEncoder(version: name)
    }
    settings.comparison = name
    return ShellReply()
  }

  /// The version of that name, or the active one.
  private func existing(_ name: String?) throws -> String? {
    let versions = try store.versions()
    guard let name else { return versions.first(where: \.isActive)?.name }
    guard versions.contains(where: { $0.name == name }) else {
      throw ShellFault.noVersion(name: name, known: versions.map(\.name))
    }
    return name
  }

  private func versionList() throws -> [String] {
    var table = TextTable(
      header: ["", "version", "state", "embedded", "pending", "from"], right: [3, 4])
    for version in try store.versions() {
      let isUsed = settings.version.map { $0 == version.name } ?? version.isActive
      table.add([
        isUsed ? ">" : "", version.name, version.isActive ? "active" : version.state,
        Figures.grouped(version.embeddedCount), Figures.grouped(version.pendingCount),
        version.origin,
      ])
    }
    return table.lines
  }

  private func passage(_ id: String, on page: AnswerText) throws -> [String] {
    guard let passage = try store.passages([id]).first else { return [] }
    if settings.isJSON { return [try JSONOutput.line(passage)] }
    guard page.isTerminal else { return ["\(passage.id)\t\(passage.text)"] }
    let words = QueryWords(last?.query ?? "")
    return [page.style.bold(page.shown(passage.id))] + page.passage(passage.text, marking: words)
  }
}
