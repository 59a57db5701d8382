internal import LMDB

/// The tables of a store; ARCHIVE.md draws their keys and values.
struct StoreTables: Sendable {
  let meta: Table
  let dictionaries: Table
  let rows: Table
  let ids: Table
  let texts: Table
  let updates: Table
  let spaces: Table
  let indexes: Table
  let fresh: Table
  let versions: Table
  let history: Table
  let pointer: Table
  let sets: Table
  let jobs: Table

  static let names = [
    "meta", "dictionaries", "rows", "ids", "texts", "updates", "spaces", "indexes", "fresh",
    "versions", "history", "pointer", "sets", "jobs",
  ]

  /// Those of them that stores of format 1 do not have.
  static let sinceFormat2 = ["sets", "jobs"]

  /// - Parameter find: the table of a name.
  init<E>(_ find: (String) throws(E) -> Table) throws(E) {
    meta = try find("meta")
    dictionaries = try find("dictionaries")
    rows = try find("rows")
    ids = try find("ids")
    texts = try find("texts")
    updates = try find("updates")
    spaces = try find("spaces")
    indexes = try find("indexes")
    fresh = try find("fresh")
    versions = try find("versions")
    history = try find("history")
    pointer = try find("pointer")
    sets = try find("sets")
    jobs = try find("jobs")
  }

  var all: [Table] {
    [
      meta, dictionaries, rows, ids, texts, updates, spaces, indexes, fresh, versions, history,
      pointer, sets, jobs,
    ]
  }
}
