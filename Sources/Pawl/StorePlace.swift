internal import Glibc

/// Where a store is or is to be: absolute and free of links, so that places can be compared.
struct StorePlace: Equatable {
  let path: String

  var parent: String { Self.parent(of: path) }
  /// The last part of the path.
  var name: String {
    String(path[path.index(after: path.lastIndex(of: "/") ?? path.startIndex)...])
  }

  /// A place that need not be taken, in a folder that is there.
  ///
  /// - Throws: `StoreError.fileSystem` where that folder is not there.
  init(_ given: String) throws(StoreError) {
    let trimmed = Self.withoutTrailingSlashes(given)
    if let whole = Self.resolved(trimmed) {
      path = whole
      return
    }
    let code = errno
    guard let folder = Self.resolved(Self.parent(of: trimmed)) else {
      throw .fileSystem(
        path: Self.parent(of: trimmed), operation: "find the folder", code: code,
        reason: unsafe String(cString: strerror(code)))
    }
    let name = trimmed[
      (trimmed.lastIndex(of: "/").map(trimmed.index(after:)) ?? trimmed.startIndex)...]
    path = (folder == "/" ? "" : folder) + "/" + name
  }

  /// - Throws: `StoreError.nested` where one of the two is the other or lies within it.
  func requireOutside(_ other: StorePlace) throws(StoreError) {
    if path == other.path || path.hasPrefix(other.path + "/") {
      throw .nested(path: path, other: other.path)
    }
    if other.path.hasPrefix(path + "/") { throw .nested(path: other.path, other: path) }
  }

  static func withoutTrailingSlashes(_ path: String) -> String {
    String(path[..<(path.lastIndex { $0 != "/" }.map(path.index(after:)) ?? path.endIndex)])
  }

  static func parent(of path: String) -> String {
    guard let separator = path.lastIndex(of: "/") else { return "." }
    return separator == path.startIndex ? "/" : String(path[..<separator])
  }

  /// Nil where nothing is there, with errno set.
  private static func resolved(_ path: String) -> String? {
    guard let real = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }
}
