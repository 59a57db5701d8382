internal import FoundationEssentials
internal import LMDB

/// The records that could be read, and the keys of those that are there but could not.
struct CheckedRecords {
  var store: StoreRecord?
  /// Format 1 does not count texts.
  var countsTexts = false
  var dictionaries: [UInt8: TextDictionary] = [:]
  var spaces: [String: SpaceRecord] = [:]
  var indexes: [UInt32: IndexRecord] = [:]
  var versions: [String: VersionRecord] = [:]
  var history: [UInt64: HistoryRecord] = [:]
  var active: String?
  /// Some command is at work.
  var hasJobs = false
  /// "space abc…", "index 1", …
  var unreadable: Set<String> = []
}

extension StoreCheck {
  /// Reads all records.
  ///
  /// - Throws: `StoreError.newerFormat`.
  mutating func checkRecords(_ snapshot: borrowing Snapshot) throws {
    try checkStoreRecord(snapshot)
    let expected = StoreTables.names(ofFormat: records.store?.format ?? Store.format)
    for name in expected where tables[name] == nil {
      report(.tableMissing, "table \(name)", "it is missing")
    }
    checkDictionaries(snapshot)
    readRecords(SpaceRecord.self, "spaces", snapshot) { $0.spaces[$1.described] = $2 }
    readRecords(IndexRecord.self, "indexes", snapshot) {
      if let id = $1.bigEndianUInt32(at: 0) { $0.indexes[id] = $2 }
    }
    readRecords(VersionRecord.self, "versions", snapshot) { $0.versions[$1.described] = $2 }
    readRecords(HistoryRecord.self, "history", snapshot) {
      if let sequence = $1.bigEndianUInt64(at: 0) { $0.history[sequence] = $2 }
    }
    readRecords(PointerRecord.self, "pointer", snapshot) {
      if $1.described == "active" { $0.active = $2.version }
    }
  }

  private mutating func checkStoreRecord(_ snapshot: borrowing Snapshot) throws {
    guard var walk = walk("meta", snapshot) else { return }
    var isThere = false
    while advance(&walk, "meta") {
      let name = walk.key.text
      if name == "store" { isThere = true }
      guard let value = value(walk, "meta") else { continue }
      if name == "settings" { checkSettings(value) }
      guard name == "store",
        let format = decode(FormatRecord.self, value, "the store's record")?.format
      else { continue }
      guard format <= Store.format else {
        throw StoreError.newerFormat(path: path, found: format, known: Store.format)
      }
      if format == 1 {
        if let old = decode(StoreRecord1.self, value, "the store's record") {
          records.store = StoreRecord(
            format: 1, created: old.created, nextRow: old.nextRow, textSizeInBytes: 0)
        }
      } else {
        records.store = decode(StoreRecord.self, value, "the store's record")
        records.countsTexts = true
      }
    }
    if !isThere, !incomplete.contains("meta") {
      report(.recordMissing, "the store's record", "it is missing")
    }
  }

  private mutating func checkSettings(_ value: Span<UInt8>) {
    let object = "the settings"
    guard let settings = decode(SettingsRecord.self, value, object) else { return }
    var checked = SettingsRecord()
    for setting in Setting.allCases {
      let value = settings.given(setting).map(Setting.text)
      if !checked.set(setting, value) {
        report(.settings, object, "\(setting.rawValue) cannot be \(value ?? "nothing")")
      }
    }
  }

  /// - Parameter keep: stores a record that could be read under its key.
  mutating func readRecords<Record: Decodable>(
    _ type: Record.Type, _ table: String, _ snapshot: borrowing Snapshot,
    keep: (inout CheckedRecords, Span<UInt8>, Record) -> Void
  ) {
    guard var walk = walk(table, snapshot) else { return }
    while advance(&walk, table) {
      let object = StoreObject.name(of: walk.key, in: table)
      guard let value = value(walk, table) else {
        records.unreadable.insert(object)
        continue
      }
      guard hasForm(walk.key, nil, table) else { continue }
      guard let record = decode(type, value, object) else {
        records.unreadable.insert(object)
        continue
      }
      keep(&records, walk.key, record)
    }
  }

  private mutating func checkDictionaries(_ snapshot: borrowing Snapshot) {
    guard var walk = walk("dictionaries", snapshot) else { return }
    while advance(&walk, "dictionaries") {
      let object = StoreObject.name(of: walk.key, in: "dictionaries")
      guard hasForm(walk.key, nil, "dictionaries") else { continue }
      let id = walk.key[0]
      guard let value = value(walk, "dictionaries") else {
        records.unreadable.insert(object)
        continue
      }
      let content = unsafe value.withUnsafeBufferPointer { unsafe Array($0) }
      // Without the magic number zstd takes any bytes for a dictionary.
      let isOurs = (1...254).contains(id) && content.starts(with: TextDictionary.magic)
      if isOurs, let dictionary = TextDictionary(id: id, content: content) {
        records.dictionaries[id] = dictionary
      } else {
        records.unreadable.insert(object)
        report(.dictionary, object, "zstd does not accept it, and no text made with it can be read")
      }
    }
  }

  /// A record; nil, with a problem reported, where it is none.
  mutating func decode<Record: Decodable>(
    _ type: Record.Type, _ value: Span<UInt8>, _ object: String
  ) -> Record? {
    let data = unsafe value.withUnsafeBytes { unsafe Data($0) }
    do { return try JSONDecoder().decode(type, from: data) } catch {
      let problem =
        switch error as? DecodingError {
        case .keyNotFound(let key, _): "it lacks \"\(key.stringValue)\""
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
          "\"\(context.codingPath.map(\.stringValue).joined(separator: "."))\" is of another type"
        default: "it is no JSON of such a record"
        }
      report(.recordUnreadable, object, problem)
      return nil
    }
  }
}

extension TextDictionary {
  /// What every zstd dictionary that was trained begins with (RFC 8878, section 5).
  fileprivate static let magic: [UInt8] = [0x37, 0xA4, 0x30, 0xEC]
}
