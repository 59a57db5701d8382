internal import Pawl

/// The whole check of a store by this program once more: damaged pages may crash the process that reads.
enum CheckedStore {
  /// What `pawl check` finds in the store at `path`.
  ///
  /// - Throws: the child's own status where it could not even begin; it has said why.
  static func check(_ path: String, _ progress: CommandProgress) throws -> CheckFigures {
    progress.say("checking \(path)")
    var reader = CheckReader(isQuiet: true)
    return CheckFigures(try reader.read(storeAt: path))
  }
}
