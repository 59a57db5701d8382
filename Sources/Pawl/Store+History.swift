internal import LMDB

/// What changed which version serves, or tried to by force.
public struct HistoryEntry: Sendable, Equatable, Encodable {
  public let sequence: Int
  /// "init", "promote", "force" or "rollback".
  public let action: String
  /// The version that serves since, and the one that did before.
  public let version: String
  public let previous: String?
  /// UTC.
  public let time: String
  public let user: String
  public let reason: String
  /// What the gate said; empty where it was not asked.
  public let gate: [GateReport.Line]
}

extension Store {
  /// All entries, the oldest first.
  public func history() throws -> [HistoryEntry] {
    try historyRecords(in: environment.snapshot()).map { sequence, record in
      HistoryEntry(
        sequence: Int(sequence), action: record.action, version: record.version,
        previous: record.previous, time: record.time, user: record.user, reason: record.reason,
        gate: record.gate ?? [])
    }
  }

  func historyRecords<T: Transaction & ~Copyable>(
    in transaction: borrowing T
  ) throws -> [(sequence: UInt64, record: HistoryRecord)] {
    var records: [(sequence: UInt64, record: HistoryRecord)] = []
    var cursor = try tables.history.cursor(in: transaction)
    while try cursor.next() {
      guard let sequence = cursor.key.bigEndianUInt64(at: 0) else {
        throw damaged("the history", "a key is no number")
      }
      records.append(
        (sequence, try Table.decode(HistoryRecord.self, cursor.value, table: "history")))
    }
    return records
  }

  /// Versions that served, the active one last: each promotion puts one on it, each rollback takes one off.
  func servingStack<T: Transaction & ~Copyable>(in transaction: borrowing T) throws -> [String] {
    Self.servingStack(of: try historyRecords(in: transaction).map(\.record))
  }

  static func servingStack(of records: [HistoryRecord]) -> [String] {
    var stack: [String] = []
    for record in records {
      if record.action == HistoryRecord.rollback {
        if stack.count > 1 { stack.removeLast() }
      } else {
        stack.append(record.version)
      }
    }
    return stack
  }

  /// The version to which a rollback goes; nil where there is none.
  func previousVersion<T: Transaction & ~Copyable>(
    in transaction: borrowing T
  ) throws -> String? {
    try servingStack(in: transaction).dropLast().last
  }

  /// Adds an entry behind all others.
  func append(_ record: HistoryRecord, in write: inout WriteTransaction) throws {
    let last = try historyRecords(in: write).last?.sequence ?? 0
    try tables.history.put(record: record, at: Key(last + 1), in: &write)
  }
}
