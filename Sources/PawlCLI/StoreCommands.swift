internal import ArgumentParser
internal import Pawl

struct GetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get", abstract: "Print stored passages, and where they lie.",
    discussion: """
      Ids that begin with - go behind --.

      Example:
        pawl get demo.pawl ghostscript pdftk-java
        pawl get demo.pawl -- -an-id
      """)

  @OptionGroup var target: StoreArgument
  @Argument(help: ArgumentHelp("Ids of passages.", valueName: "pid"))
  var ids: [String]
  @OptionGroup var output: OutputOptions

  func run() throws {
    let store = try Store(path: target.store, access: .reading)
    for passage in try store.passages(ids) {
      if output.json {
        Output.line(try JSONOutput.line(passage))
        continue
      }
      Output.line("\(Terminal.shown(passage.id))\t\(Terminal.shown(passage.text))")
      Terminal.error(place(of: passage))
    }
  }

  private func place(of passage: StoredPassage) -> String {
    let place = "row \(passage.row), \(Figures.count(passage.storedSizeInBytes, "byte"))"
    if passage.text.isEmpty { return place + ", no text: its vector was made elsewhere" }
    let share = 100 * Double(passage.storedSizeInBytes) / Double(passage.text.utf8.count)
    return place + " (\(Figures.fixed(share, 0)) % of the text), "
      + (passage.isEmbedded ? "embedded" : "not embedded yet")
  }
}

struct VersionsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "versions", abstract: "List the encoder versions of a store.",
    discussion: """
      Each below the one it was made of. * serves, - is what a rollback goes to. The score is MRR@10 on the \
      queries that its training kept back, its parent's first.

      Example:
        pawl versions demo.pawl
      """)

  @OptionGroup var target: StoreArgument
  @OptionGroup var output: OutputOptions

  func run() throws {
    let versions = try Store(path: target.store, access: .reading).versions()
    if output.json {
      Output.line(try JSONOutput.line(["versions": versions]))
      return
    }
    var table = TextTable(
      header: [
        "", "version", "state", "embedded", "pending", "codec", "size", "lists", "tokens", "score",
        "from",
      ], right: [3, 4, 6, 7, 8])
    for (version, depth) in Self.tree(versions) {
      table.add([
        version.isActive ? "*" : version.isPrevious ? "-" : "",
        String(repeating: "  ", count: depth) + version.name, version.state,
        Figures.grouped(version.embeddedCount), Figures.grouped(version.pendingCount),
        version.codec, Figures.bytes(version.codeSizeInBytes),
        version.clustering.map { Figures.grouped($0.listCount) } ?? "-",
        version.hasEncoder ? "\(version.maxLength)" : "-",
        version.training.map {
          "\(Figures.fixed($0.parent, 4)) → \(Figures.fixed($0.metric, 4))"
        } ?? "", version.origin,
      ])
    }
    for line in table.lines { Output.line(line) }
  }

  /// Each version behind its parent, with how many ancestors it has.
  static func tree(
    _ versions: [StoreStatistics.Version]
  ) -> [(version: StoreStatistics.Version, depth: Int)] {
    let names = Set(versions.map(\.name))
    let children = Dictionary(grouping: versions) { version in
      version.parent.flatMap { names.contains($0) ? $0 : nil } ?? ""
    }
    var rows: [(version: StoreStatistics.Version, depth: Int)] = []
    var waiting = (children[""] ?? []).reversed().map { (version: $0, depth: 0) }
    while let next = waiting.popLast() {
      rows.append(next)
      waiting += (children[next.version.name] ?? []).reversed().map { ($0, next.depth + 1) }
    }
    return rows
  }
}

struct StatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats", abstract: "Show what a store holds and what it takes.",
    discussion: """
      Example:
        pawl stats demo.pawl
      """)

  @OptionGroup var target: StoreArgument
  @OptionGroup var output: OutputOptions

  func run() throws {
    let figures = try Store(path: target.store, access: .reading).statistics()
    if output.json {
      Output.line(try JSONOutput.line(figures))
      return
    }
    for line in StatisticsText(store: target.store, figures: figures).lines { Output.line(line) }
  }
}
