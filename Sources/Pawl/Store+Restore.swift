internal import LMDB

/// What a restore did.
public struct RestoreSummary: Sendable, Equatable {
  public internal(set) var copy = CopySummary()
  /// Where the store lies now that was there before; nil where there was none.
  public internal(set) var replacedPath: String?
}

/// How a restore treats what is there.
public struct RestoreOptions: Sendable {
  /// Put it in place of a store, which is kept under another name.
  public var replaces = false
  /// How long to wait for others that have that store open.
  public var patience = Environment.writerPatience
  /// Whether to let two names change places in one step where the file system can.
  var exchanges = true

  public init() {}
}

extension Store {
  /// Puts a checked copy of the store at `source` at `given`.
  ///
  /// The copy is filled beside `given`. Killed at any moment there is the old store, or the new one, or,
  /// on file systems that cannot exchange two names, for a moment none but both under names that
  /// the next command tells.
  /// - Parameter check: the whole check of `source`, before anything is copied.
  /// - Throws: `StoreError.checkFailed` for a damaged source, `.wouldReplace`, `.nested`, `.noRoom`,
  ///   `.foreign` for something else in its place, `LMDBError.inUse`, or what the disk says.
  public static func restore(
    from source: String, to given: String, _ options: RestoreOptions = RestoreOptions(),
    check: StoreChecker = Store.checkHere, progress: @escaping ProgressHandler = { _ in true }
  ) throws -> RestoreSummary {
    do { try requireDatabase(in: source) } catch StoreError.notAStore {
      throw StoreError.noBackup(path: source)
    }
    let (place, origin) = (try StorePlace(given), try StorePlace(source))
    try place.requireOutside(origin)
    let isThere = Files.isTaken(place.path)
    if isThere {
      try requireDatabase(in: place.path)
      guard options.replaces else { throw StoreError.wouldReplace(path: given) }
      // Said before the work, not after it.
      _ = try OpenLock(path: place.path, kind: .alone, waitingAtMost: options.patience)
    }
    try check(source).requireClean(source)
    let folder =
      isThere ? try PartialFolder(beside: place.path) : try PartialFolder(for: place.path)
    var summary = RestoreSummary()
    do {
      let store = try Store(path: source, access: .reading)
      summary.copy = try StoreCopy(source: store, folder: folder.path, progress: progress).make()
      summary.copy.isVerified = true
      if isThere {
        summary.replacedPath = try folder.replaceTarget(options)
      } else {
        try folder.publish()
      }
    } catch {
      folder.discard()
      throw error
    }
    return summary
  }

  /// The error for a path without store beside which a restore left both the old and the new one.
  static func halfRestored(_ path: String) -> StoreError? {
    let path = StorePlace.withoutTrailingSlashes(path)
    let parent = StorePlace.parent(of: path)
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let names = Files.names(in: parent)
    guard names.contains(name + PartialFolder.restored),
      let replaced = PartialFolder.numbered(name + PartialFolder.replaced, in: names).last
    else { return nil }
    let prefix = path.contains("/") ? parent + (parent == "/" ? "" : "/") : ""
    return .halfRestored(
      path: path, restored: path + PartialFolder.restored, replaced: prefix + replaced)
  }
}

extension PartialFolder {
  static let replaced = ".replaced"
  static let restored = ".restored"

  /// Puts this folder in place of the store that is there, which gets a name of its own.
  ///
  /// - Returns: that name.
  /// - Throws: `LMDBError.inUse` where others keep the store open.
  func replaceTarget(_ options: RestoreOptions) throws -> String {
    let lock = try OpenLock(path: target, kind: .alone, waitingAtMost: options.patience)
    try Files.synchronize(folder: path)
    // The new store takes the name that the old one is to have, and then they change places: so the old
    // one never has a name under which leftovers are removed.
    let aside = try moveAside()
    let parent = StorePlace.parent(of: target)
    try Files.synchronize(folder: parent)
    if try !(options.exchanges && AtomicRename.exchange(aside, target)) {
      try exchangeInSteps(aside)
    }
    try Files.synchronize(folder: parent)
    _ = consume lock
    return aside
  }

  /// Moves this folder to the first free name of `target.replaced`, `target.replaced-2`, ….
  private func moveAside() throws -> String {
    var number = 1
    while true {
      let name = target + Self.replaced + (number == 1 ? "" : "-\(number)")
      if try AtomicRename.toFreeName(path, name) { return name }
      number += 1
    }
  }

  /// Where two names cannot be exchanged: three renames, each leaving both stores under names that
  /// `halfRestored` knows.
  private func exchangeInSteps(_ aside: String) throws {
    let restored = target + Self.restored
    guard try AtomicRename.toFreeName(aside, restored) else {
      // Back under the name of what is worthless without us.
      try Files.rename(aside, to: path)
      throw StoreError.exists(path: restored)
    }
    try Files.rename(target, to: aside)
    try Files.rename(restored, to: target)
  }

  /// Those of `names` that are `name` or `name-2`, `name-3`, …, in that order.
  static func numbered(_ name: String, in names: [String]) -> [String] {
    names.compactMap { candidate -> (Int, String)? in
      if candidate == name { return (1, candidate) }
      guard candidate.hasPrefix(name + "-"), let number = Int(candidate.dropFirst(name.count + 1))
      else { return nil }
      return (number, candidate)
    }.sorted { $0.0 < $1.0 }.map(\.1)
  }
}
