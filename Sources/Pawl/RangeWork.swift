internal import LMDB

/// What has to be done to code a range of rows: the texts to encode, each once, and for every row
/// where its code comes from.
struct RangeWork {
  enum Source {
    /// Text number so and so of `texts`; rows of the range that have the same text share it.
    case text(Int)
    /// A coded row before the range has the same text.
    case earlier(UInt32)
  }

  /// The rows that were looked at: fewer than asked for where their texts are long.
  let rows: Range<UInt32>
  private(set) var texts: [String] = []
  /// Rows that are not here were deleted.
  private(set) var sources: [UInt32: Source] = [:]

  /// Bytes of text in memory at once; at least one text, whatever its length.
  static let textLimitInBytes = 16 << 20

  /// Reads the rows' texts from a snapshot, which ends before anything is encoded.
  init(
    _ store: Store, _ wanted: Range<UInt32>, _ indexID: UInt32, in snapshot: borrowing Snapshot
  ) throws {
    let codes = try IndexCodes(store, indexID, in: snapshot)
    var reader = try RowReader(store, in: snapshot)
    var end = wanted.lowerBound
    var size = 0
    while end < wanted.upperBound, size < Self.textLimitInBytes {
      let row = end
      end += 1
      guard let text = try reader.textIfPresent(of: row, in: snapshot) else { continue }
      if let twin = try store.twin(of: row, text, &reader, in: snapshot) {
        if let source = sources[twin] {
          sources[row] = source
          continue
        }
        // A twin without a code is no help.
        if twin < wanted.lowerBound, try codes.hasCode(of: twin, in: snapshot) {
          sources[row] = .earlier(twin)
          continue
        }
      }
      sources[row] = .text(texts.count)
      texts.append(String(decoding: text, as: UTF8.self))
      size += text.count
    }
    rows = wanted.lowerBound..<end
  }
}

extension Store {
  /// Rows with an equal hash that are compared; more than one differing text is a chance of 2^-64.
  private static let likeRows = 4

  /// The lowest row with the same text, if it is not `row` itself.
  fileprivate func twin(
    of row: UInt32, _ text: [UInt8], _ reader: inout RowReader, in snapshot: borrowing Snapshot
  ) throws -> UInt32? {
    let like = try TextIndex(table: tables.texts).rows(
      like: text.span, below: row, atMost: Self.likeRows, in: snapshot)
    for other in like where try reader.text(of: other, in: snapshot) == text { return other }
    return nil
  }
}
