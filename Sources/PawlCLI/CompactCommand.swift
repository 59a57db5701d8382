internal import ArgumentParser
internal import Pawl

struct CompactCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compact", abstract: "Write a store's database anew, without gaps.",
    discussion: """
      Gives the space of deleted and updated passages back and renumbers the rows; answers stay the \
      same. Nobody else may have the store open. Killed half-way, the store is as it was.

      Example:
        pawl compact demo.pawl --retrain
      """)

  @OptionGroup var target: StoreArgument
  @Flag(help: "Train a new dictionary on the texts of today and compress all of them with it.")
  var retrain = false
  @OptionGroup var waiting: WaitOption
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var output: OutputOptions

  func run() throws {
    var options = CompactionOptions()
    options.retrains = retrain
    let summary = try CommandProgress.during(isQuiet: quiet) { line in
      try waiting.run { patience in
        options.patience = patience
        return try Store.compact(target.store, options) { line.show($0) }
      }
    }
    let report = CompactionReport(summary)
    if output.json {
      Output.line(try JSONOutput.line(report))
    } else {
      Output.line("\(target.store): \(report.text)")
    }
    if retrain, !summary.isRetrained {
      Terminal.error("too few texts to train a dictionary on: they stay as they were")
    }
  }
}

/// What a compaction did, for people and as JSON.
private struct CompactionReport: Encodable {
  let rows: Int
  let rowNumbersBefore: Int
  let bytesBefore: Int
  let bytesAfter: Int
  let retrained: Bool
  let seconds: Double
  let rowsPerSecond: Double

  init(_ summary: CompactionSummary) {
    rows = summary.rowCount
    rowNumbersBefore = summary.rowNumbersBefore
    bytesBefore = summary.bytesBefore
    bytesAfter = summary.bytesAfter
    retrained = summary.isRetrained
    seconds = summary.seconds
    rowsPerSecond = Double(rows) / max(seconds, 1e-9)
  }

  var text: String {
    Figures.count(rows, "passage")
      + (rows == rowNumbersBefore ? ", " : " of \(Figures.grouped(rowNumbersBefore)) row numbers, ")
      + "\(Figures.bytes(bytesBefore)) → \(Figures.bytes(bytesAfter)) in "
      + "\(Figures.fixed(seconds, 1)) s (\(Figures.grouped(Int(rowsPerSecond))) passages/s)"
  }
}
