internal import LMDB

/// What a store can be set to.
public enum Setting: String, Sendable, CaseIterable {
  /// The recall of searches that do not say how much they want.
  case recall
  // Bounds of the gate, in the order of its lines.
  case gateQueries = "gate-queries"
  case gateEffect = "gate-effect"
  case gateLoss = "gate-loss"
  case gateSlice = "gate-slice"
  case gateForgetting = "gate-forgetting"
  case gateRecall = "gate-recall"
  case gateCodec = "gate-codec"
  case gateLatency = "gate-latency"
  case gateBytes = "gate-bytes"
  case gateRank = "gate-rank"
  case gateCosine = "gate-cosine"

  /// What it decides, and the values that it takes.
  public var purpose: String {
    switch self {
    case .recall: "the recall of searches that name none, above 0 and up to 1"
    case .gateQueries: "judged queries that a promotion takes at least, 2 or more"
    case .gateEffect: "what the first metric has to rise by, 0 to 1"
    case .gateLoss: "what recall@100 and ndcg@10 may fall by, 0 to 1"
    case .gateSlice: "what a slice of the queries may fall by, 0 to 1"
    case .gateForgetting: "what a set with the role probe may fall by, 0 to 1"
    case .gateRecall: "the share of exact search's best ten that the index has to find, 0 to 1"
    case .gateCodec: "what codes may cost the first metric, 0 to 1"
    case .gateLatency: "how many times as long a query may take, 0 or more"
    case .gateBytes: "how many times as many bytes a passage may take, 0 or more"
    case .gateRank: "the share of the effective rank that has to be left, 0 to 1"
    case .gateCosine: "what the mean cosine of two passages may rise by, 0 to 2"
    }
  }

  var usual: Double {
    switch self {
    case .recall, .gateRecall: 0.98
    case .gateQueries: 1_000
    case .gateEffect, .gateForgetting: 0.01
    case .gateLoss: 0.005
    case .gateSlice: 0.03
    case .gateCodec: 0.002
    case .gateLatency, .gateBytes: 1.1
    case .gateRank: 0.8
    case .gateCosine: 0.1
    }
  }

  public var usualValue: String { Self.text(usual) }

  fileprivate func takes(_ value: Double) -> Bool {
    switch self {
    case .recall: value > 0 && value <= 1
    case .gateQueries: value >= 2 && value <= 1e9 && value == value.rounded()
    case .gateLatency, .gateBytes: value >= 0 && value.isFinite
    case .gateCosine: (0...2).contains(value)
    default: (0...1).contains(value)
    }
  }

  static func text(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }
}

/// `meta` "settings": what somebody has set; what is missing is as usual.
struct SettingsRecord: Codable, Equatable {
  var recall: Double?
  /// Of all settings but recall, by name.
  var others: [String: Double]?

  var usualRecall: Double { self[.recall] }

  var isEmpty: Bool { recall == nil && others?.isEmpty ?? true }

  /// What holds: as somebody has set it, else as usual.
  subscript(setting: Setting) -> Double { given(setting) ?? setting.usual }

  /// Nil where nobody has set it.
  func given(_ setting: Setting) -> Double? {
    setting == .recall ? recall : others?[setting.rawValue]
  }

  /// - Returns: whether the setting can have that value.
  mutating func set(_ setting: Setting, _ value: String?) -> Bool {
    let number = value.flatMap { Double($0) }
    if value != nil {
      guard let number, setting.takes(number) else { return false }
    }
    if setting == .recall {
      recall = number
    } else {
      others = others ?? [:]
      others?[setting.rawValue] = number
      if others?.isEmpty ?? false { others = nil }
    }
    return true
  }
}

extension Store {
  /// The value of a setting; nil where nobody has set it.
  public func value(of setting: Setting) throws -> String? {
    try settingsRecord(in: environment.snapshot()).given(setting).map(Setting.text)
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
