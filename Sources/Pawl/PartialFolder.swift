internal import Glibc
internal import LMDB

/// A folder that is filled beside the place where it belongs and moved there when it is whole.
///
/// Its name says which process fills it, so that what a killed one left can be told and removed.
struct PartialFolder {
  /// Where it belongs.
  let target: String
  let path: String

  static let infix = ".partial-"

  /// Makes it, and removes what earlier processes left for the same place.
  ///
  /// - Throws: `StoreError.exists` where the place is taken.
  init(for target: String) throws {
    if Files.isTaken(target) { throw StoreError.exists(path: target) }
    try self.init(beside: target)
  }

  /// Makes it beside a place that may be taken.
  init(beside target: String) throws {
    for leftover in Self.leftovers(of: target) { Files.removeTree(leftover) }
    self.target = target
    path = target + Self.infix + "\(getpid())"
    try Files.makeNewFolder(path)
  }

  /// Moves it to its place, for good.
  ///
  /// - Throws: `StoreError.exists` where the place has been taken meanwhile.
  func publish() throws {
    try Files.synchronize(folder: path)
    guard try AtomicRename.toFreeName(path, target) else { throw StoreError.exists(path: target) }
    try Files.synchronize(folder: StorePlace.parent(of: target))
  }

  func discard() { Files.removeTree(path) }

  /// Such folders for that place whose process is gone.
  static func leftovers(of target: String) -> [String] {
    let parent = StorePlace.parent(of: target)
    let name = target.split(separator: "/").last.map(String.init) ?? target
    return Files.names(in: parent).filter { candidate in
      guard candidate.hasPrefix(name + infix),
        let process = Int32(candidate.dropFirst(name.count + infix.count))
      else { return false }
      return !Process.isAlive(process)
    }.map { "\(parent)/\($0)" }
  }
}
