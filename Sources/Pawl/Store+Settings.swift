internal import LMDB

/// What a store can be set to.
public enum Setting: String, Sendable, CaseIterable {
  /// The recall of searches that do not say how much they want.
  case recall

  /// What it decides, and the values that it takes.
  public var purpose: String {
    switch self {
    case .recall: "the recall of searches that name none, above 0 and up to 1"
    }
  }

  public var usualValue: String {
    switch self {
    case .recall: "\(SettingsRecord.usualRecall)"
    }
  }
}

/// `meta` "settings": what somebody has set; what is missing is as usual.
struct SettingsRecord: Codable, Equatable {
  var recall: Double?

  static let usualRecall = 0.98

  var usualRecall: Double { recall ?? Self.usualRecall }

  var isEmpty: Bool { self == SettingsRecord() }

  subscript(setting: Setting) -> String? {
    switch setting {
    case .recall: recall.map { "\($0)" }
    }
  }

  /// - Returns: whether the setting can have that value.
  mutating func set(_ setting: Setting, _ value: String?) -> Bool {
    switch setting {
    case .recall:
      guard let value else {
        recall = nil
        return true
      }
      guard let share = Double(value), share > 0, share <= 1 else { return false }
      recall = share
      return true
    }
  }
}

extension Store {
  /// The value of a setting; nil where nobody has set it.
  public func value(of setting: Setting) throws -> String? {
    try settingsRecord(in: environment.snapshot())[setting]
  }

  /// Sets a setting for all searches of this store from the next one on.
  ///
  /// - Parameter value: nil for the usual one.
  /// - Throws: `StoreError.settingValue`.
  public func set(_ setting: Setting, to value: String?) throws {
    try growingMap {
      var write = try environment.beginWrite()
      var record = try settingsRecord(in: write)
      guard record.set(setting, value) else {
        throw StoreError.settingValue(setting: setting, value: value ?? "")
      }
      if record.isEmpty {
        try tables.meta.remove(SettingsRecord.key, in: &write)
      } else {
        try tables.meta.put(record: record, at: SettingsRecord.key, in: &write)
      }
      try write.commit()
    }
  }

  func settingsRecord<T: Transaction & ~Copyable>(
    in transaction: borrowing T
  ) throws -> SettingsRecord {
    try tables.meta.record(SettingsRecord.self, at: SettingsRecord.key, in: transaction)
      ?? SettingsRecord()
  }
}

extension SettingsRecord {
  static let key: Key = "settings"
}
