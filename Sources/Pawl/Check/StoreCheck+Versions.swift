extension StoreCheck {
  /// What a version's record may say about it.
  private static let states: Set<String> = [
    "trained", "indexing", "ready", VersionRecord.collected,
  ]

  /// Versions with the spaces, indexes and versions that they name; pointer and history.
  mutating func checkVersions() {
    begin("versions")
    for (key, version) in records.versions.sorted(by: { $0.key < $1.key }) {
      check(version, at: key)
    }
    checkSpaces()
    let named = Set(records.versions.values.filter { !$0.isCollected }.map(\.index))
    for (id, index) in records.indexes.sorted(by: { $0.key < $1.key })
    where index.state == nil && !named.contains(id) && areWhole("versions", "version") {
      report(.indexUnnamed, StoreObject.index(id), "no version names it")
    }
    checkPointer()
    checkHistory()
  }

  /// Indexes that a killed reindex left take room, but nothing is wrong with the store.
  mutating func noteAbandonedIndexes() {
    if records.hasJobs { return }
    for (id, index) in records.indexes.sorted(by: { $0.key < $1.key }) where index.state != nil {
      report.notes.append("index \(id) belongs to no version: pawl gc removes it")
    }
  }

  private mutating func check(_ version: VersionRecord, at key: String) {
    let object = "version \(key)"
    if version.name != key {
      report(.versionName, object, "its record is that of \(version.name)")
    }
    if !Self.states.contains(version.state) {
      report(.versionState, object, "it is in the state \"\(version.state)\", which there is not")
    }
    if let parent = version.parent, records.versions[parent] == nil,
      areWhole("versions", "version")
    {
      report(.versionParent, object, "its parent \(parent) is not there")
    }
    if version.isCollected { return }
    for space in Set([version.space, version.querySpace]).sorted()
    where records.spaces[space] == nil && areWhole("spaces", "space") {
      report(.versionSpace, object, "its space \(space) is not there")
    }
    if let space = records.spaces[version.querySpace], space.checkpoint != version.checkpoint {
      report(
        .versionSpace, object,
        version.checkpoint == nil
          ? "it has no encoder of queries, but its space one of passages"
          : space.checkpoint == nil
            ? "it has an encoder of queries, but its space none of passages"
            : "its encoder of queries is not that of the space \(space.id)")
    }
    if version.bridge != nil, version.adapter == nil {
      report(
        .versionAdapter, object, "nothing leads from its queries' space to that of its vectors")
    }
    if let index = records.indexes[version.index] {
      if index.space != version.space {
        report(.versionIndex, object, "its index \(version.index) is of another space")
      }
      if let state = index.state {
        report(.versionIndex, object, "its index \(version.index) is \(state.rawValue)")
      }
    } else if areWhole("indexes", "index") {
      report(.versionIndex, object, "its index \(version.index) is not there")
    }
  }

  private mutating func checkSpaces() {
    for (key, space) in records.spaces.sorted(by: { $0.key < $1.key }) {
      if space.id != key {
        report(.spaceDigest, "space \(key)", "its record has the digest \(space.id)")
      }
      if space.checkpoint != nil, space.files.isEmpty {
        report(.spaceFiles, "space \(key)", "it names no file of its model")
      }
      if space.checkpoint == nil, !space.files.isEmpty {
        report(.spaceFiles, "space \(key)", "it names files, but no model")
      }
    }
  }

  private mutating func checkPointer() {
    let object = "the pointer to the active version"
    guard let active = records.active else {
      if areWhole("pointer", object) { report(.recordMissing, object, "it is missing") }
      return
    }
    guard let version = records.versions[active] else {
      if areWhole("versions", "version") {
        report(.pointer, object, "it names version \(active), which is not there")
      }
      return
    }
    if version.state != "ready" {
      report(.pointer, object, "it names version \(active), which is \(version.state)")
    }
  }

  /// Entries are numbered from 1 without gaps, and after them the active version serves.
  private mutating func checkHistory() {
    guard areWhole("history", "history") else { return }
    let sequences = records.history.keys.sorted()
    if let (place, sequence) = sequences.enumerated().first(where: { $1 != UInt64($0) + 1 }) {
      return report(
        .history, "the history", "entry \(place + 1) is missing: the next one is \(sequence)")
    }
    let serving = Store.servingStack(of: sequences.compactMap { records.history[$0] }).last
    if let active = records.active, serving != active {
      report(
        .history, "the history",
        "after its last entry \(serving ?? "no version") serves, but \(active) does")
    }
  }

  /// Whether all records of a table could be read, so that what is not among them is not there.
  func areWhole(_ table: String, _ prefix: String) -> Bool {
    !incomplete.contains(table) && !records.unreadable.contains { $0.hasPrefix(prefix) }
  }
}
