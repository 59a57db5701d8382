internal import ArgumentParser
internal import LMDB
internal import Pawl

struct BackupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Copy a store while it is in use.",
    discussion: """
      The copy is the store as one commit left it, with the models that it names, and is itself a \
      store. Others go on reading and writing meanwhile. DEST must not exist; it appears when all \
      of it is on the disk. --verify checks the whole copy first. Exit status 2, and no copy, where \
      damage is met.

      Example:
        pawl backup demo.pawl demo-backup.pawl --verify
      """)

  @OptionGroup var target: StoreArgument
  @Argument(help: ArgumentHelp("The new folder.", valueName: "dest"))
  var destination: String
  @Flag(help: "Check the whole copy before it gets its name.")
  var verify = false
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if destination.isEmpty { throw ValidationError("The copy needs a name.") }
  }

  func run() throws {
    do { try copy() } catch {
      guard let damage = StoreDamage(error, store: target.store) else { throw error }
      Terminal.error("pawl: \(damage)")
      throw ExitStatus.refused.code
    }
  }

  private func copy() throws {
    let store = try openedStore()
    let clock = ContinuousClock()
    let start = clock.now
    let summary = try CommandProgress.during(isQuiet: quiet) { line in
      let check: StoreChecker? =
        verify
        ? { try CheckedStore.check($0, line, name: "the copy", left: "no copy was made") } : nil
      return try store.backup(to: destination, check: check) { line.show($0) }
    }
    try CopyReport(summary, seconds: (clock.now - start) / .seconds(1))
      .show("\(target.store) → \(destination)", json: output.json)
  }

  /// For writing where possible, to note the job; a store that cannot be written can be copied, too.
  private func openedStore() throws -> Store {
    do { return try Store(path: target.store) } catch LMDBError.permissionDenied {
      return try Store(path: target.store, access: .reading)
    }
  }
}

/// What was copied, for people and as JSON.
struct CopyReport: Encodable {
  let passages: Int
  let codes: Int
  let versions: Int
  let checkpoints: Int
  let bytes: Int
  let verified: Bool
  let seconds: Double
  /// Where the store lies that was replaced.
  let replaced: String?

  init(_ summary: CopySummary, seconds: Double, replaced: String? = nil) {
    passages = summary.passageCount
    codes = summary.codeCount
    versions = summary.versionCount
    checkpoints = summary.checkpointCount
    bytes = summary.sizeInBytes
    verified = summary.isVerified
    self.seconds = seconds
    self.replaced = replaced
  }

  func show(_ what: String, json: Bool) throws {
    if json {
      Output.line(try JSONOutput.line(self))
      return
    }
    Output.line(
      "\(what): \(Figures.count(passages, "passage")), \(Figures.count(codes, "code")), "
        + "\(Figures.count(versions, "version")), \(Figures.bytes(bytes)) in "
        + "\(Figures.fixed(seconds, 1)) s"
        + (verified ? "; the copy was checked: all in order" : ""))
  }
}
