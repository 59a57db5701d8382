internal import Pawl

/// The whole check of a store by this program once more: damaged pages may crash the process that reads.
enum CheckedStore {
  /// What `pawl check` finds in the store at `path`.
  ///
  /// - Parameters:
  ///   - name: what people call it; nil: its path.
  ///   - left: how things are where it is stopped: "no copy was made".
  /// - Throws: the child's own status where it could not even begin; it has said why.
  static func check(
    _ path: String, _ progress: CommandProgress, name: String? = nil, left: String
  ) throws -> CheckFigures {
    progress.say("checking \(name ?? path)")
    var reader = CheckReader(
      isQuiet: true, stopped: "the check was stopped; \(left), and the same command begins anew")
    return CheckFigures(try reader.read(storeAt: path))
  }
}
