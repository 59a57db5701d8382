internal import Glibc
internal import LMDB

/// A folder that is filled beside the place where it belongs and moved there when it is whole.
///
/// Its name says which process fills it, and as long as one does it holds the folder's lock: so what a
/// killed one left can be told and removed, by processes of other containers, too, which see other
/// process numbers.
final class PartialFolder {
  /// Where it belongs.
  let target: String
  let path: String
  private let lock: OpenLock

  static let infix = ".partial-"
  /// Whoever asks whether the folder is being filled holds its lock for microseconds.
  private static let patience = Duration.seconds(1)

  /// Makes it, and removes what earlier processes left for the same place.
  ///
  /// - Throws: `StoreError.exists` where the place is taken.
  convenience init(for target: String) throws {
    if Files.isTaken(target) { throw StoreError.exists(path: target) }
    try self.init(beside: target)
  }

  /// Makes it beside a place that may be taken.
  init(beside target: String) throws {
    let parent = StorePlace.parent(of: target)
    guard Files.exists(parent) else {
      throw StoreError.fileSystem(
        path: parent, operation: "find the folder", code: ENOENT, reason: "it is not there")
    }
    for leftover in Self.leftovers(of: target) { Files.removeTree(leftover) }
    self.target = target
    path = Self.path(for: target)
    try Files.makeNewFolder(path)
    do { lock = try OpenLock(path: path, kind: .shared, waitingAtMost: Self.patience) } catch {
      Files.removeTree(path)
      throw error
    }
  }

  /// Where this process fills it.
  static func path(for target: String) -> String { target + infix + "\(getpid())" }

  /// Moves it to its place, for good.
  ///
  /// - Throws: `StoreError.exists` where the place has been taken meanwhile.
  func publish() throws {
    try Files.synchronize(folder: path)
    guard try AtomicRename.toFreeName(path, target) else { throw StoreError.exists(path: target) }
    try Files.synchronize(folder: StorePlace.parent(of: target))
  }

  func discard() { Files.removeTree(path) }

  /// Such folders for that place that nobody fills.
  static func leftovers(of target: String) -> [String] {
    let parent = StorePlace.parent(of: target)
    let name = target.split(separator: "/").last.map(String.init) ?? target
    return Files.names(in: parent).compactMap { candidate in
      guard candidate.hasPrefix(name + infix),
        let process = Int32(candidate.dropFirst(name.count + infix.count))
      else { return nil }
      let path = "\(parent)/\(candidate)"
      // In a container, every run may have the same number.
      let isSomebodyElse = process != getpid() && Process.isAlive(process)
      return isSomebodyElse || isBeingFilled(path) ? nil : path
    }
  }

  /// Whether a process fills the folder.
  static func isBeingFilled(_ path: String) -> Bool {
    Files.isOwnFolder(path) && OpenLock.isHeld(path)
  }

  /// Whether a path that a job's record names is a folder that a process of that number was filling: the
  /// record is data, which must not make gc remove anything else.
  static func isLeftover(_ path: String, of process: Int32) -> Bool {
    let known: Set = ["data.mdb", "lock.mdb", "writer.lock", "checkpoints"]
    return path.hasPrefix("/") && path.hasSuffix("\(infix)\(process)") && Files.isOwnFolder(path)
      && known.isSuperset(of: Files.names(in: path)) && !isBeingFilled(path)
  }
}
