internal import Corpus
internal import LMDB

/// A stored passage, and where it lies.
public struct StoredPassage: Sendable, Equatable, Encodable {
  public let id: String
  public let text: String
  public let row: UInt32
  /// Bytes of its record.
  public let storedSizeInBytes: Int
  /// Whether the active version has its code.
  public let isEmbedded: Bool
}

extension Store {
  /// Which of these ids are stored.
  func storedIDs(among ids: Set<Identifier>) throws -> Set<Identifier> {
    let snapshot = try environment.snapshot()
    var stored: Set<Identifier> = []
    for id in ids where try tables.ids.contains(Key(id.text), in: snapshot) { stored.insert(id) }
    return stored
  }

  /// The passages with these ids, in this order.
  ///
  /// - Throws: `StoreError.noPassage` for the first id that is not there.
  public func passages(_ ids: [String]) throws -> [StoredPassage] {
    let snapshot = try environment.snapshot()
    var reader = try RowReader(self, in: snapshot)
    let embeddedBelow = try firstPendingRow(in: snapshot)
    var passages: [StoredPassage] = []
    for id in ids {
      guard let row = try checkedRow(of: Identifier(id), in: snapshot) else {
        throw StoreError.noPassage(path: path, id: id)
      }
      let size = try tables.rows.value(of: Key(row), in: snapshot)?.count ?? 0
      let text = try reader.text(of: row, in: snapshot)
      passages.append(
        StoredPassage(
          id: id, text: String(decoding: text, as: UTF8.self), row: row, storedSizeInBytes: size,
          isEmbedded: row < embeddedBelow))
    }
    return passages
  }
}
