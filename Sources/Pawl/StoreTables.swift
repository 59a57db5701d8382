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
  let centroids: Table
  let lists: Table
  let directory: Table
  let places: Table
  let calibration: Table
  let versions: Table
  let history: Table
  let pointer: Table
  let sets: Table
  let jobs: Table
  let adapters: Table
  let used: Table

  static let names = [
    "meta", "dictionaries", "rows", "ids", "texts", "updates", "spaces", "indexes", "fresh",
    "centroids", "lists", "directory", "places", "calibration", "versions", "history", "pointer",
    "sets", "jobs", "adapters", "used",
  ]

  /// Those of them that stores of format 1 do not have.
  static let sinceFormat2 = ["sets", "jobs"]
  /// Those that stores of format 2 do not have either.
  static let sinceFormat3 = ["centroids", "lists", "directory", "places", "calibration"]
  /// Those that stores of formats 3 and 4 do not have either.
  static let sinceFormat5 = ["adapters", "used"]

  /// The tables of a store of that format.
  static func names(ofFormat format: Int) -> [String] {
    let missing =
      (format < 2 ? sinceFormat2 : []) + (format < 3 ? sinceFormat3 : [])
      + (format < 5 ? sinceFormat5 : [])
    return names.filter { !missing.contains($0) }
  }

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
    centroids = try find("centroids")
    lists = try find("lists")
    directory = try find("directory")
    places = try find("places")
    calibration = try find("calibration")
    versions = try find("versions")
    history = try find("history")
    pointer = try find("pointer")
    sets = try find("sets")
    jobs = try find("jobs")
    adapters = try find("adapters")
    used = try find("used")
  }

  var all: [Table] {
    [
      meta, dictionaries, rows, ids, texts, updates, spaces, indexes, fresh, centroids, lists,
      directory, places, calibration, versions, history, pointer, sets, jobs, adapters, used,
    ]
  }

  /// What an index consists of: their pages are its size.
  var ofIndexes: [Table] {
    [indexes, fresh, centroids, lists, directory, places, calibration]
  }
}
